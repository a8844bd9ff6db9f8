"""What it means that two trainings came to the same.

| precision | largest difference allowed |
|---|---|
| float64 | 1e-9 |
| float32 | ten times the difference that the order of summation makes on one device |
| mixed_float16 | 1e-2 of the largest value; the same loss scale, and the same number of updates |

for the weights, the history, and, where they were taken, evaluation and predictions, each by itself. The difference
that order makes is the largest among four orders: whether a rounding tips an activation over the kink of a ReLU is
chance, and makes a hundred times more. Orders may also happen to round alike, so it counts as at least one unit in the
last place of the largest value. Accuracies are compared in float64 only: with fewer digits, an answer on the edge
between two classes may tip over.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .case import REORDERED

FLOAT64_LIMIT, FLOAT32_FACTOR, FLOAT16_SHARE = 1e-9, 10, 1e-2


@dataclass(frozen=True)
class Comparison:
    """One thing that came out of a training, beside the same on one device.

    Args:
        case: name of the case.
        precision: it was trained in.
        setting: in which it was trained, such as "2 replicas".
        part: "weights", "history", "evaluation", "predictions", "scale" or "updates".
        difference: the largest between any two numbers.
        allowed: how large it may be.
    """

    case: str
    precision: str
    setting: str
    part: str
    difference: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether the difference is as small as it has to be."""
        return math.isfinite(self.difference) and self.difference <= self.allowed

    def __str__(self) -> str:
        limit = f"{'<=' if self.holds else '>'} {self.allowed:.3g}"
        return f"{self.case}, {self.precision}, {self.setting}, {self.part}: {self.difference:.3g} {limit}"

    def to_json(self) -> dict[str, Any]:
        """As plain values; what is no finite number as None."""
        numbers = {name: getattr(self, name) for name in ("difference", "allowed")}
        plain = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        return {**asdict(self), **plain, "holds": self.holds}


def compare(case: str, setting: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Comparison]:
    """Compares what came out of a case in every precision.

    Args:
        case: its name.
        setting: of the other training.
        one: {precision: result of `training.train`} on one device, with all of `REORDERED` if there is "float32".
        other: the same under another strategy.
    """
    found = []
    for precision in [name for name in one if name not in REORDERED]:
        for part, value in one[precision].items():
            result = other.get(precision, {}).get(part)
            expected, got = (_without_accuracies(precision, given) for given in (value, result))
            allowed = _allowed(precision, part, expected, [one[order].get(part) for order in REORDERED if order in one])
            found.append(Comparison(case, precision, setting, part, largest_difference(expected, got), allowed))
    return found


def _allowed(precision: str, part: str, expected, in_other_orders: Sequence[Any]) -> float:
    if part in ("scale", "updates"):
        return 0.0
    if precision == "float64":
        return FLOAT64_LIMIT
    if precision == "mixed_float16":
        return FLOAT16_SHARE * largest(expected)
    spread = max(largest_difference(expected, _without_accuracies(precision, other)) for other in in_other_orders)
    return FLOAT32_FACTOR * max(spread, float(np.spacing(np.float32(largest(expected)))))


def _without_accuracies(precision: str, value):
    if precision == "float64" or not isinstance(value, Mapping):
        return value
    return {name: one for name, one in value.items() if "accuracy" not in name}


# === Nested numbers ===
def largest_difference(one, other) -> float:
    """The largest absolute difference of two nested structures of numbers; infinite if they are not built alike.

    A number that is not finite equals only itself.

    Example:
        >>> largest_difference({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]})
        0.5
        >>> largest_difference([1.0, 2.0], [1.0])
        inf
    """
    arrays, others = dict(_arrays(one)), dict(_arrays(other))
    if arrays.keys() != others.keys():
        return math.inf
    return max((_difference(array, others[place]) for place, array in arrays.items()), default=0.0)


def largest(value) -> float:
    """The largest absolute value of the finite numbers in a nested structure.

    Example:
        >>> largest([1.0, {"b": -3.0}])
        3.0
    """
    return max((float(np.abs(array[np.isfinite(array)]).max(initial=0)) for _, array in _arrays(value)), default=0.0)


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    if one.shape != other.shape:
        return math.inf
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        differences = np.where(same, 0.0, np.abs(one - other))
    return float(np.nan_to_num(differences, nan=math.inf, posinf=math.inf).max(initial=0))


def _arrays(value, place: tuple = ()) -> Iterator[tuple[tuple, np.ndarray]]:
    """The numbers and arrays of a nested structure as float64, each with its place."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _arrays(one, (*place, name))
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _arrays(one, (*place, number))
    else:
        yield place, np.asarray(value, "float64")
