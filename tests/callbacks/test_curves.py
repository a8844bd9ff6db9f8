"""Learning curves show the figures of the histories, and only the model's own."""

import numpy as np

from gradschool.callbacks.pictures import new_figure
from gradschool.callbacks.reporting.curves import curve_names, draw_curve


def drawn(histories, name):
    figure = new_figure(4, 3)
    axes = figure.subplots()
    draw_curve(axes, histories, name)
    figure.canvas.draw()
    return axes


def test_several_runs_lie_over_each_other_with_one_legend():
    histories = [[{"epoch": e, "loss": k / e, "val_loss": 2 * k / e} for e in (1, 2, 3)] for k in (1, 5)]
    axes = drawn(histories, "loss")
    np.testing.assert_allclose([line.get_ydata() for line in axes.lines[:2]], [[1, 1 / 2, 1 / 3], [5, 5 / 2, 5 / 3]])
    np.testing.assert_allclose([line.get_ydata() for line in axes.lines[2:]], [[2, 1, 2 / 3], [10, 5, 10 / 3]])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"]


def test_an_epoch_without_the_figure_is_left_out():
    rows = [{"epoch": 1, "loss": 1.0, "val_loss": None}, {"epoch": 2, "loss": 0.5, "val_loss": 0.7}]
    training, validation = drawn([rows], "loss").lines
    assert list(training.get_xdata()) == [1, 2]
    assert list(validation.get_xdata()) == [2]


def test_a_metric_of_the_users_is_a_curve():
    columns = ["epoch", "gradient_penalty", "loss", "dead_reckoning_error", "val_loss", "clipped_surrogate"]
    assert curve_names(columns) == ["gradient_penalty", "loss", "dead_reckoning_error", "clipped_surrogate"]
