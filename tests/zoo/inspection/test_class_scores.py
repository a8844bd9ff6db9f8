"""Which class is explained."""

import numpy as np
import pytest

from gradschool.zoo.inspection.class_scores import chosen_classes, model_outputs
from gradschool.zoo.models.mlp import MLP

OUTPUTS = np.array([[0.0, 2.0, 1.0], [5.0, 2.0, 1.0]])


@pytest.mark.parametrize(("classes", "chosen"), [(None, [1, 0]), (2, [2, 2]), ([0, 1], [0, 1]), (np.int64(1), [1, 1])])
def test_the_likeliest_one_for_all_or_one_for_each(classes, chosen):
    assert chosen_classes(OUTPUTS, classes).tolist() == chosen


@pytest.mark.parametrize("classes", [3, -1, [0], [0, 3], "cat", True, 1.0])
def test_what_is_no_class(classes):
    with pytest.raises(ValueError, match="classes must be a number from 0 to 2, or 2 of them; got"):
        chosen_classes(OUTPUTS, classes)


def test_a_model_that_scores_no_classes():
    with pytest.raises(ValueError, match=r"one score for each class, \(N, C\); got the shape \(2, 5, 3\)"):
        chosen_classes(np.zeros((2, 5, 3)), None)


def test_answers_come_in_batches():
    model, images = MLP((3, 5, 1), hidden=(4,)), np.random.default_rng(0).random((7, 3, 5, 1), "float32")
    np.testing.assert_allclose(model_outputs(model, images, 2), model_outputs(model, images, 7), rtol=1e-5)
