"""Learning curves: how the loss and the metrics went, epoch by epoch."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from .style import BLUE, ORANGE, new_figure, tidy

NOT_CURVES = ("epoch", "learning_rate")


def learning_curves(history: Sequence[dict[str, float]]) -> Figure:
    """One panel for the loss and one for each metric, training and validation in each.

    Args:
        history: the rows of `history.csv`: `epoch`, `loss`, metrics, and the same with `val_` before them.

    Returns:
        The figure.
    """
    names = [name for name in history[0] if name not in NOT_CURVES and not name.startswith("val_")]
    figure = new_figure(4.2 * len(names), 3.2)
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        marker = "o" if len(epochs) < 20 else None
        axes.plot(epochs, [row[name] for row in history], color=BLUE, marker=marker, ms=3, label="training")
        if f"val_{name}" in history[0]:
            validation = [row[f"val_{name}"] for row in history]
            axes.plot(epochs, validation, color=ORANGE, marker=marker, ms=3, label="validation")
        axes.set_xlabel("epoch")
        axes.set_title(name.replace("_", " "), loc="left", fontsize=10)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, fontsize=8)
        tidy(axes)
    return figure
