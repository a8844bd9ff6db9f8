"""`DeadUnitTracker` on one device and on several, as a program: prints what it counted, as JSON.

python units_on_replicas.py WAY:REPLICAS ..., where the ways are plain, engine and workers: a line for each;
or jax:DEVICES, alone
"""

import contextlib
import json
import os
import sys

if __name__ == "__main__" and sys.argv[1].startswith("jax:"):
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={sys.argv[1][4:]}"

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

from gradschool import callbacks, zoo  # noqa: E402
from split_cpu import replicas_strategy, split_for  # noqa: E402

SAMPLES, BATCH, EPOCHS = 45, 8, 3


class Subclassed(keras.Model):
    """Uses one activation layer twice."""

    def __init__(self):
        super().__init__(name="subclassed")
        self.first, self.second, self.last = layers.Dense(9), layers.Dense(6), layers.Dense(1)
        self.act = layers.ReLU(name="act")

    def call(self, x):
        return self.last(self.act(self.second(self.act(self.first(x)))))


def sequential():
    parts = [layers.Dense(9, activation="relu", name="hidden"), layers.Dense(5, activation="tanh", name="squash")]
    return keras.Sequential([keras.Input((6,)), *parts, layers.Dense(1)])


def main(*runs: str) -> None:
    """Trains both models, with flags and with frequencies, and prints what was counted."""
    split_for(runs)
    for run in runs:
        way, replicas = run.split(":")
        context = scope(way, int(replicas))
        results = {}
        for name, make in {"sequential": sequential, "subclassed": Subclassed}.items():
            for frequency in (False, True):
                results[f"{name} {frequency}"] = train(make, context, way, frequency)
        print(json.dumps({"run": run, "results": results}))


def scope(way: str, replicas: int):
    """What models are made in."""
    if way == "jax":
        if replicas > 1:
            keras.distribution.set_distribution(keras.distribution.DataParallel())
        return contextlib.nullcontext
    if way == "workers":
        return zoo.get_strategy("multiworker").scope
    strategy = replicas_strategy(replicas)
    return strategy.scope if strategy else contextlib.nullcontext


def train(make, context, way: str, frequency: bool):
    """Trains one model; gives every unit's state in every epoch."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(3)
    samples = SAMPLES - (way == "jax")  # which can only divide the last batch evenly
    x, y = rng.normal(size=(samples, 6)).astype("float32"), rng.normal(size=(samples, 1)).astype("float32")
    with context():
        model = make()
        model(x[:1])
        model.layers[0].set_weights([model.layers[0].get_weights()[0], np.linspace(-4, 2, 9)])
        model.compile(keras.optimizers.SGD(0.0), "mse")  # Keras's own replicas weigh an uneven batch differently
    if way in ("engine", "workers"):
        zoo.use_engine(model)
    tracker = callbacks.DeadUnitTracker(frequency=frequency, saturated_above=0.05, probe=x[:3])
    shown = (x + 5, y)  # must not count
    model.fit(
        x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[tracker], validation_data=shown
    )
    return {
        "rows": tracker.rows,
        "units": [{key: np.array(value).tolist() for key, value in row.items()} for row in tracker.unit_rows],
        "left": ["call" in layer.__dict__ for layer in model._flatten_layers()].count(True),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
