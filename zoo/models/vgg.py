"""VGG (Simonyan & Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1).

Nothing but 3x3 convolutions, and a pooling after every few of them: two 3x3 convolutions see as far as one of 5x5, with
fewer weights and an activation more.

    depth    convolutions in stages 1 to 5    parameters at 224x224 and 1 000 classes
     11      1, 1, 2, 2, 2                    132 863 336    (A in the paper)
     13      2, 2, 2, 2, 2                    133 047 848    (B)
     16      2, 2, 3, 3, 3                    138 357 544    (D)
     19      2, 2, 4, 4, 4                    143 667 240    (E)

Shapes:
    B  batch size
    H, W  height and width of an image
    F  number of maps (channels) of the first stage
    C  number of classes
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import keras
from keras import layers

from ..layers.activations import activated, serialize_activation
from ..layers.dropout import Dropout
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.input_scaling import check_scaling, scale_input
from ..layers.policies import get_policy, output_dtype
from ..layers.style import ON_MAPS, Style
from .arguments import image_shape, share, whole_number
from .base import ZooModel

CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


@keras.saving.register_keras_serializable(package="gradschool")
class VGG(ZooModel):
    """A VGG network; VGG-16 by default: 138 357 544 parameters, nine tenths of them in its dense layers.

        layers                        output      parameters of VGG-16
        stage1, 2 convolutions    224x224x64          38 720
        stage2, 2                112x112x128         221 440
        stage3, 3                  56x56x256       1 475 328
        stage4, 3                  28x28x512       5 899 776
        stage5, 3                  14x14x512       7 079 424
        flatten                        25088                  (after the fifth pooling)
        dense1                          4096     102 764 544
        dense2                          4096      16 781 312
        logits                             C       4 097 000  (C = 1 000)

    Args:
        input_shape: height, width, channels of one image; height and width at least 32, which five poolings halve to
            one. Defaults to (224, 224, 3).
        classes: number of classes, C, at least 2. Defaults to 1000.
        depth: number of layers with weights: 11, 13, 16 or 19. Defaults to 16.
        width: number of maps of the first stage, F; then 2F, 4F, 8F and 8F, and 64F units of each hidden dense layer.
            Defaults to 64.
        dropout: share of the outputs of dense1 and of dense2 left out in training, in [0, 1). Defaults to 0.5.
        activation, kernel_initializer, normalization, input_scaling, dtype, **kwargs: as in every model; see
            `models/base.py`. By default "relu", "he_normal", "none" and "none".

    Call arguments:
        images: float tensor, shape `(B, H, W, channels)`, pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`; float32 under every policy but "float64".

    Raises:
        ValueError: if there is no such depth, if the images are too small, if another argument is out of its range, or
            if a name is unknown.

    Example:
        >>> VGG(depth=11, width=8, input_shape=(32, 32, 3), classes=10).output_shape
        (None, 10)

    Reference:
        Simonyan & Zisserman (2015), sections 2.1 and 3.1. Unlike there: every net starts from He et al.'s variance,
        with which the deep ones train at once; the paper's took the first layers of VGG-11, trained before.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (224, 224, 3),
        classes: int = 1000,
        depth: int = 16,
        width: int = 64,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        normalization: str | None = "none",
        dropout: float = 0.5,
        input_scaling: str | None = "none",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("VGG", input_shape, smallest=32)
        classes = whole_number("classes", classes, least=2)
        if not isinstance(depth, Integral) or depth not in CONVOLUTIONS:
            raise ValueError(f"depth must be one of {', '.join(map(str, CONVOLUTIONS))}; got {depth!r}.")
        width = whole_number("width", width, least=1)
        dropout = share("dropout", dropout)
        input_scaling = check_scaling(input_scaling, input_shape[-1])
        policy = get_policy(dtype)
        style = Style(activation, kernel_initializer, normalization or "none", policy)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = scale_input(images, input_scaling, policy)
        for stage, convolutions in enumerate(CONVOLUTIONS[depth], start=1):
            channels = width * min(2 ** (stage - 1), 8)
            for number in range(1, convolutions + 1):
                name = f"stage{stage}_conv{number}"
                x = style.normalize(style.convolve(x, channels, name=name), name=name)
                x = style.activate(x, name=f"stage{stage}_act{number}")
            x = layers.MaxPooling2D(2, **ON_MAPS, dtype=policy, name=f"stage{stage}_pool")(x)  # (B, H/2^s, W/2^s, ...)
        x = layers.Flatten(**ON_MAPS, dtype=policy, name="flatten")(x)  # (B, H/32 W/32 8F)
        for number in (1, 2):
            dense = layers.Dense(
                64 * width, kernel_initializer=get_initializer(kernel_initializer), dtype=policy, name=f"dense{number}"
            )
            x = activated(dense, activation)(x)  # (B, 64F)
            if dropout:
                x = Dropout(dropout, dtype=policy, name=f"dropout{number}")(x)
        logits = layers.Dense(
            classes, kernel_initializer=get_initializer(kernel_initializer), dtype=output_dtype(policy), name="logits"
        )
        super().__init__(images, logits(x), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.depth = depth
        self.width = width
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.normalization = style.normalization
        self.dropout = dropout
        self.input_scaling = input_scaling
