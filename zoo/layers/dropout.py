"""Dropout (Srivastava et al. 2014), with a mask that belongs to the sample, not to the device it happens to be on."""

import keras
from keras import ops

from .global_batch import current_part, draw_for_samples


@keras.saving.register_keras_serializable(package="gradschool")
class Dropout(keras.layers.Dropout):
    """Sets a share of its inputs to zero in training and scales up the others, so that their mean stays.

        y = x * d / (1 - p),   d = 0 with probability p, else 1

    On one device this is Keras's layer. On several replicas each draws the mask of the whole global batch and takes the
    rows of its own samples, so that training gives the same weights on any number of replicas.

    Args:
        rate: p, in [0, 1].
        **kwargs: as of `keras.layers.Dropout`: `noise_shape`, `seed`, `name`, `dtype`.

    Call arguments:
        inputs: float tensor, shape `(m, ...)`.
        training: whether to drop anything.

    Returns:
        Tensor like `inputs`.

    Example:
        >>> dropped = Dropout(0.5)(ops.ones((2, 3)), training=True)
        >>> set(ops.convert_to_numpy(dropped).ravel().tolist()) <= {0.0, 2.0}
        True

    Reference:
        Srivastava et al. (2014), "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", section 4; here
        the scaling is done in training, not when the network is used.
    """

    def call(self, inputs, training=False):
        if not training or not self.rate or current_part() is None:
            return super().call(inputs, training=training)

        def draw(shape):
            ones = ops.ones(shape, inputs.dtype)
            return keras.random.dropout(ones, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)

        return inputs * draw_for_samples(draw, ops.shape(inputs))
