"""LeNet-5 in its modern form (LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", II.B).

The first convolutional network that read digits for a living: two rounds of "look for local patterns, then keep
roughly where they were", and a small classifier on what is left. `lenet_1998.py` is the network as it stands in the
paper.

Shapes:
    B  batch size
    C  number of classes
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..layers.activations import activated, serialize_activation
from ..layers.dropout import Dropout
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import image_shape, share, whole_number
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class LeNet5(ZooModel):
    """LeNet-5 in its modern form: 61 706 parameters at 28x28x1 and ten classes.

        layer     output        parameters
        conv1     28x28x6              156
        pool1     14x14x6
        conv2     10x10x16           2 416
        pool2      5x5x16
        flatten       400
        dense1        120           48 120
        dense2         84           10 164
        logits          C              850  (C = 10)

    Args:
        input_shape: height, width, channels of one image; height and width at least 12. Defaults to (28, 28, 1).
        classes: number of classes, C, at least 2. Defaults to 10.
        activation: of the hidden layers; see `layers/activations.py`. Defaults to "tanh", as in the paper.
        kernel_initializer: of every kernel; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dropout: share of the outputs of dense1 and of dense2 left out in training, in [0, 1). Defaults to 0.
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, height, width, channels)`, pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`; float32 under every policy but "float64".

    Raises:
        ValueError: if the images are too small for two 5x5 convolutions with pooling, if another argument is out of
            its range, or if a name is unknown.

    Example:
        >>> model = LeNet5()
        >>> model.count_params()
        61706

    Reference:
        LeCun et al. (1998), figure 2. Unlike there: 28x28 images padded by the first convolution, every map of
        conv2 sees every map of pool1, plain average pooling, and a linear output with softmax cross-entropy.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        classes: int = 10,
        activation: Any = "tanh",
        kernel_initializer: Any = "glorot_uniform",
        dropout: float = 0.0,
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("LeNet5", input_shape, smallest=12)
        classes = whole_number("classes", classes, least=2)
        dropout = share("dropout", dropout)
        policy = get_policy(dtype)

        # === Layers ===
        def hidden(layer, *args, **options):
            kernel = get_initializer(kernel_initializer)
            return activated(layer(*args, kernel_initializer=kernel, dtype=policy, **options), activation)

        on_maps = {"data_format": "channels_last"}  # whatever Keras's own configuration says
        conv1 = hidden(layers.Conv2D, 6, 5, padding="same", **on_maps, name="conv1")
        pool1 = layers.AveragePooling2D(2, **on_maps, dtype=policy, name="pool1")
        conv2 = hidden(layers.Conv2D, 16, 5, **on_maps, name="conv2")
        pool2 = layers.AveragePooling2D(2, **on_maps, dtype=policy, name="pool2")
        flatten = layers.Flatten(**on_maps, dtype=policy, name="flatten")
        dense1 = hidden(layers.Dense, 120, name="dense1")
        dense2 = hidden(layers.Dense, 84, name="dense2")
        logits = layers.Dense(
            classes, kernel_initializer=get_initializer(kernel_initializer), dtype=output_dtype(policy), name="logits"
        )

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = pool1(conv1(images))  # (B, 14, 14, 6)
        x = pool2(conv2(x))  # (B, 5, 5, 16)
        x = dense1(flatten(x))  # (B, 120)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout1")(x)
        x = dense2(x)  # (B, 84)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout2")(x)
        super().__init__(images, logits(x), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.dropout = dropout
