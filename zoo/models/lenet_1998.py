"""LeNet-5 as it stands in the paper (LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition").

What later nets dropped is all here: pooling with weights, maps that see only some of the maps before, a squashing
function after every layer, and an output that measures distances from pictures of the digits.

Shapes:
    B  batch size
    C  number of classes
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..layers.activations import activated, serialize_activation
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.partial_convolution import PartialConv2D
from ..layers.policies import get_policy, output_dtype
from ..layers.rbf import RBFCodes
from ..layers.subsampling import TrainableSubsampling
from .arguments import image_shape, whole_number
from .base import ZooModel

# Table I: the maps of S2 that each map of C3 sees. Six see three neighbours, six four, three two pairs, and one all.
CONNECTIONS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
PAPER, INK = -0.1, 1.175  # what a white and a black pixel become: then the mean is about 0 and the variance about 1
SIZE = 32  # pixels of the input field


@keras.saving.register_keras_serializable(package="gradschool")
class LeNet5In1998(ZooModel):
    """LeNet-5 of 1998: 60 000 trainable parameters.

        layer       output      trainable    multiply-adds
        C1        28x28x6             156          117 600     convolution, 5x5
        S2        14x14x6              12            1 176     trainable subsampling, 2x2
        C3       10x10x16           1 516          150 000     convolution, 5x5, connected by table I
        S4         5x5x16              32              400     trainable subsampling, 2x2
        C5        1x1x120          48 120           48 000     convolution, 5x5
        F6             84          10 164           10 080     dense
        output          C               0              840     distances from fixed codes (C = 10)

    Every layer up to F6 ends in the squashing function f(a) = 1.7159 tanh(2a/3).

    Args:
        input_shape: (28, 28, channels), padded to 32x32 with paper, or (32, 32, channels). Defaults to (28, 28, 1).
        classes: number of classes, C, at least 2. Defaults to 10, whose codes are pictures of the digits.
        activation: of all layers up to F6; see `layers/activations.py`. Defaults to "scaled_tanh", which is f.
        kernel_initializer: of every kernel; see `layers/initializers.py`. Defaults to "inverse_fan_in", the paper's.
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, height, width, channels)`, pixels in [0, 1] with ink = 1.

    Returns:
        Logits, shape `(B, C)`: minus the squared distances y; float32 under every policy but "float64".

    Raises:
        ValueError: if the images have another size, if another argument is out of its range, or if a name is unknown.

    Example:
        >>> model = LeNet5In1998()
        >>> sum(weight.size for weight in map(keras.ops.convert_to_numpy, model.trainable_weights))
        60000

    Reference:
        LeCun et al. (1998), sections II.B and II.C, figure 2, table I, appendix A. Unlike there: subsampling starts as
        a plain mean, biases start at zero, the digits of the codes are drawn anew, and training is left to Keras's
        optimizers in place of the stochastic diagonal Levenberg-Marquardt method.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        classes: int = 10,
        activation: Any = "scaled_tanh",
        kernel_initializer: Any = "inverse_fan_in",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("LeNet5In1998", input_shape)
        if input_shape[:2] not in ((28, 28), (SIZE, SIZE)):
            raise ValueError(f"LeNet5In1998 takes images of 28x28 or 32x32 pixels; got input_shape={input_shape}.")
        classes = whole_number("classes", classes, least=2)
        policy = get_policy(dtype)

        # === Layers ===
        def squashed(layer, *args, **options):
            return activated(layer(*args, dtype=policy, **options), activation)

        def kernel():
            return get_initializer(kernel_initializer)

        on_maps = {"data_format": "channels_last"}  # whatever Keras's own configuration says
        pad = layers.ZeroPadding2D((SIZE - input_shape[0]) // 2, **on_maps, dtype=policy, name="pad")
        scale = layers.Rescaling(INK - PAPER, offset=PAPER, dtype=policy, name="scale")
        c1 = squashed(layers.Conv2D, 6, 5, **on_maps, kernel_initializer=kernel(), name="C1")
        s2 = squashed(TrainableSubsampling, 2, name="S2")
        c3 = squashed(PartialConv2D, CONNECTIONS, 5, kernel_initializer=kernel(), name="C3")
        s4 = squashed(TrainableSubsampling, 2, name="S4")
        c5 = squashed(layers.Conv2D, 120, 5, **on_maps, kernel_initializer=kernel(), name="C5")
        flatten = layers.Flatten(**on_maps, dtype=policy, name="flatten")
        f6 = squashed(layers.Dense, 84, kernel_initializer=kernel(), name="F6")
        output = RBFCodes(classes, dtype=output_dtype(policy), name="output")

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = scale(pad(images))  # (B, 32, 32, channels)
        x = s2(c1(x))  # (B, 14, 14, 6)
        x = s4(c3(x))  # (B, 5, 5, 16)
        x = flatten(c5(x))  # (B, 120)
        super().__init__(images, output(f6(x)), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
