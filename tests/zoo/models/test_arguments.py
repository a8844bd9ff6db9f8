"""What models are given is checked, and the message says what is possible."""

import re

import numpy as np
import pytest

from gradschool import zoo
from gradschool.zoo.models.arguments import image_shape, sample_shape, share, whole_number, whole_numbers


def test_numpy_s_and_lists_numbers_become_plain_ones():
    assert whole_number("classes", np.int64(3), least=2) == 3
    assert [type(size) for size in whole_numbers("hidden", np.array([3, 5]), least=1)] == [int, int]
    assert image_shape("LeNet5", [28, 28, 1]) == (28, 28, 1)
    assert sample_shape((5,)) == (5,)
    assert share("dropout", 0) == 0.0


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: whole_number("classes", 1, 2), "classes must be a whole number of at least 2; got 1."),
        (lambda: whole_number("classes", 2.0, 2), "classes must be a whole number of at least 2; got 2.0."),
        (lambda: whole_number("classes", "10", 2), "classes must be a whole number of at least 2; got '10'."),
        (lambda: whole_number("units", True, 1), "units must be a whole number of at least 1; got True."),
        (lambda: whole_numbers("hidden", 3, 1), "hidden must be a tuple of whole numbers of at least 1; got 3."),
        (
            lambda: whole_numbers("hidden", (3, 0), 1),
            "every part of hidden=(3, 0) must be a whole number of at least 1",
        ),
        (lambda: whole_numbers("input_shape", (3, 4), 1, 1), "a tuple of 1 whole numbers of at least 1; got (3, 4)."),
        (lambda: sample_shape(()), "input_shape must have at least one axis"),
        (lambda: image_shape("LeNet5", (28, 28)), "LeNet5 takes images, input_shape=(height, width, channels):"),
        (lambda: image_shape("LeNet5", (28, 8, 1), 12), "at least 12x12 pixels; got input_shape=(28, 8, 1)."),
        (lambda: share("dropout", 1), "dropout must be a number in [0, 1); got 1."),
        (lambda: share("dropout", "much"), "dropout must be a number in [0, 1); got 'much'."),
        (lambda: share("dropout", float("nan")), "dropout must be a number in [0, 1); got nan."),
    ],
)
def test_what_does_not_fit_is_refused_by_name(check, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check()


def test_a_class_made_from_a_zoo_model_keeps_what_it_hands_on():
    class Noted(zoo.LeNet5):
        def __init__(self, note="", **kwargs):
            super().__init__(**kwargs)
            self.note = note

    config = Noted("mine", activation="relu", classes=26).get_config()
    assert (config["note"], config["activation"], config["classes"]) == ("mine", "relu", 26)
    assert Noted.from_config(config).output_shape == (None, 26)
    with pytest.raises(TypeError, match="Noted takes no argument 'clases'; did you mean 'classes'"):
        Noted(clases=3)
