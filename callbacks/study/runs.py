"""The runs of a comparison as curves, which learning rate is each optimizer's best, and the target all are timed to.

Shapes:
    S  seeds
    T  epochs
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .measures import has_diverged

if TYPE_CHECKING:
    import numpy
    import pandas


@dataclass(frozen=True)
class Rule:
    """How runs are judged.

    Args:
        monitor: the metric that learning rates are chosen by, such as "val_accuracy".
        higher_is_better: of that metric.
        steps_per_epoch: updates of the weights.
        target: the metric and the value that runs are timed to; None to derive one from the results. The value is no
            number where there is none to be derived, and nothing reaches it.
        target_is_lower_limit: whether the target is reached from below.
        confidence: of the intervals.
    """

    monitor: str
    higher_is_better: bool
    steps_per_epoch: int
    target: tuple[str, float] | None = None
    target_is_lower_limit: bool = False
    confidence: float = 0.95


class Runs:
    """Every optimizer's runs, by learning rate.

    Args:
        results: one row for each seed, optimizer, learning rate and epoch.
        untrained: the loss before training, by seed.

    Attributes:
        rates: by optimizer, in rising order.
        seeds: in the order of all curves' rows.
    """

    def __init__(self, results: "pandas.DataFrame", untrained: Mapping[int, float]):
        import numpy as np

        self._groups = dict(iter(results.groupby(["optimizer", "learning_rate"], sort=False)))
        self.rates: dict[str, list[float]] = {}
        for name, rate in self._groups:
            self.rates[name] = sorted([*self.rates.get(name, []), rate])
        self.seeds = sorted(untrained)
        self.untrained = np.asarray([untrained[seed] for seed in self.seeds], "float64")  # (S,)

    def curve(self, optimizer: str, rate: float, metric: str) -> "numpy.ndarray":
        """A metric after every epoch, shape `(S, T)`."""
        rows = self._groups[optimizer, rate]
        return rows.pivot(index="seed", columns="epoch", values=metric).loc[self.seeds].to_numpy("float64")

    def final(self, optimizer: str, rate: float, metric: str) -> "numpy.ndarray":
        """A metric after the last epoch, shape `(S,)`."""
        return self.curve(optimizer, rate, metric)[:, -1]

    def diverged(self, optimizer: str, rate: float) -> "numpy.ndarray":
        """Which runs have diverged, shape `(S,)`."""
        import numpy as np

        pairs = zip(self.curve(optimizer, rate, "loss"), self.untrained, strict=True)
        return np.array([has_diverged(curve.tolist(), untrained) for curve, untrained in pairs])


def best_rates(runs: Runs, rule: Rule) -> dict[str, float]:
    """Each optimizer's learning rate with the best mean of the monitored metric over all seeds after the last epoch.

    Of equals, the one with the lower training loss, then the lower one. Rates at which a run is no number come last.
    """

    def order(name: str, rate: float) -> tuple[float, float, float]:
        worth = float(runs.final(name, rate, rule.monitor).mean())
        loss = float(runs.final(name, rate, "loss").mean())
        return _last_if_nan(-worth if rule.higher_is_better else worth), _last_if_nan(loss), rate

    return {name: min(rates, key=lambda rate: order(name, rate)) for name, rates in runs.rates.items()}


def common_target(runs: Runs, rule: Rule, best: Mapping[str, float]) -> tuple[str, float]:
    """The target where none is given: what more than half of the optimizers reach in at least half of their runs.

    Each optimizer, at its best rate, is given the median over its runs of the best value in any epoch; from the best
    optimizer to the worst, the value just below the middle is the target: the second's of two, the second's of three.
    Runs that have diverged reach nothing, and no loss counts that is not below every untrained model's. An optimizer
    of which half of the runs or more are such has no say.

    Returns:
        The monitored metric and the value, which is no number if no optimizer is left.
    """
    import numpy as np

    sign = 1.0 if rule.higher_is_better else -1.0
    is_loss = rule.monitor.removeprefix("val_") == "loss"
    reached = []
    for name, rate in best.items():
        curve = sign * runs.curve(name, rate, rule.monitor)  # (S, T), more is better
        peaks = np.where(np.isnan(curve), -np.inf, curve).max(axis=1)  # (S,)
        worthless = runs.diverged(name, rate)
        if is_loss:
            worthless |= peaks <= -runs.untrained.min()
        # of an even number the worse of the middle two, which at least half of the runs reach
        reached.append(float(np.sort(np.where(worthless, -np.inf, peaks))[(len(peaks) - 1) // 2]))
    counting = sorted((one for one in reached if math.isfinite(one)), reverse=True)
    return rule.monitor, sign * counting[len(counting) // 2] if counting else math.nan


def with_target(runs: Runs, rule: Rule, best: Mapping[str, float]) -> Rule:
    """The rule itself if it has a target, or with `common_target`."""
    if rule.target is not None:
        return rule
    return replace(rule, target=common_target(runs, rule, best), target_is_lower_limit=rule.higher_is_better)


def _last_if_nan(value: float) -> float:
    return math.inf if math.isnan(value) else value
