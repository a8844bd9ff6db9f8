"""Driving from what was seen in the last second: convolutions through height, width and time (Tran et al. 2015).

A kernel that is three frames deep sees what moves. These are PilotNet's convolutions with that third axis: their 10
frames have become one when the picture has become one row.

Shapes:
    B  batch size
    T  frames of a sequence
    H, W  height and width of a frame
    O  number of values to predict, such as steering angle, speed and torque
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..layers.activations import activation_layer, serialize_activation
from ..layers.dropout import Dropout
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.input_scaling import check_scaling, scale_input
from ..layers.normalization import check_normalization, normalized
from ..layers.policies import get_policy, output_dtype
from ..layers.style import ON_MAPS
from .arguments import clip_shape, share, whole_number
from .base import ZooModel
from .pilotnet import CONVOLUTIONS, DENSE, SMALLEST

DEPTH = 3  # frames that a kernel sees
FEWEST = (DEPTH - 1) * (len(CONVOLUTIONS) - 1) + 1  # frames: each convolution but the last takes two away


@keras.saving.register_keras_serializable(package="gradschool")
class Conv3DNet(ZooModel):
    """PilotNet through time: 477 601 parameters at 10 frames of 66x200x3 and three values to predict.

        layer                     output      parameters
        scaling              10x66x200x3                  (to values from -1 to 1)
        conv1, 3x5x5 / 1x2x2  8x31x98x24           5 424
        conv2, 3x5x5 / 1x2x2  6x14x47x36          64 836
        conv3, 3x5x5 / 1x2x2   4x5x22x48         129 648
        conv4, 3x3x3           2x3x20x64          83 008
        conv5, 2x3x3           1x1x18x64          73 792  (as deep as there are frames left)
        flatten                     1152
        dense1                       100         115 300
        dense2                        50           5 050
        dense3                        10             510
        controls                       O              33  (O = 3)

    Args:
        input_shape: frames, height, width, channels; at least 9 frames, height and width at least 61. Defaults to
            (10, 66, 200, 3).
        units: number of values to predict, O. Defaults to 3.
        width: number of maps of conv1; those of the others grow with it. Defaults to 24.
        dropout: share of the flattened features and of the outputs of dense1 left out in training, in [0, 1).
            Defaults to 0.
        activation, kernel_initializer, normalization, input_scaling, dtype, **kwargs: as in every model; see
            `models/base.py`. By default "relu", "he_normal", "none" and "symmetric".

    Call arguments:
        frames: float tensor, shape `(B, T, H, W, channels)`, pixels in [0, 1].

    Returns:
        Values, shape `(B, O)`; float32 under every policy but "float64".

    Raises:
        ValueError: if there are too few frames or they are too small, if another argument is out of its range, or if a
            name is unknown.

    Example:
        >>> Conv3DNet().output_shape
        (None, 3)

    Reference:
        Tran et al. (2015), "Learning Spatiotemporal Features with 3D Convolutional Networks", who find kernels of depth
        3 best; the sizes of the layers are those of Bojarski et al. (2016), figure 4.
    """

    task = "regression"

    def __init__(
        self,
        input_shape: Sequence[int] = (10, 66, 200, 3),
        units: int = 3,
        width: int = 24,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        normalization: str | None = "none",
        dropout: float = 0.0,
        input_scaling: str | None = "symmetric",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = clip_shape("Conv3DNet", input_shape, frames=FEWEST, smallest=SMALLEST)
        units = whole_number("units", units, least=1)
        width = whole_number("width", width, least=1)
        normalization = check_normalization(normalization)
        dropout = share("dropout", dropout)
        input_scaling = check_scaling(input_scaling, input_shape[-1])
        policy = get_policy(dtype)

        # === Functional model ===
        def kernel():
            return get_initializer(kernel_initializer)

        frames = keras.Input(input_shape, dtype=output_dtype(policy), name="frames")
        x = scale_input(frames, input_scaling, policy)
        for number, (times, size, stride) in enumerate(CONVOLUTIONS, start=1):
            maps = max(1, round(times * width))
            depth = DEPTH if number < len(CONVOLUTIONS) else x.shape[1]
            how = {"strides": (1, stride, stride), "kernel_initializer": kernel(), "dtype": policy}
            x = layers.Conv3D(maps, (depth, size, size), **ON_MAPS, **how, name=f"conv{number}")(x)
            x = normalized(x, normalization, name=f"conv{number}", dtype=policy)
            x = activation_layer(activation, name=f"act{number}", dtype=policy)(x)  # (B, 8, 31, 98, 24) ...
        x = layers.Flatten(**ON_MAPS, dtype=policy, name="flatten")(x)  # (B, 1152)
        for number, hidden in enumerate(DENSE, start=1):
            if dropout and number < 3:
                x = Dropout(dropout, dtype=policy, name=f"dropout{number}")(x)
            x = layers.Dense(hidden, kernel_initializer=kernel(), dtype=policy, name=f"dense{number}")(x)
            x = activation_layer(activation, name=f"dense{number}_act", dtype=policy)(x)
        controls = layers.Dense(units, kernel_initializer=kernel(), dtype=output_dtype(policy), name="controls")
        super().__init__(frames, controls(x), dtype=policy, **kwargs)  # (B, O)

        # === Config ===
        self.sample_shape = input_shape
        self.units = units
        self.width = width
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.normalization = normalization
        self.dropout = dropout
        self.input_scaling = input_scaling

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, object]:
        cls.check_task(description)
        return {"input_shape": description.input_shape, "units": len(description.outputs) or 1, **overrides}
