"""The names of Keras's optimizers, and what is said of a name that is none of them."""

from collections.abc import Collection

import keras

from ..near_names import what_there_is

_NO_RULE = ("optimizer", "lossscaleoptimizer", "multioptimizer")


def optimizer_classes() -> dict[str, type[keras.optimizers.Optimizer]]:
    """Keras's optimizers that have an update rule, by their names in small letters.

    Example:
        >>> optimizer_classes()["adam"].__name__
        'Adam'
    """
    return {
        name.lower(): kind
        for name, kind in vars(keras.optimizers).items()
        if isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer) and name.lower() not in _NO_RULE
    }


def unknown_optimizer(name: str, known: Collection[str]) -> ValueError:
    """An error that names the nearest of the names that there are.

    Example:
        >>> raise unknown_optimizer("ada", ["sgd", "adam"])
        Traceback (most recent call last):
        ValueError: unknown optimizer 'ada'; did you mean 'adam'?
    """
    return ValueError(f"unknown optimizer {name!r}; {what_there_is(name, sorted(known))}")
