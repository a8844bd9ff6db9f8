"""What `compare_optimizers` is given, checked and made usable before anything is trained."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from .confidence import check_confidence
from .measures import is_higher_better
from .runs import Rule


def rule_for(
    names: Sequence[str],
    monitor: str | None,
    higher_is_better: bool | None,
    target: tuple[str, float] | None,
    confidence: float,
) -> Rule:
    """How runs are judged that measure the metrics `names`; steps in an epoch are not known yet.

    Raises:
        ValueError: if `monitor` or `target` is none of them, or which way is better cannot be told.

    Example:
        >>> rule_for(["loss", "accuracy", "val_loss", "val_accuracy"], None, None, None, 0.95).monitor
        'val_accuracy'
    """
    usable = [name for name in names if name.startswith("val_")] or list(names)
    wanted = monitor or next((name for name in usable if not name.endswith("loss")), usable[0])
    for argument, name in (("monitor", wanted), ("target", target[0] if target else wanted)):
        if name not in names:
            raise ValueError(f"{argument}: {name!r} is none of what is measured: {', '.join(names)}.")
    higher = is_higher_better(wanted) if higher_is_better is None else higher_is_better
    lower_limit = target is not None and (higher if target[0] == wanted else is_higher_better(target[0]))
    return Rule(wanted, higher, 0, target, lower_limit, confidence)


def seed_numbers(seeds: int | Sequence[int]) -> list[int]:
    """The seeds, counted from 0 if only their number is given.

    Raises:
        ValueError: if there is none, or one that cannot be a seed.

    Example:
        >>> seed_numbers(3), seed_numbers([7, 11])
        ([0, 1, 2], [7, 11])
    """
    if isinstance(seeds, bool) or (isinstance(seeds, int) and seeds < 1):
        raise ValueError(f"seeds must be at least 1; got {seeds!r}.")
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    for one in numbers:
        if isinstance(one, bool) or not isinstance(one, int) or not 0 <= one < 2**32:
            raise ValueError(f"seeds must be whole numbers from 0 to 2**32 - 1; got {one!r}.")
    if not numbers or len(set(numbers)) != len(numbers):
        raise ValueError(f"seeds must name each seed once, and at least one; got {numbers}.")
    return numbers


def check_options(epochs: int, rounds: int, target: Any, confidence: float) -> None:
    """Refuses numbers that are out of their range, and a target that is none.

    Raises:
        ValueError: as said.
    """
    check_confidence(confidence)
    for name, value, least in (("epochs", epochs, 1), ("rounds", rounds, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}.")
    if target is None:
        return
    is_pair = isinstance(target, tuple | list) and len(target) == 2 and isinstance(target[0], str)
    limit = target[1] if is_pair else None
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise ValueError(f'target must be a metric and a number, such as ("val_accuracy", 0.95); got {target!r}.')


def copies_of(model: keras.Model) -> Callable[[], keras.Model]:
    """A function that makes models like this one, with new weights, compiled as it is."""
    is_keras_own = type(model).__module__.partition(".")[0] == "keras"

    def make() -> keras.Model:
        made = keras.models.clone_model(model) if is_keras_own else type(model).from_config(model.get_config())
        if model.compiled:
            made.compile_from_config(model.get_compile_config())
        return made

    return make


def new_metrics(metrics: Sequence[Any] | None) -> list[Any] | None:
    """Metrics for another model: what counts must not count for two."""
    if metrics is None:
        return None
    return [
        type(one).from_config(one.get_config()) if isinstance(one, keras.Metric) else copy.copy(one) for one in metrics
    ]
