"""A comparison of optimizers as files to look at: tables, a picture, one page."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..csv_tables import csv_text
from ..files import written_whole
from ..pictures import save_figure
from ..reporting.page import Picture, Report, Section, Table, write_page
from .runs import Rule

if TYPE_CHECKING:
    from .results import OptimizerStudy

_COLUMNS = (
    "Training speed: the median of steps to the target, fast if at most 1.5 times the fewest. Convergence: the final "
    "training loss, good if at most 5 % of the way down to the lowest is missing. Stability: good if no run diverges "
    "at the best rate or beside it, and the loss rises by at most 10 % of its fall (roughness). Generalization: good "
    "if the interval of the difference from the best does not rule out that they are equal; the gap is the validation "
    "loss less the training loss."
)

_MOST_PLACES = 7  # behind the point; smaller figures are told as 2e-09


def figure_rows(study: "OptimizerStudy") -> list[dict[str, str]]:
    """How good each optimizer is at its best rate, as text, the best first; "±" is half an interval's width."""
    monitor = study.rule.monitor
    tested = "test_" + monitor.removeprefix("val_")
    rows = []
    for row in study.summary.to_dict("records"):
        shown = {
            "optimizer": row["optimizer"],
            "best rate": f"{row['learning_rate']:g}{' (edge)' if row['at_edge'] else ''}",
            monitor: _with_interval(row[monitor], row["low"], row["high"]),
            "difference": _with_interval(row["difference"], row["difference_low"], row["difference_high"]),
        }
        if tested in row:
            shown[tested] = _with_interval(row[tested], row[f"{tested}_low"], row[f"{tested}_high"])
        rows.append(shown | {"usable rates": "" if math.isnan(row["usable_share"]) else f"{row['usable_share']:.0%}"})
    return rows


def column_rows(study: "OptimizerStudy") -> list[dict[str, str]]:
    """The course's four columns: a word, and what it was judged by."""
    return [
        {
            "optimizer": row["optimizer"],
            "training speed": f"{row['training_speed']}{_speed(row)}",
            "convergence": f"{row['convergence']}: loss {row['final_loss']:.3g}",
            "stability": f"{row['stability']}: {row['diverged']:.0%} diverged, roughness {row['roughness']:.2g}",
            "generalization": row["generalization"] + (f": gap {row['gap']:.2g}" if "gap" in row else ""),
        }
        for row in study.summary.to_dict("records")
    ]


def notes(study: "OptimizerStudy") -> list[str]:
    """What a reader of the summary has to know of it, a sentence each."""
    rule, summary = study.rule, study.summary
    told = [_target(rule)]
    if len(study.untrained) == 1:
        told.append("A single seed says nothing of how far figures can be trusted: use at least two for intervals.")
    else:
        told.append(
            f"Intervals are Student's, of {rule.confidence:.0%} confidence over {len(study.untrained)} seeds; those of "
            "differences are paired by seed and hold for all optimizers together (Bonferroni)."
        )
    for row in summary.to_dict("records"):
        name, rate, rates = row["optimizer"], row["learning_rate"], study.runs.rates[row["optimizer"]]
        if row["diverged"] == 1.0:
            told.append(f"{name} got nowhere at its best rate and beside it: try lower rates.")
        elif row["at_edge"]:
            side = "lowest" if rate == rates[0] else "highest"
            told.append(f"{name} was best at the {side} rate tried, {rate:g}: a better one may lie beyond.")
    if not len(study.tests) and rule.monitor.startswith("val_"):
        told.append("Generalization is judged by the validation samples, which have also chosen the learning rates.")
    if study.step_seconds:
        told.append("Seconds are steps to the target times the time of a step of that optimizer alone.")
    return told


def _target(rule: Rule) -> str:
    metric, value = rule.target or (rule.monitor, math.nan)
    if math.isnan(value):
        below = f" and with a {metric} below the untrained model's" if metric.removeprefix("val_") == "loss" else ""
        return (
            "There is no target, and nothing is reached: at its best rate, no optimizer has trained without diverging"
            f"{below} in more than half of its runs."
        )
    limit = "at least" if rule.target_is_lower_limit else "at most"
    return f"The target is {metric} of {limit} {value:.4g}, looked at after every epoch."


def save_study(study: "OptimizerStudy", folder: Path, title: str, settings: Mapping[str, Any]) -> None:
    """Writes `study.csv`, `summary.csv`, `study.png` and `report.html`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    results, summary = study.results.to_csv(index=False), study.summary.to_csv(index=False)
    for name, text in (("study.csv", results), ("summary.csv", summary)):
        with written_whole(folder / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    figure = study.plot()
    with written_whole(folder / "study.png") as unfinished:
        save_figure(figure, unfinished, dpi=120)
    what = (
        "Every optimizer trained at equally many learning rates, in one fit for each seed: on the same batches, from "
        "the same initial weights, with the same random draws. Here is each at its best rate, chosen by "
        f"{study.rule.monitor}."
    )
    sections = [
        Section("Optimizers", what, table=Table(csv_text(figure_rows(study)), "optimizers.csv")),
        Section("Four columns", _COLUMNS, table=Table(csv_text(column_rows(study)), "columns.csv")),
        Section("Curves, sensitivity and intervals", pictures=[Picture.of_figure(figure, title)]),
        Section("To know of the table", facts={str(number): one for number, one in enumerate(notes(study), start=1)}),
        Section("All figures", table=Table(summary, "summary.csv")),
        Section("All runs", table=Table(results, "study.csv")),
        Section("Settings", facts=dict(settings)),
    ]
    write_page(Report(title, [one for one in sections if one.title != "Settings" or settings]), folder / "report.html")


def _with_interval(value: float, low: float, high: float) -> str:
    """A figure and half the width of its interval, to four places, or as many as show two digits of the latter.

    Example:
        >>> _with_interval(0.9, 0.85, 0.95), _with_interval(0.9, math.nan, math.nan)
        ('0.9000 ± 0.0500', '0.9000')
        >>> _with_interval(0.00123, 0.00121, 0.00125), _with_interval(2e-9, 1e-9, 3e-9)
        ('0.001230 ± 0.000020', '2e-09 ± 1e-09')
    """
    if math.isnan(value):
        return "diverged"
    half = math.nan if math.isnan(low) else (high - low) / 2
    told = [value] if math.isnan(half) else [value, half]
    finest = next((abs(one) for one in reversed(told) if one), 1.0)
    places = max(4, 1 - math.floor(math.log10(finest)))
    return " ± ".join(f"{one:.{places}f}" if places <= _MOST_PLACES else f"{one:.4g}" for one in told)


def _speed(row: Mapping[str, Any]) -> str:
    """The median of steps and seconds to the target; in how many runs, where not in all."""
    told = []
    if math.isfinite(row["steps_to_target"]):
        told.append(f"{row['steps_to_target']:,.0f} steps")
    if math.isfinite(row["seconds_to_target"]):
        told.append(f"{row['seconds_to_target']:.3g} s")
    if row["reached"] < row["runs"]:
        told.append(f"{row['reached']} of {row['runs']} runs")
    return ": " + ", ".join(told) if told else ""
