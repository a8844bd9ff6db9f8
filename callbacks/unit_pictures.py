"""Pictures of `DeadUnitTracker`: layers by time, and units by time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .pictures import count_epochs, new_figure

_WORST = 3  # layers whose units are drawn
_LABELS = 40  # more are not read


def draw_units(results, unit_rows: Sequence[Mapping[str, Any]], unseen: Mapping[str, str]) -> Figure:
    """The share of dead, and of saturated, units by layer and epoch; and which units of the worst layers, and when.

    Args:
        results: of a `DeadUnitTracker`.
        unit_rows: one per epoch and layer, with arrays of all its units.
        unseen: what could not be seen.
    """
    states = [state for state in ("dead", "saturated") if results[state].notna().any()]
    worst = [(state, layer) for state in states for layer in _worst(results, state)][:_WORST]
    layers = max(results.loc[results[state].notna(), "layer"].nunique() for state in states)
    columns = len(states) + len(worst)
    figure = new_figure(4.2 * columns, float(np.clip(0.9 + 0.24 * layers, 2.8, 10.0)))
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for state, own in zip(states, axes, strict=False):
        _draw_layers(own, results, state)
    for (state, layer), own in zip(worst, axes[len(states) :], strict=True):
        _draw_units(own, unit_rows, state, layer)
    if unseen:
        figure.supxlabel(f"not to be seen: {', '.join(list(unseen)[:6])}", fontsize=8, color="#666666")
    return figure


def _worst(results, state: str) -> list[str]:
    """Layers with the most units that were dead (or saturated) in any one epoch, the worst first."""
    most = results.dropna(subset=[state]).groupby("layer", sort=False)[state].max()
    most = most[most > 0].astype("float64")
    return list(most.sort_values(ascending=False, kind="stable").index[:_WORST])


def _draw_layers(axes: Axes, results, state: str) -> None:
    those = results[results[state].notna()]
    order = list(dict.fromkeys(those["layer"]))
    table = those.pivot(index="layer", columns="epoch", values=f"{state}_fraction").loc[order]
    image = _draw_map(axes, table.to_numpy(dtype="float64"), table.columns.min(), 1.0)
    axes.set_yticks(range(len(order)), order, fontsize=8)
    axes.set_title(f"share of {state} units", loc="left", fontsize=10)
    axes.figure.colorbar(image, ax=axes, shrink=0.9)


def _draw_units(axes: Axes, unit_rows: Sequence[Mapping[str, Any]], state: str, layer: str) -> None:
    those = [row for row in unit_rows if row["layer"] == layer]
    values = np.stack([row[state] for row in those], axis=1).astype("float64")  # (U, epochs)
    ever = values.any(axis=1)
    order = np.lexsort((np.arange(len(values)), -values.sum(axis=1)))[: ever.sum()]  # the longest first
    _draw_map(axes, values[order], those[0]["epoch"], 1.0)
    axes.set_yticks(range(len(order)), order, fontsize=7)
    if len(order) > _LABELS:
        axes.set_yticks([])
    axes.set_ylabel("unit")
    axes.set_title(f"{layer}: {len(order)} of {len(values)} units {state} in some epoch", loc="left", fontsize=10)


def _draw_map(axes: Axes, values: np.ndarray, first_epoch: int, most: float):
    rows, epochs = values.shape
    image = axes.imshow(
        values,
        vmin=0.0,
        vmax=most,
        cmap="inferno_r",
        aspect="auto",
        interpolation="nearest",
        extent=(first_epoch - 0.5, first_epoch + epochs - 0.5, rows - 0.5, -0.5),
    )
    count_epochs(axes)
    return image
