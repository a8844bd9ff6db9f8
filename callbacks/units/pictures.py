"""Pictures of `DeadUnitTracker`: layers by time, and units by time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ..pictures import RED, count_epochs, new_figure

_WORST = 3  # layers whose units are drawn
_LABELS = 12  # more units than these get no numbers
_LEAST = 0.1  # the share at the end of the scale, at least: one unit of a thousand is no alarm
_NAMED = 6


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
    height = max(float(np.clip(0.9 + 0.22 * layers, 2.8, 12.0)), 1.9 * len(worst))
    figure = new_figure(5.2 * len(states) + (3.6 if worst else 0.0), height)
    left, *right = figure.subfigures(1, 2 if worst else 1, width_ratios=[5.2 * len(states), 3.6][: 2 if worst else 1],
                                     squeeze=False)[0]  # fmt: skip
    for state, axes in zip(states, left.subplots(1, len(states), squeeze=False)[0], strict=True):
        _draw_layers(axes, results, state)
    for part in right:
        for (state, layer), axes in zip(worst, part.subplots(len(worst), 1, squeeze=False)[:, 0], strict=True):
            _draw_units(axes, [row for row in unit_rows if row["layer"] == layer], state, layer)
    if unseen:
        names = list(unseen)[:_NAMED] + (["..."] if len(unseen) > _NAMED else [])
        left.supxlabel(f"not to be seen: {', '.join(names)}", fontsize=8, color="#666666")
    return figure


def _worst(results, state: str) -> list[str]:
    """Layers with the most units that were dead (or saturated) in any one epoch, the worst first."""
    most = results[results[state].notna()].groupby("layer", sort=False)[state].max().astype("float64")
    return list(most[most > 0].sort_values(ascending=False, kind="stable").index[:_WORST])


def _draw_layers(axes: Axes, results, state: str) -> None:
    those = results[results[state].notna()]
    order = list(dict.fromkeys(those["layer"]))
    table = those.pivot(index="layer", columns="epoch", values=f"{state}_fraction").loc[order]
    values = table.to_numpy(dtype="float64")  # (L, epochs)
    image = _draw_map(axes, values, table.columns.min(), cmap="viridis", vmax=max(np.nanmax(values), _LEAST))
    axes.set_yticks(range(len(order)), order, fontsize=8)
    axes.set_title(f"share of {state} units", loc="left", fontsize=10)
    axes.figure.colorbar(image, ax=axes, shrink=0.9)


def _draw_units(axes: Axes, unit_rows: Sequence[Mapping[str, Any]], state: str, layer: str) -> None:
    values = np.stack([row[state] for row in unit_rows], axis=1).astype("float64")  # (U, epochs)
    often = values.sum(axis=1)
    shown = np.lexsort((np.arange(len(values)), -often))[: int((often > 0).sum())]  # those most often so first
    _draw_map(axes, values[shown], unit_rows[0]["epoch"], cmap=ListedColormap(["#e8e8e8", RED]), vmax=1.0)
    axes.set_yticks(range(len(shown)), shown, fontsize=7)
    if len(shown) > _LABELS:
        axes.set_yticks([])
    axes.set_ylabel("unit", fontsize=8)
    axes.set_title(f"{layer}:\n{len(shown)} of {len(values)} units {state} in some epoch", loc="left", fontsize=9)


def _draw_map(axes: Axes, values: np.ndarray, first_epoch: int, cmap: Any, vmax: float):
    rows, epochs = values.shape
    extent = (first_epoch - 0.5, first_epoch + epochs - 0.5, rows - 0.5, -0.5)
    image = axes.imshow(values, cmap, vmin=0.0, vmax=vmax, aspect="auto", interpolation="nearest", extent=extent)
    count_epochs(axes)
    return image
