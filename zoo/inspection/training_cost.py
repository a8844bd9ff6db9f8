"""What a training costs: how many images pass through the model, and how many operations that takes."""

from dataclasses import dataclass

import keras

from ...callbacks.numbers_given import is_whole
from .layer_table import is_open, layer_table, total

OPERATIONS = 2  # a multiply-add is one multiplication and one addition
PASSES = 3  # forward, and a backward pass that takes twice as much


@dataclass(frozen=True)
class TrainingCost:
    """What a training costs.

    Args:
        images: samples that the model sees, each as often as there are epochs.
        multiply_adds: of the forward passes over all of them.
        operations: floating-point operations of the whole training, forward and backward.
    """

    images: int
    multiply_adds: int
    operations: int


def training_cost(model: keras.Model, samples: int, epochs: int) -> TrainingCost:
    """The cost of training `model` on so many samples for so many epochs.

        images = samples * epochs
        operations = 2 * 3 * (multiply-adds of one sample, forward) * images

    2 because a multiply-add is two operations. 3 because the way back takes two products for each one of the way there:
    one for the gradient by the layer's input, one for the gradient by its weights. (The first layer needs no gradient
    by its input; that is not taken off.) The optimizer's own work, a few operations for each weight and step, is left
    out.

    Args:
        model: functional or sequential.
        samples: of the training set, at least 1.
        epochs: times that each is seen, at least 1.

    Raises:
        ValueError: if a number is not whole or too small, or the model leaves the length of its sequences open; else as
            `layer_table`.

    Example:
        >>> model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
        >>> training_cost(model, samples=100, epochs=2)
        TrainingCost(images=200, multiply_adds=3000, operations=18000)

    Reference:
        Amodei & Hernandez (2018), "AI and Compute", appendix, first method.
    """
    for name, value in (("samples", samples), ("epochs", epochs)):
        if not is_whole(value, 1):
            raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}.")
    images = int(samples) * int(epochs)
    if is_open(model):
        raise ValueError(
            f"what a training of {model.name} costs depends on how long the sequences are, which it leaves open: "
            "make it with a fixed length, input_shape=(steps, ...)."
        )
    _, forward = total(layer_table(model))
    return TrainingCost(images, forward * images, OPERATIONS * PASSES * forward * images)
