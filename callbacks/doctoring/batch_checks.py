"""A look at the first batches: what is wrong with data before any training can show it.

- not shuffled: equal labels stand beside each other far more often than in a random order of the same labels, by
  more than `SURE` standard deviations over random orders (for numbers: successive ones are correlated);
- labels constant: there is one value only;
- inputs not normalized: their mean or spread is far from 0 and 1, or features differ in scale by more than 100 times;
- inputs not finite.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import keras
import numpy as np

BATCHES = 4
SAMPLES = 1024  # of arrays
ENOUGH = 32  # samples, below which labels say nothing
SURE = 6.0  # standard deviations
_ORDERS = 200


def look_at_batches(batches: Any, model: keras.Model | None = None) -> list[dict[str, Any]]:
    """What is wrong with the first batches.

    Args:
        batches: `(x, y)` arrays in the order in which they will be trained on, or batches of such: a data set, a list.
        model: that is to learn from them. One that begins by scaling its inputs may get any.

    Returns:
        For each trouble `condition`, `layer` (None), `evidence` and `remedy`.

    Raises:
        ValueError: if there is no batch with inputs and labels.

    Example:
        >>> x, y = np.zeros((64, 3), "float32"), np.repeat([0, 1], 32)
        >>> [one["condition"] for one in look_at_batches((x + np.random.default_rng(0).normal(size=x.shape), y))]
        ['data not shuffled']
    """
    x, y = _first_samples(batches)
    findings: list[dict[str, Any]] = []
    for values in x:
        findings += [] if model is not None and _takes_any_scale(model, values) else _check_inputs(values)
    labels = np.argmax(y, axis=-1) if y.ndim == 2 and y.shape[1] > 1 and np.all(y.sum(axis=1) == 1) else y
    findings += _check_labels(labels)
    return findings


def _first_samples(batches: Any) -> tuple[list[np.ndarray], np.ndarray]:
    if isinstance(batches, tuple) and len(batches) in (2, 3) and not all(isinstance(one, tuple) for one in batches):
        given = [one for one in batches if one is not None]
        pairs: Iterable[Any] = [tuple(keras.tree.map_structure(lambda one: one[:SAMPLES], given))]
    elif isinstance(batches, keras.utils.PyDataset):
        pairs = (batches[number] for number in range(min(BATCHES, batches.num_batches or BATCHES)))
    else:
        pairs = islice(batches, BATCHES) if isinstance(batches, Iterable) else ()
    unpacked = [keras.utils.unpack_x_y_sample_weight(pair)[:2] for pair in pairs]
    if not unpacked or any(y is None for _, y in unpacked):
        raise ValueError(
            "batches must be (x, y) arrays, or a data set or list of such batches; there is none with inputs and "
            "labels."
        )
    inputs = [[_numpy(one) for one in keras.tree.flatten(x)] for x, _ in unpacked]
    labels = [_numpy(keras.tree.flatten(y)[0]) for _, y in unpacked]
    return [np.concatenate(parts) for parts in zip(*inputs, strict=True)], np.concatenate(labels)


def _numpy(values: Any) -> np.ndarray:
    return values if isinstance(values, np.ndarray) else keras.ops.convert_to_numpy(values)


# === Inputs ===
def _check_inputs(x: np.ndarray) -> Iterator[dict[str, Any]]:
    is_image = x.dtype == np.uint8 and x.ndim >= 3
    if x.dtype.kind not in "f" and not is_image:  # tokens, or no numbers
        return
    x = x.astype("float64")
    if not np.isfinite(x).all():
        share = 1 - np.isfinite(x).mean()
        yield _finding(
            "inputs not finite", f"{share:.2%} of the inputs' values are infinite or no numbers", "Fill or drop them."
        )
        return
    mean, spread = float(x.mean()), float(x.std())
    remedy = (
        "Scale the inputs to a mean of about 0 and a standard deviation of about 1, as keras.layers.Normalization does"
    )
    if spread > 10 or abs(mean) > 10 or (spread > 0 and abs(mean) > 10 * spread) or 0 < spread < 1e-2:
        evidence = f"the inputs have mean {mean:.3g} and standard deviation {spread:.3g}"
        yield _finding("inputs not normalized", evidence, f"{remedy}, or keras.layers.Rescaling(1 / 255) for pixels.")
    elif x.ndim == 2 and x.shape[1] > 1:
        spreads = x.std(axis=0)
        low, high = spreads[spreads > 0].min(initial=np.inf), spreads.max()
        if np.isfinite(low) and high > max(100 * low, 3.0):  # small ones are harmless beside those of a usual size
            evidence = f"the inputs' features have standard deviations from {low:.3g} to {high:.3g}"
            yield _finding("inputs not normalized", evidence, f"{remedy}, each feature by itself.")


def _takes_any_scale(model: keras.Model, x: np.ndarray) -> bool:
    """Whether one of the model's first layers brings its inputs to a scale, or they are numbers of rows of a table."""
    kinds = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.BatchNormalization)
    layers = [one for one in model._flatten_layers(include_self=False) if not isinstance(one, keras.layers.InputLayer)]
    looks_up = any(isinstance(one, keras.layers.Embedding) for one in layers)
    return any(isinstance(one, kinds) for one in layers[:3]) or (looks_up and np.array_equal(x, np.round(x)))


# === Labels ===
def _check_labels(y: np.ndarray) -> Iterator[dict[str, Any]]:
    if y.ndim > 1 and y.shape[1:] != (1,):  # several numbers for each sample: no order to speak of
        return
    y = y.reshape(-1)
    if len(y) >= ENOUGH and len(np.unique(y)) == 1:
        yield _finding(
            "labels constant",
            f"the first {len(y)} labels are all {y[0]:g}",
            "Shuffle the data, or look for the mistake that makes all labels the same.",
        )
    elif len(y) >= ENOUGH and (found := _order(y)) is not None:
        remedy = (
            "Shuffle the samples before training: dataset.shuffle(number of samples), or fit(shuffle=True) for arrays."
        )
        yield _finding("data not shuffled", found, remedy)


def _order(y: np.ndarray) -> str | None:
    """Says that the labels' order is not random, with the figures."""
    is_class = len(np.unique(y)) <= max(20, len(y) // 10) and np.all(y == np.round(y))
    if not is_class:
        together = float(np.corrcoef(y[:-1], y[1:])[0, 1])
        if together * np.sqrt(len(y)) > SURE:
            return f"each of the first {len(y)} labels is like the one before it (correlation {together:.2f})"
        return None
    rng = np.random.default_rng(0)
    equal = float(np.mean(y[1:] == y[:-1]))
    others = [float(np.mean(other[1:] == other[:-1])) for other in (rng.permutation(y) for _ in range(_ORDERS))]
    usual, spread = float(np.mean(others)), float(np.std(others))
    if equal - usual > SURE * max(spread, 1 / len(y)):
        return f"{equal:.0%} of the first {len(y)} labels are like the one before; in a random order {usual:.0%} are"
    return None


def _finding(condition: str, evidence: str, remedy: str) -> dict[str, Any]:
    return {"condition": condition, "layer": None, "evidence": evidence, "remedy": remedy}
