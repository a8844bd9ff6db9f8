"""Which learning rates each optimizer of a comparison is tried at: as many for one as for another.

An optimizer that was tuned longer looks better, so the budget is equal: k rates for each, evenly spaced on a
logarithmic scale from a tenth to ten times the rate at which that optimizer is usually started.

Reference:
    Choi et al. (2019), "On Empirical Comparisons of Optimizers for Deep Learning", arXiv:1910.05446: rankings follow
    the tuning protocol. Sivaprasad et al. (2020), "Optimizer Benchmarking Needs to Account for Hyperparameter Tuning".
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import keras

from ..comparison.optimizer_names import optimizer_classes, unknown_optimizer
from ..numbers_given import is_number, is_whole

Maker = Callable[[float], keras.optimizers.Optimizer]  # from a learning rate

CANDIDATES = 5  # rates for each optimizer, unless said otherwise
_DECADES = 1.0  # below and above the usual rate
_SPECIAL: dict[str, Maker] = {
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
}
# Where the papers and practice start from, if that is not Keras's own default.
_USUAL = {"SGD": 0.1, "momentum": 0.03, "Adagrad": 0.01, "Adadelta": 1.0, "Ftrl": 0.03, "Lion": 3e-4, "Muon": 3e-3}


@dataclass(frozen=True)
class Candidate:
    """An optimizer at one learning rate.

    Args:
        optimizer: its name in the comparison.
        learning_rate: that it starts with.
        make: a new optimizer from a learning rate.
    """

    optimizer: str
    learning_rate: float
    make: Maker

    @property
    def label(self) -> str:
        """A name of its own among all candidates.

        Example:
            >>> Candidate("adam", 0.001, keras.optimizers.Adam).label
            'adam@0.001'
        """
        short = f"{self.learning_rate:g}"
        return f"{self.optimizer}@{short if float(short) == self.learning_rate else repr(self.learning_rate)}"


def find_makers(optimizers: Iterable[Any] | Mapping[str, Any]) -> dict[str, Maker]:
    """From what a user names to functions of a learning rate, by the name in the comparison.

    Args:
        optimizers: names, optimizers or their classes, or a dict of name -> name, optimizer, class, or function of the
            learning rate.

    Raises:
        ValueError: for an unknown name (names the nearest), the same name twice, one with a slash in it, an optimizer
            whose learning rate cannot be exchanged, or nothing at all.

    Example:
        >>> makers = find_makers(["sgd", "momentum", keras.optimizers.Adam(beta_1=0.8)])
        >>> [(name, type(make(0.5)).__name__) for name, make in makers.items()]
        [('sgd', 'SGD'), ('momentum', 'SGD'), ('adam', 'Adam')]
    """
    if isinstance(optimizers, str):
        optimizers = [one.strip() for one in optimizers.split(",") if one.strip()]
    if isinstance(optimizers, Mapping):
        named = [(str(name), what) for name, what in optimizers.items()]
    elif isinstance(optimizers, Iterable):
        named = [(_own_name(one).lower(), one) for one in optimizers]
    else:
        raise ValueError(f"optimizers must be a list, such as ['sgd', 'adam'], or a dict; got {optimizers!r}.")
    if not named:
        raise ValueError("optimizers is empty: name those to compare, such as ['sgd', 'momentum', 'adam'].")
    twice = sorted({name for name, _ in named if [one for one, _ in named].count(name) > 1})
    if twice:
        raise ValueError(f"optimizers names {', '.join(twice)} twice; give a dict with a name for each.")
    if unfit := [name for name, _ in named if not name or "/" in name]:  # it is part of the names in the logs
        raise ValueError(f"optimizers must have names without a slash; got {unfit[0]!r}.")
    return {name: _maker(name, what) for name, what in named}


def usual_rate(make: Maker) -> float:
    """The rate at which an optimizer is usually started.

    Example:
        >>> usual_rate(keras.optimizers.Adam), usual_rate(keras.optimizers.SGD)
        (0.001, 0.1)
    """
    optimizer = make(1e-3)
    name = next((kind.__name__ for kind in type(optimizer).__mro__ if kind.__name__ in _USUAL), "")
    if name == "SGD" and optimizer.momentum:
        name = "momentum"
    return _USUAL.get(name, 1e-3)


def sweep(
    makers: Mapping[str, Maker], learning_rates: Sequence[float] | Mapping[str, Sequence[float]] | int | None = None
) -> list[Candidate]:
    """All candidates: every optimizer at as many learning rates.

    Args:
        makers: from `find_makers`.
        learning_rates: how many rates for each; or the rates, the same for all; or a dict with those of each.

    Raises:
        ValueError: if the rates are not equally many, not positive, or missing for an optimizer.

    Example:
        >>> [one.label for one in sweep(find_makers(["adam"]), 3)]
        ['adam@0.0001', 'adam@0.001', 'adam@0.01']
    """
    if learning_rates is None:
        learning_rates = CANDIDATES
    if isinstance(learning_rates, Mapping):
        if unknown := [name for name in learning_rates if name not in makers]:
            raise ValueError(f"learning_rates has {unknown[0]!r}, which is none of {', '.join(makers)}.")
        if missing := [name for name in makers if name not in learning_rates]:
            raise ValueError(f"learning_rates has no rates for {', '.join(missing)}.")
        rates = {name: _checked(learning_rates[name]) for name in makers}
    elif isinstance(learning_rates, Integral):
        if not is_whole(learning_rates, 1):
            raise ValueError(f"learning_rates must be at least 1 for each optimizer; got {learning_rates!r}.")
        rates = {name: _spread(usual_rate(make), int(learning_rates)) for name, make in makers.items()}
    else:
        rates = dict.fromkeys(makers, _checked(learning_rates))
    counts = {name: len(one) for name, one in rates.items()}
    if len(set(counts.values())) > 1:
        have = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ValueError(
            f"learning_rates must be equally many for every optimizer, or one is tuned longer; got {have}."
        )
    candidates = [Candidate(name, rate, make) for name, make in makers.items() for rate in rates[name]]
    labels = [one.label for one in candidates]
    if twice := [one for one in labels if labels.count(one) > 1]:  # of which one would take the other's place
        raise ValueError(f"optimizers and learning_rates give {twice[0]} twice: name each candidate once.")
    return candidates


def _spread(usual: float, count: int) -> list[float]:
    """So many rates around the usual one, each with two digits, or as many as it takes to tell them apart."""
    import numpy as np

    exponents = np.linspace(-_DECADES, _DECADES, count) if count > 1 else np.zeros(1)
    rates = [[float(f"{usual * 10**one:.{digits}g}") for one in exponents] for digits in range(2, 18)]
    return next(one for one in rates if len(set(one)) == count)


def _checked(rates: Any) -> list[float]:
    numbers = list(rates) if isinstance(rates, Iterable) and not isinstance(rates, str) else [rates]
    for rate in numbers:
        if not is_number(rate) or not 0 < rate < math.inf:
            raise ValueError(f"learning_rates must be positive numbers; got {rate!r}.")
    numbers = sorted(float(rate) for rate in numbers)
    if not numbers or len(set(numbers)) != len(numbers):
        raise ValueError(f"learning_rates must name each rate once, and at least one; got {numbers}.")
    return numbers


def _own_name(what: Any) -> str:
    return what if isinstance(what, str) else what.__name__ if isinstance(what, type) else type(what).__name__


def _maker(name: str, what: Any) -> Maker:
    if isinstance(what, str):
        return _by_name(what)
    if isinstance(what, keras.optimizers.Optimizer):
        return _like(name, what)
    if callable(what):
        made = what(1e-3)
        if not isinstance(made, keras.optimizers.Optimizer):
            raise ValueError(
                f"optimizers: {name!r} is a function that gives {type(made).__name__} for a learning rate, not a Keras "
                "optimizer."
            )
        return what
    raise ValueError(
        f"optimizers: {name!r} must be a name, a Keras optimizer or a function of the learning rate; got {what!r}."
    )


def _by_name(name: str) -> Maker:
    known: dict[str, Maker] = {**optimizer_classes(), **_SPECIAL}
    if name.lower() not in known:
        raise unknown_optimizer(name, known)
    return known[name.lower()]


def _like(name: str, optimizer: keras.optimizers.Optimizer) -> Maker:
    """Optimizers as the given one, at other learning rates."""
    config = optimizer.get_config()
    if not isinstance(config.get("learning_rate"), int | float):
        raise ValueError(
            f"optimizers: the learning rate of {name!r} ({type(optimizer).__name__}) is no number that could be "
            "exchanged; give a function of the learning rate, such as lambda rate: Adam(CosineDecay(rate, 1000))."
        )
    return lambda rate: type(optimizer).from_config({**config, "learning_rate": rate})
