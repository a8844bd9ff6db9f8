"""Images beside what the model says they are."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GREY, new_figure, show_image, tidy

MOST_BARS, MOST_ROWS = 10, 20


def draw_answers(answers: Sequence) -> Figure:
    """A row per image: the image as the model sees it, and a bar for each of its likeliest classes.

    Args:
        answers: as `engine.prediction.classify_images` gives them; the first are drawn if there are many.

    Returns:
        The figure.
    """
    shown = answers[:MOST_ROWS]
    figure = new_figure(5.6, 1.9 * len(shown) + 0.2)
    grid = figure.subplots(len(shown), 2, squeeze=False, width_ratios=[1, 2])
    for (left, right), answer in zip(grid, shown, strict=True):
        show_image(left, answer.image)
        left.set_title(answer.name, fontsize=8)
        beliefs = answer.probabilities
        bars = np.sort(np.argsort(-beliefs)[:MOST_BARS])  # the likeliest, in the classes' own order
        right.barh(range(len(bars)), beliefs[bars], color=[BLUE if i == beliefs.argmax() else GREY for i in bars])
        right.set_yticks(range(len(bars)), [answer.class_names[i] for i in bars], fontsize=7)
        right.invert_yaxis()
        right.set_xlim(0, 1)
        right.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"], fontsize=7)
        right.set_title(f"{answer.class_name}: {answer.confidence:.1%}", fontsize=8, loc="left")
        tidy(right)
    return figure
