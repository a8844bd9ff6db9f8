"""Initialisers: the random state that learning starts from, under the course's names and Keras's.

With n_in and n_out the number of inputs and outputs of a unit:

    name                                values
    zeros                               0
    constant                            0.1
    gaussian                            N(0, 0.05^2)
    uniform                             U(-0.05, 0.05)
    xavier_uniform, glorot_uniform      U(-l, l), l = sqrt(6 / (n_in + n_out)): variance 2 / (n_in + n_out)
    xavier_normal, glorot_normal        the same variance, a normal cut off at two deviations
    kaiming_uniform, he_uniform         U(-l, l), l = sqrt(6 / n_in): variance 2 / n_in
    kaiming_normal, he_normal           the same variance, a normal cut off at two deviations
    orthogonal                          a matrix whose rows or columns are orthonormal
    inverse_fan_in                      U(-2.4 / n_in, 2.4 / n_in)

All but the last are Keras's, the orthogonal one for weights of every precision; every other name of
`keras.initializers` works as well.

Reference:
    Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", equation 16;
    He et al. (2015), "Delving Deep into Rectifiers", equation 10; Saxe et al. (2014), "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks". The lecture gives the square roots of Glorot's and
    He's variances as variances: they are standard deviations.
"""

import math
from collections.abc import Callable
from typing import Any

import keras

from ..errors import unknown_name


@keras.saving.register_keras_serializable(package="gradschool")
class InverseFanIn(keras.initializers.Initializer):
    """U(-2.4 / n_in, 2.4 / n_in), the rule that LeNet-5 was trained with.

    It holds the weighted sum at one scale if a unit's inputs are all alike; Glorot's and He's rules hold it if they are
    independent.

    Args:
        seed: an integer, or None for another draw each time one is made.

    Reference:
        LeCun et al. (1998), "Gradient-Based Learning Applied to Document Recognition", appendix A.
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed

    def __call__(self, shape, dtype=None):
        fan_in = math.prod(shape[:-1])  # (height, width, inputs, outputs) or (inputs, outputs)
        limit = 2.4 / max(fan_in, 1)
        return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)

    def get_config(self):
        return {"seed": self.seed}


@keras.saving.register_keras_serializable(package="gradschool")
class Orthogonal(keras.initializers.Orthogonal):
    """Keras's, in float32 for weights that have less: the QR decomposition it rests on knows no bfloat16.

    Args:
        gain: factor of all values. Defaults to 1.
        seed: an integer, or None for another draw each time one is made.

    Reference:
        Saxe et al. (2014), "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """

    def __call__(self, shape, dtype=None):
        wanted = keras.backend.standardize_dtype(dtype)
        return keras.ops.cast(super().__call__(shape, "float64" if wanted == "float64" else "float32"), wanted)


_COURSE = {
    "zeros": keras.initializers.Zeros,
    "constant": lambda: keras.initializers.Constant(0.1),
    "gaussian": keras.initializers.RandomNormal,
    "uniform": keras.initializers.RandomUniform,
    "xavier_uniform": keras.initializers.GlorotUniform,
    "xavier_normal": keras.initializers.GlorotNormal,
    "glorot_uniform": keras.initializers.GlorotUniform,
    "glorot_normal": keras.initializers.GlorotNormal,
    "kaiming_uniform": keras.initializers.HeUniform,
    "kaiming_normal": keras.initializers.HeNormal,
    "he_uniform": keras.initializers.HeUniform,
    "he_normal": keras.initializers.HeNormal,
    "orthogonal": Orthogonal,
    "inverse_fan_in": InverseFanIn,
}
INITIALIZERS = tuple(_COURSE)
_KERAS = {name for name in dir(keras.initializers) if name[0].islower()} - {"get", "serialize", "deserialize"}


def get_initializer(identifier: Any) -> Callable:
    """The initialiser that a name, a serialised dict or an object stands for, made anew.

    Anew, because one object that serves two layers of equal shape gives both the same "random" weights. (An object
    with a seed still does: that is what its seed asks for.)

    Args:
        identifier: one of `INITIALIZERS`, a name of `keras.initializers`, what `serialize_initializer` gave, a Keras
            initialiser, or a function of shape and dtype.

    Raises:
        ValueError: if there is no such initialiser; names the nearest.

    Example:
        >>> get_initializer("kaiming_normal").scale
        2.0
    """
    if isinstance(identifier, keras.initializers.Initializer):
        return type(identifier).from_config(identifier.get_config())
    if identifier is None:
        raise ValueError(f"an initializer is needed; got None. There are: {', '.join(INITIALIZERS)}, and Keras's own.")
    if not isinstance(identifier, str):
        return keras.initializers.get(identifier)
    if identifier in _COURSE:
        return _COURSE[identifier]()
    try:
        return keras.initializers.get(identifier)
    except (ValueError, TypeError):
        raise unknown_name("initializer", identifier, _KERAS.union(INITIALIZERS)) from None


def serialize_initializer(identifier: Any) -> str | dict:
    """What `get_config` keeps of an initialiser: its name, or a dict that `get_initializer` reads. It fits into JSON.

    Raises:
        ValueError: as `get_initializer`; or for a lambda, which has no name to be found by.
    """
    initializer = get_initializer(identifier)
    if getattr(initializer, "__name__", "") == "<lambda>":
        raise ValueError(
            "an initializer must not be a lambda, which could not be saved with a model: make it a subclass of "
            "keras.initializers.Initializer, and register it with keras.saving.register_keras_serializable."
        )
    return identifier if isinstance(identifier, str) else keras.initializers.serialize(initializer)
