"""What is reached without having learned anything, for losses and accuracies to be compared with.

For labels y, of which the class c has the share p_c, and C classes:

                           untrained                      guessing the same for every sample
    cross-entropy          log C: all classes alike       -sum_c p_c log p_c
    mean squared error     mean of y^2: answers near 0    variance of y
    mean absolute error    mean of |y|                    mean of |y - median|
    accuracy                                              the largest p_c

Without labels, p_c = 1/C, and errors have no measure.
"""

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

_SPARSE, _ONE_HOT, _BINARY = "sparsecategoricalcrossentropy", "categoricalcrossentropy", "binarycrossentropy"
_SQUARES, _DISTANCES = "meansquarederror", "meanabsoluteerror"
_FOR_EACH_CLASS = 10  # labels, for the shares of the classes to be known

_VALUES = 1_000_000  # among the labels that are counted


@dataclass(frozen=True)
class Guess:
    """What is reached without having learned anything; None for what is not known.

    Args:
        accuracy: of whoever always names the commonest class.
        loss: of the best answer that is the same for every sample.
        untrained: the loss of a model before training, roughly.
    """

    accuracy: float | None = None
    loss: float | None = None
    untrained: float | None = None


def best_guess(model: keras.Model, y: np.ndarray | None = None) -> Guess:
    """What a model of one output reaches by guessing.

    Args:
        model: compiled. Its loss says what is measured, its last axis how many classes there are.
        y: labels in a random order, as the loss takes them.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
        >>> model.compile("sgd", "sparse_categorical_crossentropy")
        >>> best_guess(model).accuracy, best_guess(model, np.repeat([0, 1, 1, 3], 10)).accuracy
        (0.25, 0.5)
    """
    kind, classes = _kind_of_loss(model), _number_of_classes(model)
    if y is not None and (y.dtype.kind not in "biuf" or not y.size or not np.isfinite(y).all()):
        y = None
    y = None if y is None else y[: max(1, _VALUES // (y.size // len(y)))]
    if kind in (_SQUARES, _DISTANCES):
        return Guess() if y is None else _of_numbers(y.astype("float64"), kind)
    if kind == _BINARY:
        seen_both = y is not None and min(y.sum(), y.size - y.sum()) >= _FOR_EACH_CLASS
        p = y.mean(axis=0, dtype="float64") if y is not None and seen_both else np.full(1, 0.5)
        return Guess(float(np.maximum(p, 1 - p).mean()), _entropy(p) + _entropy(1 - p), math.log(2))
    if y is not None and y.ndim > 1 and y.shape[-1] > 1 and kind != _SPARSE:
        y = y.argmax(axis=-1)
    counts = np.zeros(0) if y is None else np.unique(y, return_counts=True)[1]
    if counts.sum() < _FOR_EACH_CLASS * max(len(counts), 1):
        counts = np.ones(classes or 0)
    if len(counts) < 2:
        return Guess()
    p, classes = counts / counts.sum(), classes or len(counts)
    if kind in (_SPARSE, _ONE_HOT):
        return Guess(float(p.max()), _entropy(p) * len(p), math.log(classes))
    return Guess(float(p.max()))


def _of_numbers(y: np.ndarray, kind: str) -> Guess:
    if kind == _SQUARES:
        return Guess(None, float(y.var(axis=0).mean()), float(np.square(y).mean()))
    return Guess(None, float(np.abs(y - np.median(y, axis=0)).mean()), float(np.abs(y).mean()))


def _entropy(p: np.ndarray) -> float:
    """The mean of -p log p."""
    p = np.clip(p, 0.0, 1.0)
    return float(-np.mean(p * np.log(np.where(p > 0, p, 1.0))))


def _kind_of_loss(model: keras.Model) -> str | None:
    """Which of the losses above a model has; None for another, or one that is not a mean."""
    loss: Any = getattr(model, "loss", None)
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if getattr(loss, "reduction", "mean") not in ("mean", "mean_with_sample_weight", "sum_over_batch_size"):
        return None
    name = getattr(loss, "__name__", type(loss).__name__).replace("_", "").lower()
    return name if name in (_SPARSE, _ONE_HOT, _BINARY, _SQUARES, _DISTANCES) else None


def _number_of_classes(model: keras.Model) -> int | None:
    """As many as the output's last axis is long; None for several outputs, or where it is not known."""
    shape: Any = getattr(model, "output_shape", None)
    several = isinstance(shape, tuple) and len(shape) > 1 and isinstance(shape[-1], int) and shape[-1] > 1
    return shape[-1] if several else None
