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
| | adam_gan | Adam with a mean of g over two steps in place of ten, for networks that learn against each other |
| | adamw, nadam, lion | later descendants |

Weight decay is of the kind that the optimizer's paper has: see `weight_decay.py`.
"""

from collections.abc import Mapping
from typing import Any

import keras

from ..errors import unknown_name
from .layer_rates import with_layer_rates
from .schedules import get_schedule
from .weight_decay import with_weight_decay

_OPTIMIZERS: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
    "sgd": (keras.optimizers.SGD, {}),
    "momentum": (keras.optimizers.SGD, {"momentum": 0.9}),
    "nesterov": (keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (keras.optimizers.Adagrad, {}),
    "adadelta": (keras.optimizers.Adadelta, {}),
    "rmsprop": (keras.optimizers.RMSprop, {}),
    "adam": (keras.optimizers.Adam, {}),
    "adam_gan": (keras.optimizers.Adam, {"beta_1": 0.5}),  # Radford et al. 2016, section 3
    "adamw": (keras.optimizers.AdamW, {}),
    "nadam": (keras.optimizers.Nadam, {}),
    "lion": (keras.optimizers.Lion, {}),
}


def get_optimizer(
    name: str,
    learning_rate,
    total_steps: int | None = None,
    schedule: str = "constant",
    *,
    weight_decay: float | None = None,
    weight_decay_on: str = "all",
    ema: float = 0.0,
    rates: Mapping[str, float] | None = None,
):
    """The optimizer of that name.

    Args:
        name: as in the table above, in any case.
        learning_rate: eta, at the start; or a schedule, from `schedules.get_schedule`.
        total_steps: steps of the whole run, which a schedule needs.
        schedule: "constant" or "cosine". "steps", which has options, and a warm-up come with the `learning_rate`:
            `get_optimizer("momentum", get_schedule(0.1, "steps", steps_per_epoch=500, epochs=9, options={"at": [6]}))`.
        weight_decay: lambda; by default Keras's, whose AdamW has 0.004 and the others none.
        weight_decay_on: "all" weights, or "kernels" alone.
        ema: momentum of a moving average of the weights, in [0, 1), such as 0.999; 0 for none.
        rates: factor of the learning rate by the layer's name, such as `zoo.learning_rates(model, 0.5)`; a layer that
            is not named has 1.

    Returns:
        A `keras.optimizers.Optimizer`.

    Raises:
        ValueError: if a name is unknown, or the schedule is "steps".

    Example:
        >>> get_optimizer("momentum", 0.1).momentum
        0.9
        >>> get_optimizer("momentum", 0.1, weight_decay=5e-4).weight_decay
        0.0005
    """
    if name.lower() not in _OPTIMIZERS:
        raise unknown_name("optimizer", name, _OPTIMIZERS)
    if schedule == "steps":
        raise ValueError(
            "schedule='steps' needs to know after which epochs the rate falls: give what get_schedule(rate, 'steps', "
            "steps_per_epoch=..., epochs=..., options={'at': [...]}) makes as learning_rate, and no schedule."
        )
    if schedule != "constant":
        learning_rate = get_schedule(learning_rate, schedule, steps_per_epoch=total_steps or 1, epochs=1)
    kind, arguments = _OPTIMIZERS[name.lower()]
    kind, decay = with_weight_decay(kind, weight_decay, weight_decay_on)
    kind, factors = with_layer_rates(kind, rates)
    averages = {"use_ema": True, "ema_momentum": ema} if ema else {}
    return kind(learning_rate=learning_rate, **arguments, **decay, **factors, **averages)
