"""A recurrent layer's outputs, and the gradients of a loss by its inputs, initial states and weights."""

import keras
from keras import ops

from gradients import gradients


class Probe(keras.layers.Layer):
    """Calls a recurrent layer on inputs and initial states that are weights, so that they have gradients."""

    def __init__(self, layer, inputs, states):
        super().__init__(dtype=layer.dtype_policy)
        self.layer = layer
        self.inputs, *self.states = (
            self.add_weight(shape=array.shape, initializer=lambda shape, dtype, array=array: ops.cast(array, dtype))
            for array in (inputs, *states)
        )

    def build(self, mask_shape):
        if not self.layer.built:
            self.layer.build(tuple(self.inputs.shape))

    def call(self, mask, training=False):
        states = [ops.convert_to_tensor(state) for state in self.states]
        options = {"initial_state": states} if states else {}
        found = self.layer(ops.convert_to_tensor(self.inputs), mask=mask, training=training, **options)
        return list(found) if isinstance(found, list | tuple) else [found]


def loss(_, outputs):
    """A number to which every output contributes in another way."""
    return sum(ops.sum(ops.sin(3 * one + place)) for place, one in enumerate(outputs))


def answers_and_gradients(layer, inputs, states, mask=None, training=False):
    """The layer's outputs, and the gradients of `loss`: by the inputs, the states and the weights."""
    probe = Probe(layer, inputs, states)
    probe.build(None)
    outputs = [ops.convert_to_numpy(one) for one in probe(mask, training=training)]
    return outputs, list(gradients(probe, mask, None, loss, training=training).values())
