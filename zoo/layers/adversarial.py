"""What two networks that learn against each other need, so that one step of one optimizer trains both.

Shapes:
    B  batch size
    J  number of values of a latent vector
"""

from typing import Any

import keras
from keras import ops

from .global_batch import draw_for_samples


@keras.saving.register_keras_serializable(package="gradschool")
class LatentVectors(keras.layers.Layer):
    """A random vector for every sample, whatever the sample: what a generator makes its images of.

        z ~ N(0, 1)^J in training;   z = 0, the middle of it, otherwise, so that answers can be repeated

    Args:
        size: J.
        seed: of the vectors. Defaults to a random one.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: tensor, shape `(B, ...)`; only its number of rows counts.
        training: whether to draw.

    Returns:
        Float tensor, shape `(B, J)`.

    Example:
        >>> tuple(LatentVectors(3)(ops.zeros((2, 28, 28, 1)), training=True).shape)
        (2, 3)
    """

    def __init__(self, size: int, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = size
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, x_shape):
        self.built = True

    def call(self, x, training=False):
        shape = (ops.shape(x)[0], self.size)
        return draw_for_samples(self._draw, shape) if training else ops.zeros(shape, self.compute_dtype)

    def _draw(self, shape):
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, x_shape):
        return (x_shape[0], self.size)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "seed": self.seed}


@keras.saving.register_keras_serializable(package="gradschool")
class StopGradient(keras.layers.Layer):
    """Passes its input on; what comes before learns nothing from what comes after.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: any tensor.

    Returns:
        The same.
    """

    def build(self, x_shape):
        self.built = True

    def call(self, x):
        return ops.stop_gradient(x)

    def compute_output_shape(self, x_shape):
        return x_shape


@keras.saving.register_keras_serializable(package="gradschool")
class Judged(keras.layers.Layer):
    """A network's answer, from which its input may learn and the network itself may not.

    The network is called with its weights taken as constants. What it would note on the way (running statistics) is
    forgotten. The layer has no weights of its own, and the network must be part of the model elsewhere.

    Args:
        network: a built `keras.Model` with one output.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: tensor, as the network takes it.
        training: whether the network is to act as in training.

    Returns:
        The network's answer.
    """

    def __init__(self, network: keras.Model, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)  # the network's layers see to that
        object.__setattr__(self, "network", network)  # past Keras, which would list the network's weights here as well

    def build(self, x_shape):
        self.built = True

    def call(self, x, training=False):
        constant = [ops.stop_gradient(variable.value) for variable in self.network.trainable_variables]
        others = [variable.value for variable in self.network.non_trainable_variables]
        answer, _ = self.network.stateless_call(constant, others, x, training=training)
        return answer

    def compute_output_shape(self, x_shape):
        return (x_shape[0], *self.network.output_shape[1:])

    def multiply_adds(self, input_shape, output_shape) -> int:
        """Those of the network, which this layer calls once more."""
        from ..inspection.layer_table import layer_table, total

        return total(layer_table(self.network))[1]
