"""Frames of a drive with their values, and what a model says of them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.description import Output
from gradschool.zoo.pictures.frames import COLUMNS, ROWS, frame_samples
from gradschool.zoo.pictures.run import draw_samples

ANGLE, TORQUE = Output("steering angle", "degrees", mean=1.0, std=2.0), Output("torque", "N m", mean=0.0, std=1000.0)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_frames_are_spread_over_the_drive_and_carry_their_values():
    frames = np.random.default_rng(0).random((100, 6, 9, 3))
    targets = np.stack([np.arange(100) / 2, np.ones(100)], axis=1)
    axes = frame_samples(frames, targets, (ANGLE, TORQUE)).axes
    assert len(axes) == ROWS * COLUMNS
    assert axes[0].get_title() == "steering angle 1 degrees\ntorque 1,000 N m"
    assert axes[-1].get_title() == "steering angle 100 degrees\ntorque 1,000 N m"
    np.testing.assert_array_equal(axes[-1].images[0].get_array(), frames[-1])


def test_of_a_sequence_the_last_frame_is_shown_and_answers_stand_beside():
    frames = np.random.default_rng(0).random((3, 4, 6, 9, 3))
    figure = frame_samples(frames, np.zeros((3, 1)), (ANGLE,), np.ones((3, 1)))
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["steering angle 1, said: 3 degrees"] * 3
    np.testing.assert_array_equal(shown[1].images[0].get_array(), frames[1, -1])


@pytest.mark.parametrize("name", ["roads", "road_sequences"])
def test_samples_of_roads_are_drawn(name):
    data = load_data(name, drives=5, per_drive=2, image_size=(16, 24), validation_share=0.25)
    titles = [axes.get_title() for axes in draw_samples(*data.arrays("train"), data.description).axes if axes.images]
    assert len(titles) == 6
    assert all(title.startswith("steering angle") for title in titles)
