"""How the learning rate changes over a run, with t the step and S the steps of an epoch.

| schedule | rate | options |
|---|---|---|
| constant | eta | |
| cosine | eta / 2 (1 + cos(pi t / T)): falls to zero over the whole run (Loshchilov and Hutter 2017, equation 5) | |
| steps | eta * factor^(how many of the epochs `at` have passed) | at=[30, 60], factor=0.1 |

With a warm-up of w steps the rate first rises in a straight line, eta (t + 1) / w, as Goyal et al. (2017, "Accurate,
Large Minibatch SGD", section 2.2) have it. The cosine then falls over what is left; the epochs `at` still count
from the beginning of the run.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from ..checks import check_schedule


@keras.saving.register_keras_serializable(package="gradschool")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rises in a straight line to where another schedule begins, and leaves the rest to it.

        rate(t) = after(0) (t + 1) / w    for t < w,    after(t - w) from there on

    Args:
        after: a learning rate, or a Keras schedule.
        steps: w, at least 1.

    Example:
        >>> rates = WarmUp(0.4, steps=4)
        >>> [round(float(rates(step)), 3) for step in range(6)]
        [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]
    """

    def __init__(self, after: Any, steps: int):
        super().__init__()
        # Keras hands over a dict where it reads one from a file.
        self.after = keras.saving.deserialize_keras_object(after) if isinstance(after, dict) else after
        self.steps = int(steps)

    def __call__(self, step):
        step = ops.cast(step, "float32")
        done = ops.minimum((step + 1) / self.steps, 1.0)
        return self._rate(ops.maximum(step - self.steps, 0.0)) * done

    def _rate(self, step):
        """The rate of `after`, `step` steps behind the warm-up."""
        return self.after(step) if callable(self.after) else ops.cast(self.after, "float32")

    def get_config(self) -> dict[str, Any]:
        after = keras.saving.serialize_keras_object(self.after) if callable(self.after) else self.after
        return {"after": after, "steps": self.steps}


def get_schedule(
    learning_rate: float,
    schedule: str = "constant",
    *,
    steps_per_epoch: int,
    epochs: int,
    warmup: float = 0.0,
    options: Mapping[str, Any] | None = None,
):
    """The learning rate of every step of a run.

    Args:
        learning_rate: eta; behind the warm-up, if there is one.
        schedule: a name of the table above.
        steps_per_epoch: S.
        epochs: of the whole run.
        warmup: epochs in which the rate rises to eta; may be a fraction of one.
        options: of the schedule: for "steps" `at`, the epochs after which the rate falls, and `factor`, by which.

    Returns:
        A number, or a Keras `LearningRateSchedule`.

    Raises:
        ValueError: if the name is unknown, or a number does not suit the run.

    Example:
        >>> rates = get_schedule(0.1, "steps", steps_per_epoch=10, epochs=3, options={"at": [1, 2]})
        >>> [round(float(rates(step)), 4) for step in (0, 9, 10, 19, 20)]
        [0.1, 0.1, 0.01, 0.01, 0.001]
    """
    options = check_schedule(schedule, options or {}, warmup, epochs)
    rise = round(warmup * steps_per_epoch)
    rate: Any = learning_rate
    if schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, max(1, steps_per_epoch * epochs - rise))
    elif schedule == "steps":
        # Keras's boundaries are the last steps of the old rate.
        last = [round(epoch * steps_per_epoch) - rise - 1 for epoch in options["at"]]
        rates = [learning_rate * options["factor"] ** passed for passed in range(len(last) + 1)]
        rate = keras.optimizers.schedules.PiecewiseConstantDecay(last, rates)
    return WarmUp(rate, rise) if rise else rate
