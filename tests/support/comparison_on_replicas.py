"""Optimizers compared on one device and on several, as a program: prints what differs from fits of their own, as JSON.

python comparison_on_replicas.py plain|engine|workers REPLICAS
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


def main(way: str, replicas: int) -> None:
    """Compares, trains with each optimizer alone, and prints the largest differences and the copies' weights."""
    name = {"workers": "multiworker"}.get(way, "mirrored" if replicas > 1 else "one")
    strategy = zoo.get_strategy(name, replicas if name == "mirrored" else None)
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
    result = {
        "differences": differences,
        "weights": {name: [one.tolist() for one in comparison.weights[name]] for name in OPTIMIZERS},
        "losses": {name: comparison.step_loss[name].tolist() for name in OPTIMIZERS},
        "diverged": comparison.diverged,
        "kept": comparison.kept,
        "goes on": all(bool(np.isfinite(one).all()) for one in model.get_weights()),
    }
    print(json.dumps(result))


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
    main(sys.argv[1], int(sys.argv[2]))
