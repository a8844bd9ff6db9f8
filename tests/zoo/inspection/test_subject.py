"""Which images a trained model is shown: never those it has learned from, where it has drawn the others itself."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.engine.opening import Trained
from gradschool.zoo.inspection.subject import Subject, check_test_part
from gradschool.zoo.registry import create_model


def subject(name, data, seed, fold=None):
    return Subject(name, Trained(create_model("mlp_16_16"), data, [], {"seed": seed}, fold))


@pytest.mark.parametrize("data", [None, "digits"])
def test_its_own_data_are_split_as_in_its_training(data):
    shown = subject("run", "digits", seed=3).test_images(data, None).images
    np.testing.assert_array_equal(shown, load_data("digits", seed=3).arrays("test")[0])


def test_of_other_data_it_has_seen_nothing():
    shown = subject("run", "mnist", seed=3).test_images("digits", None).images
    np.testing.assert_array_equal(shown, load_data("digits").arrays("test")[0])


def test_several_are_shown_what_none_has_learned_from():
    one, same, other, fold = (
        subject("one", "digits", 3),
        subject("same", "digits", 3),
        subject("other", "digits", 4),
        subject("fold", "digits", 3, (0, 5)),
    )
    check_test_part([one, same, subject("mnist", "mnist", 4)], None)
    check_test_part([one, other], "mnist")
    check_test_part([subject("mnist", "mnist", 7), subject("zero", "digits", 0)], "digits")
    for refused in (other, fold):
        with pytest.raises(ValueError, match=f"{refused.name} has learned from samples of digits that one is tested"):
            check_test_part([one, same, refused], None)
