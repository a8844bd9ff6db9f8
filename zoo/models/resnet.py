"""The residual networks for ImageNet (He et al. 2016, "Deep Residual Learning for Image Recognition", table 1).

A first convolution, then four stages of residual blocks; from one to the next, the maps halve their sides and double
their number. `layers/residual.py` holds the blocks, `cifar_resnet.py` the small networks for CIFAR-10.

    depth    block                     blocks in stages 2 to 5    trainable parameters at 1 000 classes
     18      two 3x3                    2, 2,  2, 2               11 689 512
     34      two 3x3                    3, 4,  6, 3               21 797 672
     50      1x1, 3x3, 1x1              3, 4,  6, 3               25 557 032
    101      1x1, 3x3, 1x1              3, 4, 23, 3               44 549 160
    152      1x1, 3x3, 1x1              3, 8, 36, 3               60 192 808

Shapes:
    B  batch size
    H, W  height and width of an image
    F  number of maps (channels) of the first convolution
    E  what a block expands its maps by: 1, or 4 for a bottleneck
    C  number of classes
"""

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral
from typing import Any

import keras
from keras import layers

from ..errors import unknown_name
from ..layers.activations import serialize_activation
from ..layers.initializers import serialize_initializer
from ..layers.input_scaling import check_scaling, scale_input
from ..layers.policies import get_policy, output_dtype
from ..layers.residual import bottleneck_block, preactivated_block, preactivated_bottleneck, residual_block
from ..layers.style import ON_MAPS, Style
from .arguments import image_shape, share, whole_number, whole_numbers
from .base import ZooModel

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
STRIDES_ON = ("conv1", "conv2")


@keras.saving.register_keras_serializable(package="gradschool")
class ResNet(ZooModel):
    """A residual network for large images; ResNet-50 by default: 25 557 032 trainable parameters.

        layers              output of ResNet-50        of ResNet-18
        conv1, 7x7 / 2          112x112x64              112x112x64
        pool1, 3x3 / 2            56x56x64                56x56x64
        stage2, 3 blocks         56x56x256                56x56x64  (2 blocks)
        stage3, 4 blocks         28x28x512               28x28x128  (2)
        stage4, 6 blocks        14x14x1024               14x14x256  (2)
        stage5, 3 blocks          7x7x2048                 7x7x512  (2)
        pool                          2048                     512
        logits                           C                       C

    Each normalised map has two running statistics besides, which no gradient trains.

    Args:
        input_shape: height, width, channels of one image; height and width at least 17, so that each of the five
            halvings has something to halve. Defaults to (224, 224, 3).
        classes: number of classes, C, at least 2. Defaults to 1000.
        depth: number of layers with weights that multiply: 18, 34, 50, 101 or 152. Defaults to 50.
        blocks: number of blocks in stages 2 to 5, in place of the depth's own; what they are made of, the depth says.
        width: number of maps of the first convolution, F. Defaults to 64.
        preactivation: whether normalisation and activation stand before the convolutions (version 2). Defaults to
            False.
        stride_on: which convolution of a bottleneck halves the sides: "conv2", the 3x3 one, or "conv1", the first 1x1
            one, as in the paper and in `keras.applications`. Defaults to "conv2".
        dropout: share of the pooled features left out in training, in [0, 1). Defaults to 0.
        activation, kernel_initializer, normalization, input_scaling, dtype, **kwargs: as in every model; see
            `models/base.py`. By default "relu", "he_normal", "batch" and "none".

    Call arguments:
        images: float tensor, shape `(B, H, W, channels)`, pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`; float32 under every policy but "float64".

    Raises:
        ValueError: if there is no such depth, if another argument is out of its range, or if a name is unknown.

    Example:
        >>> ResNet(depth=18, input_shape=(32, 32, 3), classes=10).output_shape
        (None, 10)
        >>> ResNet(depth=20)
        Traceback (most recent call last):
        ValueError: depth must be one of 18, 34, 50, 101, 152; got 20. For small images: CIFARResNet has 6n + 2 layers.

    Reference:
        He et al. (2016), table 1; with `preactivation`, He et al. (2016b), "Identity Mappings in Deep Residual
        Networks". Unlike there: the stride of a bottleneck lies in its 3x3 convolution, which sees every pixel then
        (Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 5.1); a projection wherever the size changes
        (option B); and no convolution has a bias, since the shift of the normalisation behind it is one. With
        `preactivation`, the maps of conv1 go into pooling and into the first block's shortcut as they are, as in
        `keras.applications`; the appendix of He et al. (2016b) activates them once before.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (224, 224, 3),
        classes: int = 1000,
        depth: int = 50,
        blocks: Sequence[int] | None = None,
        width: int = 64,
        preactivation: bool = False,
        stride_on: str = "conv2",
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        normalization: str | None = "batch",
        dropout: float = 0.0,
        input_scaling: str | None = "none",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("ResNet", input_shape, smallest=17)
        classes = whole_number("classes", classes, least=2)
        depth = check_depth(depth)
        blocks = BLOCKS[depth] if blocks is None else whole_numbers("blocks", blocks, least=1, count=4)
        width = whole_number("width", width, least=1)
        if stride_on not in STRIDES_ON:
            raise unknown_name("stride_on", stride_on, STRIDES_ON)
        dropout = share("dropout", dropout)
        input_scaling = check_scaling(input_scaling, input_shape[-1])
        policy = get_policy(dtype)
        style = Style(activation, kernel_initializer, normalization or "none", policy)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = scale_input(images, input_scaling, policy)
        x = style.convolve(x, width, 7, 2, name="conv1")  # (B, H/2, W/2, F)
        if not preactivation:
            x = style.activate(style.normalize(x, name="conv1"), name="act1")
        x = layers.MaxPooling2D(3, 2, **ON_MAPS, dtype=policy, name="pool1")(style.pad(x, 1, name="pool1"))
        add_block = block_of(depth, preactivation, stride_on)
        for stage, count in enumerate(blocks, start=2):  # (B, H/4, W/4, F) comes in
            for block in range(1, count + 1):
                stride, name = 2 if stage > 2 and block == 1 else 1, f"stage{stage}_block{block}"
                x = add_block(x, width * 2 ** (stage - 2), stride, shortcut="projection", style=style, name=name)
        # (B, H/32, W/32, 8 E F)
        if preactivation:
            x = style.activate(style.normalize(x, name="last"), name="last_act")
        super().__init__(images, style.classify(x, classes, dropout), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.depth = depth
        self.blocks = blocks
        self.width = width
        self.preactivation = bool(preactivation)
        self.stride_on = stride_on
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.normalization = style.normalization
        self.dropout = dropout
        self.input_scaling = input_scaling


def check_depth(depth: Any) -> int:
    """`depth`, if there is a residual network of so many layers.

    Raises:
        ValueError: otherwise.
    """
    if not isinstance(depth, Integral) or depth not in BLOCKS:
        raise ValueError(
            f"depth must be one of {', '.join(map(str, BLOCKS))}; got {depth!r}. "
            "For small images: CIFARResNet has 6n + 2 layers."
        )
    return int(depth)


def block_of(depth: int, preactivation: bool, stride_on: str) -> Callable[..., Any]:
    """The kind of block that a network of that depth consists of."""
    if depth < 50:
        return preactivated_block if preactivation else residual_block
    return partial(preactivated_bottleneck if preactivation else bottleneck_block, stride_on=stride_on)
