"""Learning curves: how the loss and the metrics went, epoch by epoch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from ..pictures import BLUE, ORANGE, count_epochs, tidy

NOT_CURVES = ("epoch", "learning_rate")
# What the callbacks of this package log beside the model's metrics, and draw themselves. What they log of each layer,
# or of each copy of the model, has a stroke in its name: `grad_norm/dense`.
DIAGNOSTICS = (
    "grad_norm", "grad_norm_max", "clip_rate", "nonfinite_steps", "update_ratio", "noise_scale", "dead_fraction",
    "saturated_fraction", "probe_dead_fraction", "probe_saturated_fraction",
)  # fmt: skip


def curve_names(columns: Iterable[str]) -> list[str]:
    """Those columns of a history that a learning curve shows: the loss and the model's metrics.

    Args:
        columns: the names in a history, validation's (`val_loss`) and diagnostics' (`grad_norm`) among them.

    Example:
        >>> curve_names(["epoch", "loss", "accuracy", "val_loss", "grad_norm", "dead_fraction/dense", "learning_rate"])
        ['loss', 'accuracy']
    """
    ours = (*NOT_CURVES, *DIAGNOSTICS)
    return [name for name in columns if not (name in ours or "/" in name or name.startswith("val_"))]


def draw_curve(axes: Axes, histories: Sequence[Sequence[Mapping[str, Any]]], name: str) -> None:
    """Draws one figure over the epochs: in training, and in validation where there was one.

    Args:
        axes: an empty panel.
        histories: of one run, or of several to lay over each other; each has one row per epoch, with `epoch`, the
            figure, and the same with `val_` before its name. An epoch may lack it.
        name: of the figure.
    """
    width = 1.5 if len(histories) == 1 else 0.9
    for key, label, colour in ((name, "training", BLUE), (f"val_{name}", "validation", ORANGE)):
        curves = [[(row["epoch"], row[key]) for row in rows if row.get(key) is not None] for rows in histories]
        for number, points in enumerate(filter(None, curves)):
            marker, size = "o" if len(points) < 20 else None, 6 if len(points) == 1 else 3
            label_once = label if number == 0 else None
            axes.plot(*zip(*points, strict=True), color=colour, marker=marker, ms=size, lw=width, label=label_once)
    count_epochs(axes)
    axes.set_title(name.replace("_", " "), loc="left", fontsize=10)
    if axes.lines and name not in NOT_CURVES:
        axes.legend(frameon=False, fontsize=8)
    tidy(axes)
