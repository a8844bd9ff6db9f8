"""A look at the first batches: what is wrong with data before any training can show it.

- not shuffled: equal labels stand beside each other far more often than in a random order of the same labels, by
  more than `SURE` standard deviations over random orders (for numbers: successive ones are correlated);
- labels constant: there is one value only, among `MANY` or more;
- inputs not normalized: their mean or spread is far from 0 and 1, or features differ in scale by more than 100 times.
  Where most values are 0, as in bags of words, the length of a sample stands for the spread;
- inputs or labels not finite.

Every input and every output's labels are looked at. Integers are numbers of rows of a table, unless they are pixels
(`uint8`), or go to a model that looks nothing up.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import keras
import numpy as np

from .finding import finding

BATCHES = 4  # at least, and more of small ones
SAMPLES = 1024  # of arrays; also of batches, as long as all labels are the same
LABELS = 16 * SAMPLES  # numbers among the labels of arrays
ENOUGH = 32  # samples, below which labels say nothing
MANY = 500  # samples, below which a rare class may be missing
SURE = 6.0  # standard deviations
_ORDERS = 200
_SCALING = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.BatchNormalization)
_TABLES = ("embed", "lookup", "hash", "categoryencoding", "discretization")  # in names of layers' classes


class NoBatchesError(ValueError):
    """There is no batch with inputs and labels."""


def look_at_batches(batches: Any, model: keras.Model | None = None) -> list[dict[str, Any]]:
    """What is wrong with the first batches.

    Args:
        batches: `(x, y)` arrays in the order in which they will be trained on, or batches of such: a data set, a list.
        model: that is to learn from them. One that begins by scaling its inputs may get any.

    Returns:
        For each trouble `condition`, `layer` (None), `evidence` and `remedy`.

    Raises:
        NoBatchesError: if there is no batch with inputs and labels.

    Example:
        >>> x, y = np.zeros((64, 3), "float32"), np.repeat([0, 1], 32)
        >>> [one["condition"] for one in look_at_batches((x + np.random.default_rng(0).normal(size=x.shape), y))]
        ['data not shuffled']
    """
    return look_at_samples(*first_samples(batches, model), model)


def look_at_samples(
    x: Sequence[np.ndarray], y: Sequence[np.ndarray], model: keras.Model | None = None
) -> list[dict[str, Any]]:
    """What is wrong with samples, as from `first_samples`: each condition once."""
    findings: dict[str, dict[str, Any]] = {}
    checks = [_check_inputs(values, model) for values in x]
    checks += [_check_labels(labels, f" of output {n}" if len(y) > 1 else "") for n, labels in enumerate(y, 1)]
    for check in checks:
        for one in check:
            known = findings.setdefault(one["condition"], one)
            if known is not one and known["evidence"] != one["evidence"]:
                known["evidence"] += f"; {one['evidence']}"
    return list(findings.values())


# === Samples ===
def first_samples(batches: Any, model: keras.Model | None = None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The values of each input, and the labels of each output, which may be of more samples.

    Args:
        batches: as of `look_at_batches`.
        model: whose inputs and outputs tell two of each from two batches.

    Raises:
        NoBatchesError: if there is no batch with inputs and labels.
    """
    if _is_one_pair(batches, model):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(tuple(batches))
        if x is None or y is None:
            raise _no_batches()
        x, y = keras.tree.flatten(x), keras.tree.flatten(y)
        if len({len(one) for one in (*x, *y)}) > 1:
            raise ValueError(f"{[len(one) for one in x]} samples have {[len(one) for one in y]} labels")
        return (
            [_numpy(one[:SAMPLES]) for one in x],
            [_numpy(one[: max(SAMPLES, LABELS // _length(one))]) for one in y],
        )
    if isinstance(batches, keras.utils.PyDataset):
        return _first_of(batches[number] for number in range(min(SAMPLES, batches.num_batches or SAMPLES)))
    return _first_of(islice(batches, SAMPLES) if isinstance(batches, Iterable) else ())


def _first_of(pairs: Iterable[Any]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """As `first_samples`, of batches; of samples, if they are none."""
    inputs: list[list[np.ndarray]] = []
    labels: list[list[np.ndarray]] = []
    count = 0
    for pair in pairs:
        x, y = (
            [_numpy(one) for one in keras.tree.flatten(values) if one is not None]
            for values in keras.utils.unpack_x_y_sample_weight(pair)[:2]
        )
        if not x or not y:
            raise _no_batches()
        if len({one.shape[:1] for one in (*x, *y)}) > 1 or not y[0].shape:  # a sample
            x, y = ([one[np.newaxis] for one in values] for values in (x, y))
        if len(labels) < BATCHES or count < BATCHES * ENOUGH:
            inputs.append(x)
        labels.append(y)
        count += len(y[0])
        if len(labels) >= BATCHES and count >= (SAMPLES if _some_are_constant(labels) else BATCHES * ENOUGH):
            break
    if not labels:
        raise _no_batches()
    x, y = ([_joined(parts) for parts in zip(*values, strict=True)] for values in (inputs, labels))
    return x, y


def _no_batches() -> NoBatchesError:
    return NoBatchesError(
        "batches must be (x, y) arrays, or a data set or list of such batches; there is none with inputs and labels."
    )


def _is_one_pair(batches: Any, model: keras.Model | None) -> bool:
    """Whether these are `(x, y)`, and not a tuple of batches; `((x1, x2), (y1, y2))` may be either."""
    if not isinstance(batches, tuple) or len(batches) not in (2, 3):
        return False
    if not all(isinstance(one, tuple) for one in batches):
        return True
    if isinstance(model, keras.Sequential):
        return False
    if any(isinstance(one, tuple | list | dict) for one in batches[0]):  # a batch of several inputs
        return False
    if isinstance(getattr(model, "inputs", None), list):
        return (len(batches[0]), len(batches[1])) == (len(model.inputs), len(model.outputs))  # type: ignore[union-attr]
    return [np.shape(one)[1:] for one in batches[0]] != [np.shape(one)[1:] for one in batches[1]]


def _some_are_constant(labels: Sequence[Sequence[np.ndarray]]) -> bool:
    """Whether some output's labels so far are all the same."""
    outputs = [parts for parts in zip(*labels, strict=True) if parts[0].ndim <= 2]
    return any(all(np.all(part == parts[0][:1]) for part in parts) for parts in outputs)


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """All that have the first one's shape: sequences may be of another length in each batch."""
    return np.concatenate([one for one in parts if one.shape[1:] == parts[0].shape[1:]])


def _length(values: Any) -> int:
    """How many numbers a sample has."""
    return math.prod(values.shape[1:]) or 1


def _numpy(values: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(values) if keras.ops.is_tensor(values) else np.asarray(values)


# === Inputs ===
def _check_inputs(x: np.ndarray, model: keras.Model | None) -> Iterator[dict[str, Any]]:
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        share = 1 - np.isfinite(x).mean()
        yield finding(
            "inputs not finite", f"{share:.2%} of the inputs' values are infinite or no numbers", "Fill or drop them."
        )
        return
    if not x.size or not _scale_matters(x, model):
        return
    x = x.astype("float64")
    mean, spread = float(x.mean()), float(x.std())
    remedy = (
        "Scale the inputs to a mean of about 0 and a standard deviation of about 1, as keras.layers.Normalization does"
    )
    small = 0 < spread < 1e-2
    if small and np.mean(x == 0) > 0.5:
        small = float(np.square(x).sum() / len(x)) < 0.1**2
    if spread > 10 or abs(mean) > 10 or (spread > 0 and abs(mean) > 10 * spread) or small:
        evidence = f"the inputs have mean {mean:.3g} and standard deviation {spread:.3g}{_outlier(x)}"
        yield finding("inputs not normalized", evidence, f"{remedy}, or keras.layers.Rescaling(1 / 255) for pixels.")
    elif x.ndim == 2 and x.shape[1] > 1:
        spreads = x.std(axis=0)
        low, high = spreads[spreads > 0].min(initial=np.inf), spreads.max()
        if np.isfinite(low) and high > max(100 * low, 3.0):  # small ones are harmless beside those of a usual size
            evidence = f"the inputs' features have standard deviations from {low:.3g} to {high:.3g}"
            yield finding("inputs not normalized", evidence, f"{remedy}, each feature by itself.")


def _outlier(x: np.ndarray) -> str:
    """Which feature it is, where one alone is out of scale."""
    if x.ndim != 2 or x.shape[1] < 3:
        return ""
    sizes = np.sqrt(np.square(x).mean(axis=0))
    largest = int(sizes.argmax())
    others = np.delete(sizes, largest)
    return f", most of it feature {largest} (counted from 0)" if sizes[largest] > 10 * others.max() else ""


def _scale_matters(x: np.ndarray, model: keras.Model | None) -> bool:
    """Whether inputs are quantities, and none of the model's first layers brings them to a scale."""
    layers = [] if model is None else list(model._flatten_layers(include_self=False))
    layers = [one for one in layers if not isinstance(one, keras.layers.InputLayer)]
    if x.dtype.kind not in "fiu" or any(isinstance(one, _SCALING) for one in layers[:3]):
        return False
    if any(word in type(one).__name__.lower() for one in layers for word in _TABLES):
        return not np.array_equal(x, np.round(x))  # numbers of rows
    return x.dtype.kind == "f" or x.dtype == np.uint8 or bool(layers)


# === Labels ===
def _check_labels(y: np.ndarray, of: str) -> Iterator[dict[str, Any]]:
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        evidence = f"{1 - np.isfinite(y).mean():.2%} of the labels{of} are infinite or no numbers"
        yield finding("labels not finite", evidence, "Drop their samples, or fill them: the loss becomes no number.")
        return
    if y.ndim == 2 and y.shape[1] > 1 and y.dtype.kind in "biuf" and np.all(y.sum(axis=1) == 1):
        y = np.argmax(y, axis=-1)
    if y.ndim == 0 or (y.ndim > 1 and y.shape[1:] != (1,)):  # several for each sample: no order to speak of
        return
    values = y.reshape(-1).tolist()
    numbers = _as_numbers(y.reshape(-1))
    if len(values) < ENOUGH or numbers is None:
        return
    if np.all(numbers == numbers[0]):
        if len(values) >= MANY:
            said = f"{values[0]:g}" if isinstance(values[0], int | float) else repr(values[0])
            remedy = "Shuffle the data, or look for the mistake that makes all labels the same."
            yield finding("labels constant", f"the first {len(values)} labels{of} are all {said}", remedy)
    elif (found := _order(numbers, of)) is not None:
        remedy = (
            "Shuffle the samples before training: dataset.shuffle(number of samples), or fit(shuffle=True) for arrays."
        )
        yield finding("data not shuffled", found, remedy)


def _as_numbers(y: np.ndarray) -> np.ndarray | None:
    """Labels as they are, or a number for each if they are words; None for what are no labels."""
    if y.dtype.kind in "biuf":
        return y.astype("float64")
    known: dict[Any, int] = {}
    try:
        return np.array([known.setdefault(one, len(known)) for one in y.tolist()], "float64")
    except TypeError:  # lists and the like
        return None


def _order(y: np.ndarray, of: str) -> str | None:
    """Says that the labels' order is not random, with the figures."""
    kinds = len(np.unique(y))
    if kinds > 20 and (kinds > len(y) // 10 or np.any(y != np.round(y))):  # numbers, not classes
        together = float(np.corrcoef(y[:-1], y[1:])[0, 1])
        if together * np.sqrt(len(y)) > SURE:
            return f"each of the first {len(y)} labels{of} is like the one before it (correlation {together:.2f})"
        return None
    rng = np.random.default_rng(0)
    equal = float(np.mean(y[1:] == y[:-1]))
    others = [float(np.mean(other[1:] == other[:-1])) for other in (rng.permutation(y) for _ in range(_ORDERS))]
    usual, spread = float(np.mean(others)), float(np.std(others))
    if equal - usual > SURE * max(spread, 1 / len(y)):
        return (
            f"{equal:.0%} of the first {len(y)} labels{of} are like the one before; in a random order {usual:.0%} are"
        )
    return None
