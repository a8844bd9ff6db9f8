"""Samples of the parity cases, as the arguments that `fit` takes them by.

Shapes:
    N  number of samples, `SAMPLES`
"""

from typing import Any

import keras
import numpy as np

from .case import BATCH, SAMPLES

CLASSES = 5


def _arrays(x, y, sample_weight=None) -> dict[str, Any]:
    return {"x": x, "y": y, "sample_weight": sample_weight, "batch_size": BATCH}


# === Arrays ===
def vectors() -> dict[str, Any]:
    """x, shape `(N, 20)`, and labels, shape `(N,)`."""
    rng = np.random.default_rng(7)
    return _arrays(rng.normal(size=(SAMPLES, 20)), rng.integers(0, CLASSES, SAMPLES))


def weighted_vectors() -> dict[str, Any]:
    """The same with weights: every seventh sample is worth nothing, and the first rows of a batch little."""
    data = vectors()
    rows = np.arange(SAMPLES)
    weights = np.random.default_rng(8).random(SAMPLES) * np.where(rows % BATCH < 12, 0.1, 2.0)
    return data | {"sample_weight": np.where(rows % 7, weights, 0)}


def vectors_with_an_outlier() -> dict[str, Any]:
    """Vectors, one of which is too large for float16: row 27, which only the last replica sees."""
    data = vectors()
    data["x"][27] *= 1e7
    return data


def images() -> dict[str, Any]:
    """x, shape `(N, 8, 8, 3)`, and labels."""
    rng = np.random.default_rng(9)
    return _arrays(rng.normal(size=(SAMPLES, 8, 8, 3)), rng.integers(0, CLASSES, SAMPLES))


def sequences() -> dict[str, Any]:
    """Token sequences of very different lengths, padded with 0, and a label for every token, shape `(N, 11)`."""
    rng = np.random.default_rng(10)
    lengths = np.where(np.arange(SAMPLES) % BATCH < 10, 1, rng.integers(2, 12, SAMPLES))
    tokens = rng.integers(1, 13, (SAMPLES, 11)) * (np.arange(11) < lengths[:, None])
    return _arrays(tokens, rng.integers(0, CLASSES, (SAMPLES, 11)))


# === Streams ===
def _stream(arrays: dict[str, Any]):
    """A `tf.data.Dataset` of the same batches."""
    import tensorflow as tf

    given = [arrays[name] for name in ("x", "y", "sample_weight") if arrays[name] is not None]
    given = [one.astype(keras.config.floatx()) if one.dtype.kind == "f" else one for one in given]
    return tf.data.Dataset.from_tensor_slices(tuple(given)).batch(BATCH)


def streamed_vectors() -> dict[str, Any]:
    """Vectors in a new order every epoch."""
    return {"x": _stream(vectors()).unbatch().shuffle(SAMPLES, seed=3).batch(BATCH)}


def stream_of_unknown_length() -> dict[str, Any]:
    """Vectors of which a filter leaves some out, so that nobody knows how many batches there are."""
    return {"x": _stream(vectors()).unbatch().filter(lambda x, y: x[0] < 1).batch(BATCH)}


def streamed_with_validation() -> dict[str, Any]:
    """Weighted vectors, and others to validate on after every epoch."""
    return {"x": _stream(weighted_vectors()), "validation_data": _stream(weighted_vectors()).skip(1)}


def arrays_with_validation() -> dict[str, Any]:
    """Vectors, and others to validate on after every epoch."""
    data = vectors()
    return data | {"validation_data": (-data["x"], data["y"])}


# === Augmentation ===
def _shifted_digits(**augment: Any):
    """The zoo's own pipeline: 1 437 digits, shifted at random, in four whole batches and one of 237."""
    from ..data import load_data

    return load_data("digits", batch_size=300, validation_share=0, augment={"shift": 2, **augment}).train


def augmented_digits() -> dict[str, Any]:
    """Shifted on the device: every replica draws for the global batch."""
    return {"x": _shifted_digits()}


def streamed_augmented_digits() -> dict[str, Any]:
    """Shifted in the input pipeline."""
    pipeline = _shifted_digits()
    return {"x": pipeline.take(pipeline.cardinality())}  # a data set that does not show what it is made of


def mixed_digits() -> dict[str, Any]:
    """Shifted and mixed on the device: partners may belong to another replica."""
    return {"x": _shifted_digits(mixup=0.4)}


def streamed_mixed_digits() -> dict[str, Any]:
    """Shifted and mixed in the input pipeline."""
    pipeline = _shifted_digits(mixup=0.4)
    return {"x": pipeline.take(pipeline.cardinality())}
