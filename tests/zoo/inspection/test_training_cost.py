"""What a training costs, by hand."""

import pytest

from alexnet_layers import alexnet
from gradschool.zoo.inspection.training_cost import training_cost
from gradschool.zoo.models.mlp import MLP
from gradschool.zoo.models.sequence_classifier import SequenceClassifier


def test_alexnet_saw_115_million_images():
    cost = training_cost(alexnet(groups=2), samples=1_281_167, epochs=90)  # the training set of ILSVRC 2012
    assert round(cost.images / 1e6) == 115
    assert cost.multiply_adds == 724_406_816 * cost.images
    assert cost.operations == pytest.approx(5.01e17, rel=1e-3)


def test_sequences_of_any_length_have_no_cost():
    with pytest.raises(ValueError, match="depends on how long the sequences are, which it leaves open"):
        training_cost(SequenceClassifier(tokens=5, units=3), samples=100, epochs=3)


def test_forward_and_backward_are_three_passes_of_two_operations():
    cost = training_cost(MLP(), samples=100, epochs=3)
    work = 784 * 128 + 128 * 32 + 32 * 10
    assert (cost.images, cost.multiply_adds, cost.operations) == (300, 300 * work, 6 * 300 * work)


@pytest.mark.parametrize(("samples", "epochs", "named"), [(0, 1, "samples"), (1.5, 1, "samples"), (1, True, "epochs")])
def test_what_is_no_number_of_images(samples, epochs, named):
    with pytest.raises(ValueError, match=f"{named} must be a whole number of at least 1"):
        training_cost(MLP(), samples, epochs)
