"""The small residual networks for CIFAR-10 (He et al. 2016, "Deep Residual Learning for Image Recognition", 4.2).

Three stages of residual blocks; from one to the next, the maps halve their sides and double their number. With
shortcuts, 110 layers learn better than 20; without, 56 layers learn worse. `layers/residual.py` holds the block.

Shapes:
    B  batch size
    H, W  height and width of an image
    F  number of maps (channels) in the first stage
    C  number of classes
"""

from collections.abc import Sequence
from typing import Any

import keras

from ..errors import unknown_name
from ..layers.activations import serialize_activation
from ..layers.initializers import serialize_initializer
from ..layers.policies import get_policy, output_dtype
from ..layers.residual import SHORTCUTS, preactivated_block, residual_block
from ..layers.style import Style
from .arguments import image_shape, share, whole_number
from .base import ZooModel


def blocks_per_stage(depth: Any) -> int:
    """How many blocks each of the three stages has: n in depth = 6n + 2.

    Raises:
        ValueError: if there is no such whole number of at least 1.

    Example:
        >>> blocks_per_stage(20)
        3
        >>> blocks_per_stage(18)
        Traceback (most recent call last):
        ValueError: depth must be 6n + 2, such as 20, 32, 44, 56 or 110: three stages of n blocks ...; got 18.
    """
    depth = whole_number("depth", depth, least=8)
    blocks, rest = divmod(depth - 2, 6)
    if rest:
        raise ValueError(
            "depth must be 6n + 2, such as 20, 32, 44, 56 or 110: three stages of n blocks with two layers each, "
            f"the first and the last layer; got {depth}."
        )
    return blocks


@keras.saving.register_keras_serializable(package="gradschool")
class CIFARResNet(ZooModel):
    """A residual network of 6n + 2 layers for small images; ResNet-20 by default: 269 722 trainable parameters.

        layers              output     parameters
        conv              32x32x16            464
        stage1, n blocks  32x32x16         14 016  (n = 3)
        stage2, n blocks  16x16x32         51 072
        stage3, n blocks    8x8x64        203 520
        pool                    64
        logits                   C            650  (C = 10)

    Each normalised map has two running statistics besides, which no gradient trains: 1 376 in ResNet-20.

    Args:
        input_shape: height, width, channels of one image. Defaults to (32, 32, 3).
        classes: number of classes, C, at least 2. Defaults to 10.
        depth: number of layers with weights that multiply, 6n + 2. Defaults to 20.
        width: number of maps in the first stage, F; then 2F and 4F. Defaults to 16.
        shortcut: "padding" (without weights), "projection" (a 1x1 convolution), each only where the size changes, or
            "none": a plain network. Defaults to "padding".
        preactivation: whether normalisation and activation stand before the convolutions (version 2). Defaults to
            False.
        dropout: share of the pooled features left out in training, in [0, 1). Defaults to 0.
        activation, kernel_initializer, normalization, dtype, **kwargs: as in every model; see `models/base.py`. By
            default "relu", "he_normal" and "batch".

    Call arguments:
        images: float tensor, shape `(B, H, W, channels)`, pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`; float32 under every policy but "float64".

    Raises:
        ValueError: if the depth is not 6n + 2, if another argument is out of its range, or if a name is unknown.

    Example:
        >>> CIFARResNet().count_params()
        271098
        >>> CIFARResNet(depth=32, classes=100).output_shape
        (None, 100)

    Reference:
        He et al. (2016), section 4.2 and table 6 (option A, shortcuts without weights). Unlike there, the mean image is
        not subtracted from the pixels; the first normalisation takes a shift away, but not at the zero-padded border.
        With `preactivation` (He et al. 2016b), the first block's shortcut takes the maps of `conv` as they are; the
        appendix there activates them once before.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (32, 32, 3),
        classes: int = 10,
        depth: int = 20,
        width: int = 16,
        shortcut: str = "padding",
        preactivation: bool = False,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        normalization: str | None = "batch",
        dropout: float = 0.0,
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("CIFARResNet", input_shape)
        classes = whole_number("classes", classes, least=2)
        blocks = blocks_per_stage(depth)
        width = whole_number("width", width, least=1)
        if shortcut not in SHORTCUTS:
            raise unknown_name("shortcut", shortcut, SHORTCUTS)
        dropout = share("dropout", dropout)
        policy = get_policy(dtype)
        style = Style(activation, kernel_initializer, normalization or "none", policy)

        # === Functional model ===
        add_block = preactivated_block if preactivation else residual_block
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = style.convolve(images, width, name="conv")  # (B, H, W, F)
        if not preactivation:
            x = style.activate(style.normalize(x, name="conv"), name="act")
        for stage in (1, 2, 3):
            for block in range(1, blocks + 1):
                stride = 2 if stage > 1 and block == 1 else 1
                name = f"stage{stage}_block{block}"
                x = add_block(x, width * 2 ** (stage - 1), stride, shortcut=shortcut, style=style, name=name)
        # (B, H/4, W/4, 4F)
        if preactivation:
            x = style.activate(style.normalize(x, name="last"), name="last_act")
        super().__init__(images, style.classify(x, classes, dropout), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.depth = depth
        self.width = width
        self.shortcut = shortcut
        self.preactivation = bool(preactivation)
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.normalization = style.normalization
        self.dropout = dropout
