"""PilotNet (Bojarski et al. 2016, "End to End Learning for Self-Driving Cars", figure 4).

From the picture of one camera to the steering wheel: five convolutions find what matters about the road, three dense
layers decide, and nobody told them what a lane is.

Shapes:
    B  batch size
    H, W  height and width of an image
    F  number of maps (channels) of the first convolution
    O  number of values to steer by
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
from .arguments import image_shape, share, whole_number
from .base import ZooModel

# Number of maps in units of conv1's 24, side of the kernel, stride; no zeros are put around the maps.
CONVOLUTIONS = ((1, 5, 2), (36 / 24, 5, 2), (48 / 24, 5, 2), (64 / 24, 3, 1), (64 / 24, 3, 1))
DENSE = (100, 50, 10)
SMALLEST = 61  # pixels each way, of which the convolutions leave one


@keras.saving.register_keras_serializable(package="gradschool")
class PilotNet(ZooModel):
    """PilotNet: 252 219 parameters at 66x200x3 and one value to steer by.

        layer               output      parameters
        scaling           66x200x3                  (to values from -1 to 1)
        conv1, 5x5 / 2    31x98x24           1 824
        conv2, 5x5 / 2    14x47x36          21 636
        conv3, 5x5 / 2     5x22x48          43 248
        conv4, 3x3         3x20x64          27 712
        conv5, 3x3         1x18x64          36 928
        flatten               1152
        dense1                 100         115 300
        dense2                  50           5 050
        dense3                  10             510
        steering                 O              11  (O = 1)

    Args:
        input_shape: height, width, channels of one image; height and width at least 61. Defaults to (66, 200, 3).
        units: number of values to steer by, O, such as the angle alone, or angle and speed. Defaults to 1.
        width: number of maps of conv1, F; those of the others grow with it. Defaults to 24.
        dropout: share of the flattened features and of the outputs of dense1 left out in training, in [0, 1).
            Defaults to 0.
        activation, kernel_initializer, normalization, input_scaling, dtype, **kwargs: as in every model; see
            `models/base.py`. By default "relu", "he_normal", "none" and "symmetric".

    Call arguments:
        images: float tensor, shape `(B, H, W, channels)`, pixels in [0, 1].

    Returns:
        Values to steer by, shape `(B, O)`; float32 under every policy but "float64".

    Raises:
        ValueError: if the images are too small, if another argument is out of its range, or if a name is unknown.

    Example:
        >>> PilotNet().count_params()
        252219

    Reference:
        Bojarski et al. (2016), figure 4. The paper shows YUV planes to the network, and names neither its activation
        nor its initialisation.
    """

    task = "regression"

    def __init__(
        self,
        input_shape: Sequence[int] = (66, 200, 3),
        units: int = 1,
        width: int = 24,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        normalization: str | None = "none",
        dropout: float = 0.0,
        input_scaling: str | None = "symmetric",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("PilotNet", input_shape, smallest=SMALLEST)
        units = whole_number("units", units, least=1)
        width = whole_number("width", width, least=1)
        normalization = check_normalization(normalization)
        dropout = share("dropout", dropout)
        input_scaling = check_scaling(input_scaling, input_shape[-1])
        policy = get_policy(dtype)

        # === Functional model ===
        def kernel():
            return get_initializer(kernel_initializer)

        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = scale_input(images, input_scaling, policy)
        for number, (times, size, stride) in enumerate(CONVOLUTIONS, start=1):
            maps, name = max(1, round(times * width)), f"conv{number}"
            x = layers.Conv2D(maps, size, stride, **ON_MAPS, kernel_initializer=kernel(), dtype=policy, name=name)(x)
            x = normalized(x, normalization, name=name, dtype=policy)
            x = activation_layer(activation, name=f"act{number}", dtype=policy)(x)  # (B, 31, 98, 24) ... (B, 1, 18, 64)
        x = layers.Flatten(**ON_MAPS, dtype=policy, name="flatten")(x)  # (B, 1152)
        for number, hidden in enumerate(DENSE, start=1):
            if dropout and number < 3:
                x = Dropout(dropout, dtype=policy, name=f"dropout{number}")(x)
            x = layers.Dense(hidden, kernel_initializer=kernel(), dtype=policy, name=f"dense{number}")(x)
            x = activation_layer(activation, name=f"dense{number}_act", dtype=policy)(x)
        steering = layers.Dense(units, kernel_initializer=kernel(), dtype=output_dtype(policy), name="steering")
        super().__init__(images, steering(x), dtype=policy, **kwargs)  # (B, O)

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
