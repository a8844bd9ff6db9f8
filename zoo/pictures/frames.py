"""Frames of a drive, and what was, or would be, done at each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure, show_image

ROWS, COLUMNS = 4, 4


def frame_samples(
    frames: np.ndarray, targets: np.ndarray, outputs: Sequence[Any], answers: np.ndarray | None = None
) -> Figure:
    """Some frames from the first to the last, each with its values.

    Args:
        frames: shape `(N, H, W, channels)`, values in [0, 1]; of sequences, shape `(N, T, H, W, channels)`, the last
            frame is shown.
        targets: standardised values, shape `(N, outputs)`.
        outputs: what they are (`data/description.py: Output`).
        answers: what a model says, likewise; shown beside the targets.

    Returns:
        The figure.
    """
    chosen = np.unique(np.linspace(0, len(frames) - 1, ROWS * COLUMNS).astype(int))
    shown = frames[chosen] if frames.ndim == 4 else frames[chosen, -1]
    height, width = shown.shape[1:3]
    lines = len(outputs)
    figure = new_figure(2.4 * COLUMNS, ROWS * (2.4 * height / width + 0.2 + 0.17 * lines))
    for axes, place, frame in zip(figure.subplots(ROWS, COLUMNS).flat, chosen, shown, strict=False):
        show_image(axes, frame)
        words = [
            _words(output, targets[place, column], None if answers is None else answers[place, column])
            for column, output in enumerate(outputs)
        ]
        axes.set_title("\n".join(words), fontsize=7, pad=3)
    for axes in figure.axes[len(chosen) :]:
        axes.set_axis_off()
    return figure


def _words(output: Any, target: float, answer: float | None) -> str:
    told = "" if answer is None else f", said: {_figure(output.restore(float(answer)))}"
    return f"{output.name} {_figure(output.restore(float(target)))}{told} {output.unit}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
