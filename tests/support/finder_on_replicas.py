"""A learning-rate range test on one device or several, as a program: prints what it saw and what it left, as JSON.

python finder_on_replicas.py plain|engine|workers REPLICAS
"""

import contextlib
import json
import sys

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from gradschool import callbacks, zoo  # noqa: E402


def main(way: str, replicas: int) -> None:
    """Runs the test under the strategy, and prints its losses and whether every copy of every weight is as before."""
    strategy = None
    if way == "workers":
        strategy = zoo.get_strategy("multiworker")
    elif replicas > 1:
        cpus = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * replicas)
        names = [f"CPU:{number}" for number in range(replicas)]
        reduction = tf.distribute.ReductionToOneDevice()  # the default hangs or fails on CPUs
        strategy = tf.distribute.MirroredStrategy(names, cross_device_ops=reduction)
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(32, 6)).astype("float32"), rng.normal(size=(32, 1)).astype("float32")
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.01), "mse")
    if way != "plain":
        zoo.use_engine(model)
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0}
    model.fit(x, y, epochs=1, **arguments)
    before = copies(model)
    finder = callbacks.LearningRateFinder(1e-4, 10.0, steps=40, smoothing=4)
    model.fit(x, y, epochs=20, callbacks=[finder], **arguments)
    same = all(np.array_equal(one, other) for one, other in zip(before, copies(model), strict=True))
    print(json.dumps({"rows": finder.rows, "suggestion": finder.suggestion, "as before": same}))


def copies(model) -> list[np.ndarray]:
    """Every replica's copy of every weight and of the optimizer's state."""
    natives = [one.value for one in (*model.variables, *model.optimizer.variables)]
    return [part.numpy().copy() for one in natives for part in getattr(one, "values", (one,))]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
