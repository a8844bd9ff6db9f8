"""The course's optimizers by name; every one of them is Keras's.

| course's name | here | rule |
|---|---|---|
| GD, SGD | sgd | w <- w - eta g; full-batch or mini-batch, by the batch size alone |
| momentum | momentum | v <- 0.9 v - eta g; w <- w + v |
| | nesterov | the same, with the gradient taken ahead |
| AdaGrad | adagrad | g scaled by the root of the sum of all past g^2 |
| AdaDelta | adadelta | as RMSProp, with the step's own scale in place of eta |
| RMSProp | rmsprop | g scaled by the root of a running mean of g^2 |
| Adam | adam | RMSProp of a running mean of g, both corrected for their start |
| | adamw, nadam, lion | later descendants |
"""

from collections.abc import Callable

import keras

from ..errors import unknown_name

_OPTIMIZERS: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
    "sgd": keras.optimizers.SGD,
    "momentum": lambda **kwargs: keras.optimizers.SGD(momentum=0.9, **kwargs),
    "nesterov": lambda **kwargs: keras.optimizers.SGD(momentum=0.9, nesterov=True, **kwargs),
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "lion": keras.optimizers.Lion,
}


def get_optimizer(name: str, learning_rate, total_steps: int | None = None, schedule: str = "constant"):
    """The optimizer of that name.

    Args:
        name: as in the table above, in any case.
        learning_rate: eta, at the start.
        total_steps: steps of the whole run, which a schedule needs.
        schedule: "constant" or "cosine".

    Returns:
        A `keras.optimizers.Optimizer`.

    Raises:
        ValueError: if the name is unknown.

    Example:
        >>> get_optimizer("momentum", 0.1).momentum
        0.9
    """
    if name.lower() not in _OPTIMIZERS:
        raise unknown_name("optimizer", name, _OPTIMIZERS)
    if schedule == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(learning_rate, total_steps)
    return _OPTIMIZERS[name.lower()](learning_rate=learning_rate)
