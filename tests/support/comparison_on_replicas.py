"""Optimizers compared on one device and on several, as a program: prints what differs from fits of their own, as JSON.

python comparison_on_replicas.py WAY:REPLICAS ..., where the ways are plain, engine and workers: a line for each
"""

import contextlib
import json
import sys

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from gradschool import callbacks, zoo  # noqa: E402

SAMPLES, BATCH, EPOCHS = 48, 16, 2
OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.01),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
}


def main(*runs: str) -> None:
    """Compares in every way, and prints what came out."""
    most = max(int(run.split(":")[1]) for run in runs)
    if most > 1 and not runs[0].startswith("workers") and keras.backend.backend() == "tensorflow":
        zoo.get_strategy("mirrored", most)  # makes the devices, before TensorFlow has begun
    for run in runs:
        way, replicas = run.split(":")
        name = {"workers": "multiworker"}.get(way, "mirrored" if int(replicas) > 1 else "one")
        strategy = zoo.get_strategy(name, int(replicas) if name == "mirrored" else None)
        print(json.dumps({"run": run, "results": compared(strategy, way)}))


def compared(strategy, way: str):
    """The largest differences from training with each optimizer alone, and the copies' weights."""
    x, y = samples()
    comparison = callbacks.OptimizerComparison(
        {**{name: make() for name, make in OPTIMIZERS.items()}, "wild": keras.optimizers.SGD(1e30)},
        exact=True,
        record=1,
    )
    model = made(strategy, way, "sgd")
    history = fit(strategy, model, x, y, comparison).history
    differences = {}
    for name, make in OPTIMIZERS.items():
        alone = made(strategy, way, make)
        own = fit(strategy, alone, x, y).history
        pairs = [*zip(alone.get_weights(), comparison.weights[name], strict=True)]
        pairs += [(own[metric], history[f"{metric}/{name}"]) for metric in own]
        differences[name] = max(float(np.abs(np.subtract(one, other)).max()) for one, other in pairs)
    fit(strategy, model, x, y)
    return {
        "differences": differences,
        "weights": {name: [one.tolist() for one in comparison.weights[name]] for name in OPTIMIZERS},
        "losses": {name: comparison.step_loss[name].tolist() for name in OPTIMIZERS},
        "diverged": comparison.diverged,
        "kept": comparison.kept,
        "goes on": all(bool(np.isfinite(one).all()) for one in model.get_weights()),
    }


def samples():
    rng = np.random.default_rng(3)
    return rng.normal(size=(SAMPLES, 6)).astype("float32"), rng.integers(0, 3, SAMPLES)


def made(strategy, way: str, optimizer):
    """A model with statistics over the batch, which replicas hold together."""
    keras.utils.set_random_seed(1)
    on_jax = keras.backend.backend() == "jax"
    with strategy.scope():
        normalization = keras.layers.BatchNormalization(synchronized=not on_jax)
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, activation="tanh"), normalization])
        model.add(keras.layers.Dense(3))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = optimizer if isinstance(optimizer, str) else optimizer()
        model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=on_jax)
    return model if way == "plain" else zoo.use_engine(model)


def fit(strategy, model, x, y, *callbacks):
    """The same training every time."""
    validation = (x[:BATCH], y[:BATCH])
    arguments = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    with strategy.scope() if keras.backend.backend() == "jax" else contextlib.nullcontext():
        return model.fit(x, y, validation_data=validation, callbacks=list(callbacks), **arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
