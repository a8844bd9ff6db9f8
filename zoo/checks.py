"""What the settings of a training may be; nothing here imports Keras."""

import operator
from collections.abc import Mapping
from typing import Any

from .errors import unknown_name

SCHEDULES = ("constant", "cosine", "steps")
DECAYED = ("all", "kernels")
_STEP_OPTIONS = {"at": None, "factor": 0.1}


def check_number(name: str, value: Any, interval: str, when: str = "") -> float:
    """`value` as a float, if it is a number in an interval.

    Args:
        name: of the argument or setting.
        value: what was given.
        interval: as mathematics writes it: "[0, 1)" holds 0, but not 1; "[0, inf)" has no upper end.
        when: words that follow, such as " for this kind".

    Raises:
        ValueError: otherwise; names the setting.

    Example:
        >>> check_number("ema", 1, "[0, 1)")
        Traceback (most recent call last):
        ValueError: ema must be a number in [0, 1); got 1.
    """
    least, most = (float(end) for end in interval[1:-1].split(","))
    with_ends = interval[0] == "[", interval[-1] == "]"
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not least <= value <= most
        or (value == least and not with_ends[0])
        or (value == most and not with_ends[1])
    ):
        limit = f"{'of at least' if with_ends[0] else 'above'} {least:g}" if most == float("inf") else f"in {interval}"
        raise ValueError(f"{name} must be a number {limit}{when}; got {value!r}.")
    return float(value)


def whole_number(argument: str, value: Any, least: int, most: int | None = None) -> int:
    """`value` as an int, if it is a whole number of at least `least`, and at most `most`.

    Raises:
        ValueError: otherwise.

    Example:
        >>> whole_number("classes", 1, least=2)
        Traceback (most recent call last):
        ValueError: classes must be a whole number of at least 2; got 1.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least or (most is not None and number > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{argument} must be a whole number {limits}; got {value!r}.")
    return number


def check_schedule(schedule: str, options: Mapping[str, Any], warmup: float, epochs: int) -> dict[str, Any]:
    """A schedule's options with those that were left out.

    Args:
        schedule: one of `SCHEDULES`.
        options: of "steps": `at` and `factor`; the others have none.
        warmup: epochs in which the rate rises.
        epochs: of the whole run.

    Raises:
        ValueError: if there is no such schedule or option, or a number does not suit the run.

    Example:
        >>> check_schedule("steps", {"at": [30, 60]}, warmup=0, epochs=90)
        {'at': [30, 60], 'factor': 0.1}
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}; got {schedule!r}.")
    check_number("warmup", warmup, "[0, inf)")
    if warmup > epochs:
        raise ValueError(f"warmup must not be longer than the run of {epochs} epochs; got {warmup:g}.")
    known = _STEP_OPTIONS if schedule == "steps" else {}
    for name in options:
        if name not in known:
            if not known:
                raise ValueError(
                    f"the schedule {schedule} has no options; got {name!r}, as the schedule steps may have "
                    "(--schedule steps)."
                )
            raise unknown_name("option of the schedule steps", name, known)
    if schedule != "steps":
        return {}
    found = {**_STEP_OPTIONS, **options}
    found["at"] = _check_epochs(found["at"], warmup)
    check_number("the schedule's factor", found["factor"], "[0, inf)")
    return found


def _check_epochs(at: Any, warmup: float) -> list[float]:
    """The epochs after which the rate falls; those behind the end of a short run never come."""
    at = [at] if isinstance(at, int | float) else at
    numbers = isinstance(at, list | tuple) and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in at
    )
    if not (numbers and at and list(at) == sorted(set(at))):
        raise ValueError(
            "the schedule steps needs the epochs after which the rate falls, rising, such as at=[30, 60] "
            f"(--schedule-option at=30,60); got {at!r}."
        )
    if not warmup < at[0]:
        first = f"the warm-up of {warmup:g}" if warmup else "the beginning"
        raise ValueError(f"the schedule's epochs must lie after {first}; got {list(at)}.")
    return list(at)


def check_regularization(recipe: Any) -> None:
    """Refuses what weight decay, smoothing and averages of a recipe cannot be.

    Raises:
        ValueError: names the setting.
    """
    if recipe.weight_decay is not None:
        check_number("weight_decay", recipe.weight_decay, "[0, inf)")
    check_number("label_smoothing", recipe.label_smoothing, "[0, 1)")
    check_number("ema", recipe.ema, "[0, 1)")
    check_number("rate_decay", recipe.rate_decay, "(0, 1]", ", where 1 is one rate for all layers")
    if recipe.freeze and recipe.start is None:
        raise ValueError("freeze keeps features that were learned: say from which trained model, by start (--from).")
    if recipe.freeze and recipe.rate_decay != 1:
        raise ValueError(
            f"rate_decay={recipe.rate_decay:g} lets features learn slowly, and with freeze they do not learn at all: "
            "leave out one of them (--rate-decay, --freeze)."
        )
    if recipe.weight_decay_on not in DECAYED:
        raise ValueError(f"weight_decay_on must be one of {', '.join(DECAYED)}; got {recipe.weight_decay_on!r}.")
    for name in ("label_smoothing", "mixup"):
        asked = recipe.label_smoothing if name == "label_smoothing" else recipe.augment.get("mixup")
        if asked and recipe.loss != "cross_entropy":
            raise ValueError(f"{name} needs the loss cross_entropy; got {recipe.loss!r}. Its value 0 turns it off.")
