"""The ways in which a model may be trained, which a callback must not tell apart: models, optimizers, settings."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradschool.zoo.engine.use import use_engine

BACKEND = keras.backend.backend()
on_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow has this")
compiled = pytest.mark.skipif(BACKEND == "torch", reason="torch.compile is another compiler, and a slow one")
GRAPH = {"jit_compile": BACKEND == "jax"}  # which has no graph but its compiler's; without, it runs eagerly
SAMPLES, BATCH = 32, 8

WAYS = [
    pytest.param(lambda model: model, GRAPH, id="graph"),
    pytest.param(lambda model: model, {"run_eagerly": True}, id="eager"),
    pytest.param(lambda model: model, {"jit_compile": True}, id="jit", marks=[on_tensorflow, pytest.mark.slow]),
    pytest.param(
        lambda model: model,
        {"steps_per_execution": 4, **GRAPH},
        id="steps_per_execution",
        marks=[compiled, pytest.mark.slow],
    ),
    pytest.param(use_engine, {}, id="engine", marks=on_tensorflow),
]
FEW = [way for way in WAYS if way.id in ("graph", "engine")]  # the engine lets XLA compile such small models


def samples(count=SAMPLES, features=6):
    """Inputs, shape `(count, features)`, and targets, shape `(count, 1)`."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(count, features)).astype("float32"), rng.normal(size=(count, 1)).astype("float32")


class OwnStep(keras.Sequential):
    """A model whose `train_step` is its own, and notes that it was run."""

    was_here = False

    def train_step(self, *arguments):
        self.__dict__["was_here"] = True
        return super().train_step(*arguments)


def model_of(optimizer=None, kind=keras.Sequential, **compile_arguments):
    """A small regression model, always with the same weights."""
    keras.utils.set_random_seed(1)
    hidden, last = layers.Dense(5, activation="tanh", name="hidden"), layers.Dense(1, dtype="float32", name="last")
    model = kind([keras.Input((6,)), hidden, last])
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), "mse", **compile_arguments)
    return model


def fit(model, x, y, epochs=2, **arguments):
    """`model.fit` in a fixed order, in silence."""
    return model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, **arguments)


def weights(model):
    return [ops.convert_to_numpy(one.value).copy() for one in model.variables]


def assert_weights(model, other, rtol=1e-5, atol=1e-6):
    for one, two in zip(weights(model), weights(other), strict=True):
        np.testing.assert_allclose(one, two, rtol=rtol, atol=atol)
