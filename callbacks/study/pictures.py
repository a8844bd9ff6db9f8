"""Pictures of a comparison: how the losses went, how much the learning rate matters, and how sure the ranking is."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..pictures import COLOURS, GREY, count_epochs, new_figure, tidy
from .runs import Rule, Runs

if TYPE_CHECKING:
    import pandas

_LINES = ("-", "--", ":", "-.")


def draw_study(runs: Runs, rule: Rule, summary: "pandas.DataFrame") -> Figure:
    """Everything on one figure: training loss, monitored metric, sensitivity to the learning rate, intervals."""
    figure = new_figure(9.6, 7.2)
    (first, second), (third, fourth) = figure.subplots(2, 2)
    best = dict(zip(summary["optimizer"], summary["learning_rate"], strict=True))
    styles = line_styles(runs)
    draw_curves(first, runs, best, "loss", styles)
    draw_curves(second, runs, best, rule.monitor, styles)
    draw_sensitivity(third, runs, best, styles)
    draw_intervals(fourth, rule, summary, styles)
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4), frameon=False, fontsize=8)
    return figure


def line_styles(runs: Runs) -> dict[str, dict[str, str]]:
    """A colour for each optimizer, and another kind of line once the colours are through."""
    return {
        name: {"color": COLOURS[number % len(COLOURS)], "linestyle": _LINES[number // len(COLOURS) % len(_LINES)]}
        for number, name in enumerate(runs.rates)
    }


def draw_curves(axes: Axes, runs: Runs, best: Mapping[str, float], metric: str, styles) -> None:
    """A metric over the epochs, each optimizer at its best rate: the mean over the seeds, and their range."""
    for name, rate in best.items():
        curve = runs.curve(name, rate, metric)
        epochs = range(1, curve.shape[1] + 1)
        marker = "o" if curve.shape[1] == 1 else None
        axes.plot(epochs, curve.mean(axis=0), label=f"{name}, {rate:g}", marker=marker, ms=4, lw=1.4, **styles[name])
        axes.fill_between(epochs, curve.min(axis=0), curve.max(axis=0), color=styles[name]["color"], alpha=0.15, lw=0)
    count_epochs(axes)
    if metric == "loss" and all(
        (runs.curve(name, rate, metric) > 0).all() for name, rate in best.items()
    ):  # False for what is no number
        axes.set_yscale("log")
    what = "training loss" if metric == "loss" else metric.replace("val_", "validation ").replace("_", " ")
    tidy(axes).set_title(f"{what}, mean and range of {_seeds(runs)}", loc="left", fontsize=10)


def draw_sensitivity(axes: Axes, runs: Runs, best: Mapping[str, float], styles) -> None:
    """The final training loss against the learning rate; crosses at the top are rates at which a run diverged."""
    untrained = float(runs.untrained.mean())
    positive = True
    for name, rates in runs.rates.items():
        finals = {rate: float(runs.final(name, rate, "loss").mean()) for rate in rates}
        shown = {rate: loss for rate, loss in finals.items() if math.isfinite(loss) and loss < untrained}
        positive = positive and all(loss > 0 for loss in shown.values())
        axes.plot(list(shown), list(shown.values()), marker=".", lw=1.2, **styles[name])
        if best[name] in shown:
            axes.plot(best[name], shown[best[name]], "o", ms=7, mfc="none", color=styles[name]["color"])
        failed = [rate for rate in rates if rate not in shown]
        axes.plot(failed, [untrained] * len(failed), "x", ms=6, color=styles[name]["color"])
    axes.axhline(untrained, color=GREY, lw=0.8, ls=":")
    axes.set_xscale("log")
    if positive:
        axes.set_yscale("log")
    axes.set_xlabel("learning rate; dotted: untrained, crosses: no better than that")
    tidy(axes).set_title("final training loss by learning rate", loc="left", fontsize=10)


def draw_intervals(axes: Axes, rule: Rule, summary: "pandas.DataFrame", styles) -> None:
    """A forest plot: each optimizer's difference from the best with its interval, or plain figures of a single seed."""
    several = bool((summary["runs"] > 1).all()) and len(summary) > 1
    words = rule.monitor.replace("val_", "validation ").replace("_", " ")
    names = ("difference", "difference_low", "difference_high") if several else (rule.monitor, "low", "high")
    for place, row in enumerate(summary.to_dict("records")):
        middle, low, high = (row[name] for name in names)
        style = {"color": styles[row["optimizer"]]["color"]}
        if not math.isnan(low):
            axes.plot([low, high], [place, place], lw=2, **style)
        axes.plot(middle, place, "o", ms=6, **style)
    if several:
        axes.axvline(0.0, color=GREY, lw=0.8, ls=":")
    axes.set_yticks(range(len(summary)), summary["optimizer"].tolist())
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.set_xlabel(f"{words}: difference from {summary['optimizer'][0]}" if several else words)
    title = (
        f"paired differences, {rule.confidence:.0%} intervals of all together" if several else "one seed: no intervals"
    )
    tidy(axes).set_title(title if several or (summary["runs"] == 1).all() else words, loc="left", fontsize=10)


def _seeds(runs: Runs) -> str:
    count = len(runs.seeds)
    return f"{count} seed{'s' if count > 1 else ''}"
