"""The table of a comparison: one row for each optimizer at its best learning rate, with the course's four columns.

training speed   the median over seeds of the steps to the target. *fast*: at most 1.5 times the fastest's.
convergence      the final training loss; *good*: at most 5 % of the way from the untrained loss to the lowest final
                 training loss of all is missing.
stability        the share of runs that diverge at the best rate and its neighbours in the sweep, and the roughness of
                 the training loss at the best rate; *good*: no run diverges, and rises are at most 10 % of the fall.
generalization   the metric on the test samples, or on the validation samples where there is no test; *good*: the paired
                 interval of the difference from the best optimizer's does not rule out that they are equal.
                 It takes two seeds to be said. Beside it the gap between validation and training loss, and the
                 metric at an equal training loss: the lowest that all reach that came at least half-way down.

The learning rate is chosen on the validation samples, from equally many for every optimizer. Its validation figure is
therefore somewhat too good, for all alike; the test's is not.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .confidence import mean_interval, paired_interval
from .measures import excess, roughness, steps_to_target, usable_share
from .runs import Rule, Runs, best_rates, with_target

if TYPE_CHECKING:
    import pandas

FAST = 1.5  # times the fewest steps
GOOD_LOSS = 0.05  # of the way down that may be missing
HALF_WAY = 0.5  # of the way down, to have a say in what an equal training loss is
SMOOTH = 0.1  # rises of the training loss over its fall
NEAR = 0.1  # of the way down that may be missing at a usable learning rate


def summarize(
    runs: Runs,
    rule: Rule,
    step_seconds: Mapping[str, float] | None = None,
    tests: "pandas.DataFrame | None" = None,
) -> "pandas.DataFrame":
    """One row for each optimizer, the best first.

    Args:
        runs: of all optimizers, rates and seeds.
        rule: how they are judged.
        step_seconds: what a step of each optimizer takes on its own.
        tests: rows of seed, optimizer, learning_rate and the test's metrics; never looked at to choose.

    Returns:
        `pandas.DataFrame`: `optimizer`, `learning_rate` (the best), `at_edge` (whether it is the sweep's first or last:
        a better one may lie outside), the monitored metric's mean over seeds after the last epoch with the interval
        `low` to `high`; `steps_to_target`, in how many of the `runs` it was `reached`, `step_seconds`, and the product;
        `final_loss` and `missing_loss` (convergence); `diverged`, `roughness`, `seed_spread` (the standard deviation of
        the monitored metric over seeds); `usable_share` of the sweep (sensitivity to the learning rate); `test_...`,
        `gap`, `at_equal_loss`; `difference`, `difference_low`, `difference_high` from the best optimizer, paired by
        seed, which hold for all optimizers together; and the four columns in words.
    """
    import pandas as pd

    best = best_rates(runs, rule)
    rule = with_target(runs, rule, best)
    lowest = _lowest_loss(runs, best)
    level = _equal_loss(runs, best, lowest)
    rows = [
        {
            "optimizer": name,
            "learning_rate": rate,
            "at_edge": len(runs.rates[name]) > 1 and rate in (runs.rates[name][0], runs.rates[name][-1]),
            **_outcome(runs, rule, name, rate),
            **_speed(runs, rule, name, rate, (step_seconds or {}).get(name, math.nan)),
            **_convergence(runs, name, rate, lowest),
            **_stability(runs, rule, name, rate),
            **_generalization(runs, rule, name, rate, level, tests),
        }
        for name, rate in best.items()
    ]
    rows.sort(key=lambda row: _from_best(row[rule.monitor], rule.higher_is_better))
    _compare_with_best(rows, runs, rule)
    _say_in_words(rows, runs, rule, tests)
    return pd.DataFrame(rows)


def _from_best(value: float, higher_is_better: bool) -> float:
    return math.inf if math.isnan(value) else -value if higher_is_better else value


# === Figures of one optimizer at its best rate ===
def _outcome(runs: Runs, rule: Rule, name: str, rate: float) -> dict[str, Any]:
    found = mean_interval(runs.final(name, rate, rule.monitor), rule.confidence)
    return {rule.monitor: found.mean, "low": found.low, "high": found.high}


def _speed(runs: Runs, rule: Rule, name: str, rate: float, seconds: float) -> dict[str, Any]:
    import statistics

    metric, value = rule.target  # type: ignore[misc]
    curves = runs.curve(name, rate, metric)
    steps = [steps_to_target(curve, value, rule.target_is_lower_limit, rule.steps_per_epoch) for curve in curves]
    median = statistics.median(steps)  # of runs of equal length also Kaplan and Meier's estimate
    return {
        "steps_to_target": median,
        "reached": sum(map(math.isfinite, steps)),
        "runs": len(steps),
        "step_seconds": seconds,
        "seconds_to_target": median * seconds,
    }


def _convergence(runs: Runs, name: str, rate: float, lowest: float) -> dict[str, Any]:
    untrained = float(runs.untrained.mean())
    final = float(runs.final(name, rate, "loss").mean())
    return {"final_loss": final, "missing_loss": excess(final, lowest, untrained)}


def _stability(runs: Runs, rule: Rule, name: str, rate: float) -> dict[str, Any]:
    import numpy as np

    rates = runs.rates[name]
    place = rates.index(rate)
    near = [runs.diverged(name, one) for one in rates[max(0, place - 1) : place + 2]]
    own = [
        roughness(curve.tolist(), untrained)
        for curve, untrained in zip(runs.curve(name, rate, "loss"), runs.untrained, strict=True)
    ]
    untrained = float(runs.untrained.mean())
    finals = [float(runs.final(name, one, "loss").mean()) for one in rates]
    own_best = min((one for one in finals if math.isfinite(one)), default=math.nan)
    spread = runs.final(name, rate, rule.monitor)
    return {
        "diverged": float(np.mean(near)),
        "roughness": float(np.mean(own)),
        "seed_spread": float(spread.std(ddof=1)) if len(spread) > 1 else math.nan,
        "usable_share": usable_share(rates, [excess(one, own_best, untrained) for one in finals], NEAR),
    }


def _generalization(runs: Runs, rule: Rule, name: str, rate: float, level: float, tests) -> dict[str, Any]:
    import numpy as np

    found: dict[str, Any] = {}
    if tests is not None:
        for metric in [one for one in tests.columns if one.startswith("test_")]:
            interval = mean_interval(_tested(tests, runs, name, rate, metric), rule.confidence)
            found |= {metric: interval.mean, f"{metric}_low": interval.low, f"{metric}_high": interval.high}
    if not rule.monitor.startswith("val_"):
        return found
    gap = runs.final(name, rate, "val_loss") - runs.final(name, rate, "loss")
    first = runs.curve(name, rate, "loss") <= level  # (S, T)
    equal = runs.curve(name, rate, rule.monitor)[np.arange(len(first)), first.argmax(axis=1)]
    return {
        **found,
        "gap": float(gap.mean()),
        "at_equal_loss": float(equal.mean()) if first.any(axis=1).all() else math.nan,
    }


def _tested(tests, runs: Runs, name: str, rate: float, metric: str):
    rows = tests[(tests["optimizer"] == name) & (tests["learning_rate"] == rate)]
    return rows.set_index("seed").loc[runs.seeds, metric].to_numpy("float64")


# === What all are held against ===
def _lowest_loss(runs: Runs, best: Mapping[str, float]) -> float:
    finals = [float(runs.final(name, rate, "loss").mean()) for name, rate in best.items()]
    return min((one for one in finals if math.isfinite(one)), default=math.nan)


def _equal_loss(runs: Runs, best: Mapping[str, float], lowest: float) -> float:
    import numpy as np

    untrained = float(runs.untrained.mean())
    reached = [
        float(np.nanmin(runs.curve(name, rate, "loss"), axis=1).max())
        for name, rate in best.items()
        if excess(float(runs.final(name, rate, "loss").mean()), lowest, untrained) <= HALF_WAY
    ]
    return max(reached, default=math.nan)


def _compare_with_best(rows: list[dict[str, Any]], runs: Runs, rule: Rule) -> None:
    """Adds the differences from the first row, the best optimizer."""
    reference = runs.final(rows[0]["optimizer"], rows[0]["learning_rate"], rule.monitor)
    for row in rows:
        own = runs.final(row["optimizer"], row["learning_rate"], rule.monitor)
        found = paired_interval(own, reference, rule.confidence, max(1, len(rows) - 1))
        ends = (math.nan, math.nan) if row is rows[0] else (found.low, found.high)
        row |= {"difference": found.mean, "difference_low": ends[0], "difference_high": ends[1]}


# === The four columns in words ===
def _say_in_words(rows: list[dict[str, Any]], runs: Runs, rule: Rule, tests) -> None:
    fewest = min(row["steps_to_target"] for row in rows)
    worse = _worse_than_best(rows, runs, rule, tests)
    for row in rows:
        reached, close = math.isfinite(row["steps_to_target"]), row["steps_to_target"] <= FAST * fewest
        is_stable = row["diverged"] == 0 and row["roughness"] <= SMOOTH
        row["training_speed"] = "not reached" if not reached else "fast" if close else "slow"
        row["convergence"] = "good" if row["missing_loss"] <= GOOD_LOSS else "poor"
        row["stability"] = "good" if is_stable else "poor"
        row["generalization"] = {None: "untold", True: "poor", False: "good"}[worse[row["optimizer"]]]


def _worse_than_best(rows: list[dict[str, Any]], runs: Runs, rule: Rule, tests) -> dict[str, bool | None]:
    """Whether an optimizer generalizes worse than the one that does so best; None where that cannot be said."""
    metric = "test_" + rule.monitor.removeprefix("val_")
    if tests is not None and metric in tests:
        values = {
            row["optimizer"]: _tested(tests, runs, row["optimizer"], row["learning_rate"], metric) for row in rows
        }
    elif rule.monitor.startswith("val_"):
        values = {row["optimizer"]: runs.final(row["optimizer"], row["learning_rate"], rule.monitor) for row in rows}
    else:
        values = {}
    if not values or len(runs.seeds) < 2:
        return {row["optimizer"]: None for row in rows}
    best = min(values, key=lambda name: _from_best(float(values[name].mean()), rule.higher_is_better))
    if math.isnan(float(values[best].mean())):  # all have diverged
        return {row["optimizer"]: None for row in rows}
    worse: dict[str, bool | None] = {}
    for name, own in values.items():
        found = paired_interval(own, values[best], rule.confidence, max(1, len(values) - 1))
        worse[name] = name != best and (math.isnan(found.mean) or found.excludes_zero)
    return worse
