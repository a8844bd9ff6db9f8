"""How training scales over replicas: what was measured, what the cost model makes of it, and what it predicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from ..scaling.fitting import gradients_of
from ..scaling.model import Costs, Gradients, all_reduce_seconds, step_seconds
from .style import BLUE, GREY, ORANGE, RED, new_figure, tidy

_COLOURS = (BLUE, ORANGE, RED, "#009E73", "#CC79A7", "#56B4E9", "black")


def scaling(report: Mapping[str, Any]) -> Figure:
    """Step time over replicas, the time of an all-reduce over its message, and the predicted speed-up.

    Args:
        report: what `gradschool scale --out` writes: `measurement`, `fit` and `prediction`.

    Returns:
        The figure: dots are measured, with their quartiles; lines are the fitted model.
    """
    figure = new_figure(12.6, 3.8)
    steps, sums, speedups = figure.subplots(1, 3)
    costs = _fitted(report["fit"])
    _draw_steps(steps, report["measurement"], costs)
    _draw_all_reduces(sums, report["measurement"], costs)
    _draw_speedups(speedups, report["prediction"])
    for axes in (steps, sums, speedups):
        tidy(axes)
    return figure


def _fitted(fit: Mapping[str, Any]) -> Costs:
    per_byte = 1e-9 / fit["bandwidth_gb_s"] if fit["bandwidth_gb_s"] else 0.0
    return Costs(fit["fixed_ms"] / 1e3, fit["per_sample_us"] / 1e6, (fit["latency_us"] or 0.0) / 1e6, per_byte)


def _draw_steps(axes: Axes, measurement: Mapping[str, Any], costs: Costs) -> None:
    gradients, settings = gradients_of(measurement), measurement["steps"]
    curve = np.arange(1, max(one["replicas"] for one in settings) + 1)
    for number, batch in enumerate(sorted({one["batch"] for one in settings})):
        colour = _COLOURS[number % len(_COLOURS)]
        these = [one for one in settings if one["batch"] == batch]
        _dots(axes, [one["replicas"] for one in these], these, 1e3, colour, f"batch {batch}")
        times = step_seconds(costs, curve, batch, gradients, measurement["shares_cores"])
        axes.plot(curve, 1e3 * times, color=colour, linewidth=1.2)
    axes.set_xticks(curve if len(curve) <= 8 else sorted({one["replicas"] for one in settings}))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("replicas" + (" on the same cores" if measurement["shares_cores"] else ""))
    axes.set_ylabel("ms of a step")
    axes.set_title(f"{measurement['model']}: measured, and fitted (lines)", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def _draw_all_reduces(axes: Axes, measurement: Mapping[str, Any], costs: Costs) -> None:
    settings, collective = measurement["all_reduces"], gradients_of(measurement).collective
    axes.set_title("sum over replicas: measured, and fitted (lines)", loc="left", fontsize=10)
    if not settings:
        axes.text(0.5, 0.5, "one replica has nothing to sum", ha="center", color=GREY, transform=axes.transAxes)
        return
    sizes = [one["bytes"] for one in settings]
    curve = np.geomspace(min(sizes), max(sizes), 100)
    for number, replicas in enumerate(sorted({one["replicas"] for one in settings})):
        colour = _COLOURS[number % len(_COLOURS)]
        these = [one for one in settings if one["replicas"] == replicas]
        _dots(axes, [one["bytes"] for one in these], these, 1e6, colour, f"{replicas} replicas")
        times = [float(all_reduce_seconds(costs, replicas, Gradients(size, 1, collective))) for size in curve]
        axes.plot(curve, 1e6 * np.array(times), color=colour, linewidth=1.2)
    axes.axvline(measurement["gradient_bytes"], color=GREY, linewidth=1, linestyle=":", label="all gradients together")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks([2**power for power in range(10, 31, 4) if min(sizes) <= 2**power <= max(sizes)])
    axes.xaxis.set_major_formatter(FuncFormatter(_bytes))
    _plain(axes.yaxis)
    axes.set_xlabel("bytes of the message")
    axes.set_ylabel("\u00b5s of a sum")
    axes.legend(frameon=False, fontsize=8)


def _draw_speedups(axes: Axes, prediction: Mapping[str, Any]) -> None:
    batch = prediction["batch"]
    counts = [row["accelerators"] for row in prediction["strong"]["rows"]]
    axes.plot(counts, counts, color=GREY, linewidth=1, linestyle="--", label="ideal")
    words = {"weak": f"weak: {batch} samples for each", "strong": f"strong: {batch} samples in all"}
    for (kind, label), colour in zip(words.items(), (ORANGE, BLUE), strict=True):
        speedups = [row["speedup"] for row in prediction[kind]["rows"]]
        axes.plot(counts, speedups, color=colour, marker="o", ms=4, linewidth=1.4, label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xticks(counts if len(counts) <= 12 else [counts[0], counts[-1]])
    _plain(axes.xaxis)
    _plain(axes.yaxis)
    axes.set_xlabel("accelerators")
    axes.set_ylabel("times the samples/s of one")
    axes.set_title("predicted, an accelerator for each replica", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def _dots(axes: Axes, places, settings, unit: float, colour: str, label: str) -> None:
    """Medians, with lines from the lower to the upper quartile."""
    times = unit * np.array([one["seconds"] for one in settings])
    quartiles = unit * np.array([one["quartiles"] for one in settings])  # (n, 2)
    around = np.abs(quartiles.T - times)  # (2, n)
    axes.errorbar(places, times, around, color=colour, fmt="o", ms=5, elinewidth=1, label=label)


def _plain(axis) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _bytes(size: float, _: object) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GiB"
