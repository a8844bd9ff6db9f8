"""Driving from what was seen in the last second: PilotNet's convolutions, and an LSTM over the frames.

One picture shows where the road goes, and not how fast the car is: the LSTM (Hochreiter & Schmidhuber 1997) compares
frames, as the recurrent convolutional networks of Donahue et al. (2015) do with videos.

Shapes:
    B  batch size
    T  frames of a sequence
    H, W  height and width of a frame
    D  features of a frame
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
from ..layers.lstm import LSTM
from ..layers.per_frame import PerFrame
from ..layers.policies import get_policy, output_dtype
from ..layers.style import ON_MAPS
from .arguments import clip_shape, share, whole_number
from .base import ZooModel
from .pilotnet import CONVOLUTIONS, SMALLEST


@keras.saving.register_keras_serializable(package="gradschool")
class CNNLSTM(ZooModel):
    """PilotNet's convolutions for every frame, an LSTM over the frames, and two dense layers: 445 079 parameters.

        f_t = CNN(x_t),   h_t, c_t = LSTM(f_t, h_{t-1}, c_{t-1}),   y = W_2 a(W_1 h_T + b_1) + b_2

        layer                  output      parameters
        scaling           10x66x200x3                  (to values from -1 to 1)
        conv1, 5x5 / 2    10x31x98x24           1 824  (one set of weights for all frames, here and below)
        conv2, 5x5 / 2    10x14x47x36          21 636
        conv3, 5x5 / 2     10x5x22x48          43 248
        conv4, 3x3         10x3x20x64          27 712
        conv5, 3x3         10x1x18x64          36 928
        features              10x1152
        lstm                       64         311 552
        dense1                     32           2 080
        controls                    O              99  (O = 3)

    Args:
        input_shape: frames, height, width, channels; height and width at least 61. Defaults to (10, 66, 200, 3).
        units: number of values to predict, O. Defaults to 3.
        width: number of maps of conv1; those of the others grow with it. Defaults to 24.
        hidden: number of units of the LSTM. Defaults to 64.
        dropout: share of each frame's features and of the LSTM's answer left out in training, in [0, 1). Defaults to 0.
        activation, kernel_initializer, input_scaling, dtype, **kwargs: as in every model; see `models/base.py`. By
            default "relu", "he_normal" and "symmetric". The LSTM's own are tanh and the logistic.

    Call arguments:
        frames: float tensor, shape `(B, T, H, W, channels)`, pixels in [0, 1].

    Returns:
        Values, shape `(B, O)`; float32 under every policy but "float64".

    Raises:
        ValueError: if the frames are too small, if another argument is out of its range, or if a name is unknown.

    Example:
        >>> CNNLSTM().output_shape
        (None, 3)

    Reference:
        Donahue et al. (2015), "Long-term Recurrent Convolutional Networks for Visual Recognition and Description",
        section 3; the convolutions are those of Bojarski et al. (2016), figure 4. Its layers
        conv1 to conv5 have the names and weights of PilotNet's.
    """

    task = "regression"

    def __init__(
        self,
        input_shape: Sequence[int] = (10, 66, 200, 3),
        units: int = 3,
        width: int = 24,
        hidden: int = 64,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        dropout: float = 0.0,
        input_scaling: str | None = "symmetric",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = clip_shape("CNNLSTM", input_shape, frames=1, smallest=SMALLEST)
        units = whole_number("units", units, least=1)
        width, hidden = whole_number("width", width, least=1), whole_number("hidden", hidden, least=1)
        dropout = share("dropout", dropout)
        input_scaling = check_scaling(input_scaling, input_shape[-1])
        policy = get_policy(dtype)

        # === Functional model ===
        def kernel():
            return get_initializer(kernel_initializer)

        frames = keras.Input(input_shape, dtype=output_dtype(policy), name="frames")
        x = scale_input(frames, input_scaling, policy)
        for number, (times, size, stride) in enumerate(CONVOLUTIONS, start=1):
            maps, name = max(1, round(times * width)), f"conv{number}"
            conv = layers.Conv2D(maps, size, stride, **ON_MAPS, kernel_initializer=kernel(), dtype=policy, name=name)
            x = activation_layer(activation, name=f"act{number}", dtype=policy)(PerFrame(conv)(x))
        x = layers.Reshape((input_shape[0], -1), dtype=policy, name="features")(x)  # (B, T, D)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout1")(x)
        x = LSTM(hidden, dtype=policy, name="lstm")(x)  # (B, hidden)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout2")(x)
        x = layers.Dense(32, kernel_initializer=kernel(), dtype=policy, name="dense1")(x)
        x = activation_layer(activation, name="dense1_act", dtype=policy)(x)
        controls = layers.Dense(units, kernel_initializer=kernel(), dtype=output_dtype(policy), name="controls")
        super().__init__(frames, controls(x), dtype=policy, **kwargs)  # (B, O)

        # === Config ===
        self.sample_shape = input_shape
        self.units = units
        self.width = width
        self.hidden = hidden
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.dropout = dropout
        self.input_scaling = input_scaling

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, object]:
        cls.check_task(description)
        return {"input_shape": description.input_shape, "units": len(description.outputs) or 1, **overrides}
