"""Activations: what a unit answers to its weighted sum, under the course's names and Keras's.

    name              a(x)                                        given by
    linear            x                                           Keras
    logistic          1 / (1 + e^-x)                              Keras's sigmoid
    tanh              (e^x - e^-x) / (e^x + e^-x)                 Keras
    scaled_tanh       1.7159 tanh(2x/3)                           ours (LeCun et al. 1998)
    relu              max(0, x)                                   Keras
    noisy_relu        max(0, x + N(0, logistic(x)))               ours, a layer (Nair & Hinton 2010)
    leaky_relu        x, or 0.2 x below zero                      Keras
    parametric_relu   x, or p x below zero; p is learned          ours, a layer over Keras's PReLU (He et al. 2015)
    elu               x, or e^x - 1 below zero                    Keras
    selu              1.0507 x, or 1.7581 (e^x - 1) below zero    Keras
    softmax           e^x_i / sum_j e^x_j                         Keras
    hardlim           1, or 0 below zero                          ours (perceptron)
    hardlims          1, or -1 below zero                         ours (perceptron)

Every other name of `keras.activations` (gelu, silu, ...) works as well. Two of the activations are layers: one has
weights, the other draws random numbers. `activated` puts either kind behind the layer whose output it takes.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ..errors import unknown_name
from .global_batch import draw_for_samples

# === Functions ===


def straight_through(stepped, x):
    """The values of `stepped` with the derivative of `x`, which is one (Bengio et al. 2013, "straight-through").

    A step has the derivative zero wherever it has one, so nothing could be learned through it. x - constant(x) is
    exactly zero, and adds the derivative one; at infinity, where it would be NaN, nothing is added.
    """
    nothing = ops.where(ops.isinf(x), ops.zeros_like(x), x - ops.stop_gradient(x))
    return ops.stop_gradient(stepped) + nothing


@keras.saving.register_keras_serializable(package="gradschool")
def hardlim(x):
    """The perceptron's step: 1 where x >= 0, else 0; its derivative is taken to be one.

    With that derivative, gradient descent at rate eta on the half squared error E = 1/2 (t - y)^2 of a unit
    y = hardlim(w x + b) is the perceptron learning rule:

        dE/dw = -(t - y) dy/d(wx + b) x = -(t - y) x     so     w <- w - eta dE/dw = w + eta (t - y) x

    Example:
        >>> keras.ops.convert_to_numpy(hardlim(keras.ops.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 1.0, 1.0]
    """
    x = ops.convert_to_tensor(x)
    return straight_through(ops.cast(x >= 0, x.dtype), x)


@keras.saving.register_keras_serializable(package="gradschool")
def hardlims(x):
    """The symmetric step: 1 where x >= 0, else -1; its derivative is taken to be one, as for `hardlim`.

    Example:
        >>> keras.ops.convert_to_numpy(hardlims(keras.ops.array([-2.0, 0.0, 3.0]))).tolist()
        [-1.0, 1.0, 1.0]
    """
    x = ops.convert_to_tensor(x)
    return straight_through(2 * ops.cast(x >= 0, x.dtype) - 1, x)


@keras.saving.register_keras_serializable(package="gradschool")
def scaled_tanh(x):
    """A tanh(S x) with A = 1.7159 and S = 2/3, so that a(1) = 1 and a(-1) = -1 (LeCun et al. 1998, equation 6)."""
    return 1.7159 * ops.tanh(x * (2 / 3))


# === Layers ===


@keras.saving.register_keras_serializable(package="gradschool")
class NoisyReLU(keras.layers.Layer):
    """A rectified sum with noise that grows with the sum: a(x) = max(0, x + N(0, logistic(x))).

    The logistic is the noise's variance. The noise is a constant to the derivative, which is thus one or zero, as
    ReLU's. In inference there is none: a(x) = max(0, x).

    Args:
        seed: of the noise; an integer, or None for another one in each layer.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: float tensor of any shape.
        training: whether to add the noise.

    Returns:
        Float tensor of the same shape.

    Example:
        >>> tuple(NoisyReLU()(keras.ops.array([-1.0, 2.0])).shape)
        (2,)

    Reference:
        Nair & Hinton (2010), "Rectified Linear Units Improve Restricted Boltzmann Machines", section 2.
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, x_shape):
        self.built = True

    def call(self, x, training=False):
        if not training:
            return ops.relu(x)
        deviation = ops.exp(ops.log_sigmoid(x) / 2)  # the root of the logistic, without its underflow
        noise = deviation * draw_for_samples(self._draw, ops.shape(x))
        return ops.relu(x + ops.stop_gradient(noise))

    def window(self) -> tuple[int, int]:
        """Size and stride of the patches that the units see."""
        return 1, 1

    def _draw(self, shape):
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, x_shape):
        return x_shape

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="gradschool")
class ParametricReLU(keras.layers.PReLU):
    """x, or p x below zero, with one learned slope p for each unit or channel: Keras's PReLU as the paper uses it.

    Keras's own has a slope for every position of an image too, and starts at p = 0.

    Args:
        alpha_initializer: of the slopes. Defaults to 0.25.
        **kwargs: those of `keras.layers.PReLU` but `shared_axes`.

    Call arguments:
        x: float tensor, shape `(B, ..., channels)`.

    Returns:
        Float tensor of the same shape.

    Reference:
        He et al. (2015), "Delving Deep into Rectifiers", section 2.1 (the channel-wise variant).
    """

    def __init__(self, alpha_initializer=0.25, **kwargs):
        if isinstance(alpha_initializer, float):
            alpha_initializer = keras.initializers.Constant(alpha_initializer)
        super().__init__(alpha_initializer, **kwargs)

    def build(self, x_shape):
        self.shared_axes = list(range(1, len(x_shape) - 1)) or None
        super().build(x_shape)


