"""One layer for every frame of a sequence, with the same weights, at once."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
class PerFrame(keras.layers.TimeDistributed):
    """y_t = layer(x_t) for every step t: Keras's `TimeDistributed`, computed as one batch of B T frames.

    Keras's own calls the layer for one step after the other, with T small convolutions for one large one, and hands it
    tensors past the casting of its dtype policy. The layer must treat every sample by itself, and draw nothing.

    Args:
        layer: for one frame.
        **kwargs: `name`, `dtype`; by default they are the layer's own.

    Call arguments:
        inputs: float tensor, shape `(B, T, ...)`, T known beforehand.

    Returns:
        Float tensor, shape `(B, T, ...)`.

    Example:
        >>> PerFrame(keras.layers.Conv2D(5, 3, name="conv1"))(keras.Input((10, 66, 200, 3))).shape
        (None, 10, 64, 198, 5)
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs):
        super().__init__(layer, **{"name": layer.name, "dtype": layer.dtype_policy, **kwargs})

    def call(self, inputs):
        frames = ops.reshape(inputs, (-1, *inputs.shape[2:]))  # (B T, ...)
        outputs = self.layer(frames)
        return ops.reshape(outputs, (-1, inputs.shape[1], *outputs.shape[1:]))  # (B, T, ...)
