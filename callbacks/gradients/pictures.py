"""Pictures of `GradientMonitor`: heat maps of layers by time."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from ..pictures import BLUE, count_epochs, new_figure, tidy


def draw_gradients(results, noise=None) -> Figure:
    """A heat map of every layer's gradient norm by epoch; one of the update ratios and a curve of the noise scale too.

    Args:
        results: of a `GradientMonitor`.
        noise: its table of noise scales, if there is one.
    """
    maps = [("gradient_norm", "mean gradient norm")]
    if results["update_ratio"].notna().any():
        maps.append(("update_ratio", "length of an update / length of the weights"))
    panels = len(maps) + (noise is not None)
    layers = results["layer"].nunique()
    figure = new_figure(5.2 * panels, max(2.6, 0.9 + 0.24 * layers))
    axes = list(figure.subplots(1, panels, squeeze=False)[0])
    for (column, title), own in zip(maps, axes, strict=False):
        _draw_map(own, results, column)
        own.set_title(title, loc="left", fontsize=10)
    if noise is not None:
        axes[-1].plot(noise["epoch"], noise["noise_scale"], color=BLUE, marker="o", ms=3)
        axes[-1].set_title(
            f"gradient noise scale, in samples\n(from {noise['noise_scale_from'].iloc[-1]})", loc="left", fontsize=10
        )
        count_epochs(tidy(axes[-1]))
    return figure


def _draw_map(axes, results, column: str) -> None:
    table = results.set_index(["depth", "layer", "epoch"])[column].unstack("epoch").sort_index(level="depth")
    values = table.to_numpy(dtype="float64")  # (L, epochs)
    values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    some = values[np.isfinite(values)]
    low, high = (some.min(), some.max()) if some.size else (1.0, 10.0)
    image = axes.imshow(
        values,
        norm=LogNorm(low, max(high, low * 1.01)),
        cmap="viridis",
        aspect="auto",
        interpolation="nearest",
        extent=(table.columns.min() - 0.5, table.columns.max() + 0.5, len(table) - 0.5, -0.5),
    )
    axes.set_facecolor("#dddddd")  # where there is no gradient, or it is 0
    axes.set_yticks(range(len(table)), [layer for _, layer in table.index], fontsize=8)
    axes.figure.colorbar(image, ax=axes, shrink=0.9)
    count_epochs(axes)
