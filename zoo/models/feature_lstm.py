"""Driving from the last five seconds: features that another network has learned to see, and an LSTM over them.

The network that sees is trained already and stays as it is, so that each frame's features are computed once
(`zoo/frame_features.py`); what learns is small, and can look back far.

Shapes:
    B  batch size
    T  frames of a sequence
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
from ..layers.lstm import LSTM
from ..layers.policies import get_policy, output_dtype
from .arguments import share, whole_number, whole_numbers
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class FeatureLSTM(ZooModel):
    """An LSTM over the features of 50 frames, and two dense layers: 786 819 parameters.

        x_t <- (x_t - mean(x_t)) / sqrt(var(x_t) + epsilon)        over the D features of a frame
        h_t, c_t = LSTM(x_t, h_{t-1}, c_{t-1}),   y = W_2 a(W_1 h_T + b_1) + b_2

        layer           output      parameters
        normalized     50x3000               0
        lstm                64         784 640
        dense1              32           2 080
        controls             O              99  (O = 3)

    Args:
        input_shape: frames and features of each. Defaults to (50, 3000).
        units: number of values to predict, O. Defaults to 3.
        hidden: number of units of the LSTM. Defaults to 64.
        dropout: share of the features and of the LSTM's answer left out in training, in [0, 1). Defaults to 0.
        activation: of dense1; see `layers/activations.py`. Defaults to "relu".
        kernel_initializer: of the dense layers; see `layers/initializers.py`. Defaults to "he_normal".
        dtype, **kwargs: as in every model; see `models/base.py`.

    Call arguments:
        features: float tensor, shape `(B, T, D)`, of any size: they are normalised first.

    Returns:
        Values, shape `(B, O)`; float32 under every policy but "float64".

    Raises:
        ValueError: if an argument is out of its range, or if a name is unknown.

    Example:
        >>> FeatureLSTM().output_shape
        (None, 3)

    Reference:
        Donahue et al. (2015), "Long-term Recurrent Convolutional Networks for Visual Recognition and Description",
        section 3, with the convolutions frozen; Ba et al. (2016), "Layer Normalization", without gain and bias.
    """

    task = "regression"

    def __init__(
        self,
        input_shape: Sequence[int] = (50, 3000),
        units: int = 3,
        hidden: int = 64,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        dropout: float = 0.0,
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = whole_numbers("input_shape", input_shape, least=1, count=2)
        units, hidden = whole_number("units", units, least=1), whole_number("hidden", hidden, least=1)
        dropout = share("dropout", dropout)
        policy = get_policy(dtype)

        # === Functional model ===
        def kernel():
            return get_initializer(kernel_initializer)

        features = keras.Input(input_shape, dtype=output_dtype(policy), name="features")
        x = layers.LayerNormalization(center=False, scale=False, dtype=policy, name="normalized")(features)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout1")(x)
        x = LSTM(hidden, dtype=policy, name="lstm")(x)  # (B, hidden)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout2")(x)
        x = layers.Dense(32, kernel_initializer=kernel(), dtype=policy, name="dense1")(x)
        x = activation_layer(activation, name="dense1_act", dtype=policy)(x)
        controls = layers.Dense(units, kernel_initializer=kernel(), dtype=output_dtype(policy), name="controls")
        super().__init__(features, controls(x), dtype=policy, **kwargs)  # (B, O)

        # === Config ===
        self.sample_shape = input_shape
        self.units = units
        self.hidden = hidden
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.dropout = dropout

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, object]:
        cls.check_task(description)
        return {"input_shape": description.input_shape, "units": len(description.outputs) or 1, **overrides}
