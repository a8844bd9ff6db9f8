"""What `compare_optimizers` is given, checked and made usable before anything is trained."""

import copy
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any

import keras

from ..keras_internals import is_higher_better
from ..near_names import what_there_is
from ..numbers_given import is_number, is_whole
from .confidence import check_confidence
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
    lower_limit = False
    if target is not None:  # of the same metric, in training or validation, the same is better
        is_same = target[0].removeprefix("val_") == wanted.removeprefix("val_")
        lower_limit = higher if is_same else is_higher_better(target[0])
    return Rule(wanted, higher, 0, target, lower_limit, confidence)


def seed_numbers(seeds: int | Sequence[int]) -> list[int]:
    """The seeds, counted from 0 if only their number is given.

    Raises:
        ValueError: if there is none, or one that cannot be a seed.

    Example:
        >>> seed_numbers(3), seed_numbers([7, 11])
        ([0, 1, 2], [7, 11])
    """
    if isinstance(seeds, Integral) and not is_whole(seeds, 1):
        raise ValueError(f"seeds must be at least 1; got {seeds!r}.")
    if not isinstance(seeds, Integral | Iterable):
        raise ValueError(f"seeds must be how many there are, or a list of them, such as [0, 1, 2]; got {seeds!r}.")
    numbers = list(range(seeds)) if isinstance(seeds, Integral) else list(seeds)
    for one in numbers:
        if not is_whole(one, 0) or one >= 2**32:
            raise ValueError(f"seeds must be whole numbers from 0 to 2**32 - 1; got {one!r}.")
    if not numbers or len(set(numbers)) != len(numbers):
        raise ValueError(f"seeds must name each seed once, and at least one; got {numbers}.")
    return list(map(int, numbers))


def check_samples(**given: Any) -> None:
    """Refuses samples that can be gone through only once: a comparison does so for every seed, and before.

    Args:
        **given: arguments of `compare_optimizers`, by name.

    Raises:
        ValueError: as said.
    """
    for name, samples in given.items():
        if isinstance(samples, Iterator):
            raise ValueError(
                f"{name} is a {type(samples).__name__}, which gives its samples only once, and a comparison goes "
                "through them many times: pass arrays, a tf.data.Dataset or a keras.utils.PyDataset."
            )


def check_targets(x: Any, y: Any) -> None:
    """Refuses samples without targets, where a loss needs them: arrays, that is, since a data set may have its own.

    Raises:
        ValueError: as said.

    Example:
        >>> import numpy as np
        >>> check_targets({"image": np.ones((2, 3))}, y=None)
        Traceback (most recent call last):
        ValueError: y is missing: x is arrays, and the loss needs their targets; pass y=, or a data set with both as x.
    """
    if y is None and all(hasattr(one, "shape") for one in keras.tree.flatten(x)):
        raise ValueError(
            "y is missing: x is arrays, and the loss needs their targets; pass y=, or a data set with both as x."
        )


def check_whole(name: str, value: Any, least: int) -> None:
    """Refuses what is no whole number, or too small.

    Raises:
        ValueError: as said.
    """
    if not is_whole(value, least):
        raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}.")


def check_options(epochs: int, rounds: int, target: Any, confidence: float) -> None:
    """Refuses numbers that are out of their range, and a target that is none.

    Raises:
        ValueError: as said.
    """
    check_confidence(confidence)
    for name, value, least in (("epochs", epochs, 1), ("rounds", rounds, 0)):
        check_whole(name, value, least)
    if target is None:
        return
    is_pair = isinstance(target, tuple | list) and len(target) == 2 and isinstance(target[0], str)
    limit = target[1] if is_pair else None
    if limit is None or not is_number(limit) or not math.isfinite(limit):
        raise ValueError(f'target must be a metric and a number, such as ("val_accuracy", 0.95); got {target!r}.')


def check_names(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuses options that there are not, in the name of the function that was called.

    Raises:
        TypeError: names the nearest.
    """
    known = sorted(known)
    for name in given:
        if name not in known:
            raise TypeError(f"{function} has no argument {name!r}; {what_there_is(name, known)}")


def copies_of(model: keras.Model) -> Callable[[], keras.Model]:
    """A function that makes models like this one, with new weights, compiled as it is.

    It raises a `ValueError` if there can be no copy, as with a lambda for a loss.
    """
    is_keras_own = type(model).__module__.partition(".")[0] == "keras"
    compiled_with = getattr(getattr(model, "_compile_config", None), "config", {})
    functions = {one.__name__: one for one in _functions(compiled_with)}  # which Keras knows by name alone

    def make() -> keras.Model:
        try:
            with keras.saving.custom_object_scope(functions):
                made = keras.models.clone_model(model) if is_keras_own else type(model).from_config(model.get_config())
                if model.compiled:
                    made.compile_from_config(model.get_compile_config())
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ValueError(
                f"make_model: {model.name!r} cannot be copied; give a function that makes it anew and compiles it. "
                f"What Keras says: {error}"
            ) from error
        return made

    return make


def _functions(what: Any) -> Iterator[Any]:
    if isinstance(what, Mapping | list | tuple):
        for one in what.values() if isinstance(what, Mapping) else what:
            yield from _functions(one)
    elif inspect.isfunction(what):
        yield what


def new_metrics(metrics: Any) -> Any:
    """Metrics for another model, in lists and dicts as before: what counts must not count for two."""
    if isinstance(metrics, Mapping):
        return {name: new_metrics(one) for name, one in metrics.items()}
    if isinstance(metrics, list | tuple):
        return [new_metrics(one) for one in metrics]
    return type(metrics).from_config(metrics.get_config()) if isinstance(metrics, keras.Metric) else copy.copy(metrics)


def told(what: Any) -> Any:
    """A loss, metrics, or lists and dicts of them, as plain values that are the same in every process.

    Example:
        >>> told({"digit": ["mae", keras.losses.Huber(delta=2.0)]})["digit"][0]
        'mae'
    """
    if isinstance(what, Mapping):
        return {str(name): told(one) for name, one in what.items()}
    if isinstance(what, list | tuple):
        return [told(one) for one in what]
    if what is None or isinstance(what, str):
        return what
    if not isinstance(what, keras.Loss | keras.Metric):
        return getattr(what, "__qualname__", type(what).__name__)
    plain = {name: one for name, one in what.get_config().items() if isinstance(one, str | int | float | None)}
    plain.pop("name", None)  # Keras counts it up
    return {type(what).__name__: plain}
