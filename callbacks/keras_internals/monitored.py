"""Which of two values of a metric is the better one."""

import keras


def more_is_better(model: keras.Model, monitor: str) -> bool:
    """Whether a larger value of a metric is the better one, as Keras's `EarlyStopping` finds out.

    Raises:
        ValueError: if Keras cannot tell.
    """
    judge = keras.callbacks.EarlyStopping(monitor)
    judge.set_model(model)
    try:
        judge._set_monitor_op()
    except ValueError as error:
        raise ValueError(f"whether more of monitor={monitor!r} is better cannot be told: say keep= instead.") from error
    return bool(judge.monitor_op(1.0, 0.0))