# === Lookup ===

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "linear": keras.activations.linear,
    "logistic": keras.activations.sigmoid,
    "tanh": keras.activations.tanh,
    "scaled_tanh": scaled_tanh,
    "relu": keras.activations.relu,
    "leaky_relu": keras.activations.leaky_relu,
    "elu": keras.activations.elu,
    "selu": keras.activations.selu,
    "softmax": keras.activations.softmax,
    "hardlim": hardlim,
    "hardlims": hardlims,
}
_LAYERS: dict[str, Callable[[], Any]] = {"noisy_relu": NoisyReLU, "parametric_relu": ParametricReLU}
ACTIVATIONS = (*_FUNCTIONS, *_LAYERS)
_KERAS = {name for name in dir(keras.activations) if name[0].islower()} - {"get", "serialize", "deserialize"}


def get_activation(identifier: Any) -> Callable:
    """The activation that a name, a serialised dict, a function or a layer stands for.

    Args:
        identifier: one of `ACTIVATIONS`, a name of `keras.activations`, what `serialize_activation` gave, a callable, a
            Keras layer (of which a new copy is made), or None for linear.

    Returns:
        A function, or a new `keras.layers.Layer` where the activation has weights or randomness.

    Raises:
        ValueError: if there is no such activation; names the nearest.

    Example:
        >>> get_activation("logistic") is keras.activations.sigmoid
        True
    """
    if isinstance(identifier, type) and issubclass(identifier, keras.layers.Layer):
        return identifier()
    if isinstance(identifier, keras.layers.Layer):
        return type(identifier).from_config(identifier.get_config())
    if not isinstance(identifier, str):
        return keras.activations.get(identifier)
    if identifier in _LAYERS:
        return _LAYERS[identifier]()
    if identifier in _FUNCTIONS:
        return _FUNCTIONS[identifier]
    if identifier in _KERAS:
        return keras.activations.get(identifier)
    raise unknown_name("activation", identifier, _KERAS.union(ACTIVATIONS))


def serialize_activation(identifier: Any) -> str | dict:
    """What `get_config` keeps of an activation: its name, or a dict that `get_activation` reads. It fits into JSON.

    Raises:
        ValueError: as `get_activation`; or for a lambda, which has no name to be found by.

    Example:
        >>> serialize_activation(keras.activations.sigmoid)
        'logistic'
    """
    activation = get_activation(identifier)
    if isinstance(identifier, str):
        return identifier
    if getattr(activation, "__name__", "") == "<lambda>":
        raise ValueError(
            "activation must not be a lambda, which could not be saved with a model: give the function a name with "
            "def, and register it with keras.saving.register_keras_serializable."
        )
    names = [name for name, function in _FUNCTIONS.items() if function is activation]
    return names[0] if names else keras.activations.serialize(activation)


def activation_layer(identifier: Any, name: str | None = None, dtype: Any = None) -> keras.layers.Layer:
    """An activation as a layer of its own, whatever its kind.

    Args:
        identifier: as for `get_activation`.
        name: of the layer.
        dtype: dtype or policy of the layer.

    Example:
        >>> activation_layer("tanh", name="squash").name
        'squash'
    """
    activation = get_activation(identifier)
    if not isinstance(activation, keras.layers.Layer):
        return keras.layers.Activation(activation, name=name, dtype=dtype)
    config = activation.get_config()
    return type(activation).from_config({**config, "name": name or config["name"], "dtype": dtype})


def activated(layer: keras.layers.Layer, identifier: Any) -> Callable:
    """A layer with its activation: x -> a(layer(x)).

    A function goes into the layer, as its `activation`. An activation that is a layer follows as one, named after it,
    such as `conv1_activation`, so that its weights are seen in `model.summary()` and go into every save.

    Args:
        layer: any Keras layer; one that has no `activation` of its own is followed by one.
        identifier: as for `get_activation`.

    Returns:
        A callable of the layer's input.

    Example:
        >>> hidden = activated(keras.layers.Dense(5), "tanh")
        >>> hidden(keras.Input((3,))).shape
        (None, 5)
    """
    activation = get_activation(identifier)
    if hasattr(layer, "activation") and not isinstance(activation, keras.layers.Layer):
        layer.activation = activation
        return layer
    follower = activation_layer(activation, name=f"{layer.name}_activation", dtype=layer.dtype_policy)
    return lambda x: follower(layer(x))
