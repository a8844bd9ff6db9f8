"""The state of a training, taken out and put back: variables, random numbers, callbacks."""

import random

import keras
import numpy as np
import pytest

from gradschool.zoo.engine.state import (
    read_callback,
    read_random,
    read_variables,
    variables_of,
    write_callback,
    write_random,
    write_variables,
)
from gradschool.zoo.engine.strategies import get_strategy

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the engine is TensorFlow's")


def small_model(units=3, optimizer=None):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units), keras.layers.Dropout(0.5)])
    model.compile(optimizer or keras.optimizers.Adam(use_ema=True, gradient_accumulation_steps=2), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, units)), verbose=0)
    return model


def test_variables_are_those_of_model_optimizer_and_metrics_once_each():
    model = small_model()
    found = {id(one) for one in variables_of(model)}
    assert len(found) == len(variables_of(model))
    for owner in (model, model.optimizer, *model.metrics):
        assert all(id(one.value) in found for one in owner.variables)


def test_the_loss_scale_is_among_them():
    model = small_model(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(momentum=0.9)))
    found = {id(one) for one in variables_of(model)}
    inner = model.optimizer.inner_optimizer
    assert id(model.optimizer.dynamic_scale.value) in found
    assert all(id(one.value) in found for one in inner.variables)


def test_variables_come_back():
    model, strategy = small_model(), get_strategy("one")
    kept = read_variables(model, strategy)
    model.fit(np.ones((4, 2)), np.zeros((4, 3)), verbose=0)
    assert any((one != other).any() for one, other in zip(kept, read_variables(model, strategy), strict=True))
    write_variables(model, strategy, kept)
    for one, other in zip(kept, read_variables(model, strategy), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("other", [{"units": 4}, {"optimizer": keras.optimizers.SGD}])
def test_another_model_or_optimizer_is_refused(other):
    strategy = get_strategy("one")
    kept = read_variables(small_model(), strategy)
    other = {name: value() if callable(value) else value for name, value in other.items()}
    with pytest.raises(ValueError, match="written by another model, optimizer, metric or number of replicas"):
        write_variables(small_model(**other), strategy, kept)


def test_random_numbers_go_on_where_they_were():
    states = read_random()
    drawn = random.random(), np.random.rand()  # noqa: NPY002
    write_random(states)
    assert (random.random(), np.random.rand()) == drawn  # noqa: NPY002


@pytest.mark.slow
def test_of_a_callback_its_plain_attributes_are_kept():
    stopping = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    stopping.set_model(small_model())
    stopping.on_train_begin()
    stopping.on_epoch_end(0, {"val_loss": 2.0})
    stopping.on_epoch_end(1, {"val_loss": 3.0})
    other = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    other.on_train_begin()
    write_callback(other, read_callback(stopping))
    assert (other.best, other.wait, other.best_epoch) == (2.0, 1, 0)
    for ours, theirs in zip(other.best_weights, stopping.best_weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_callback_that_knows_better_says_what_is_kept():
    class Clever(keras.callbacks.Callback):
        def get_state(self):
            return {"seen": 3}

        def set_state(self, state):
            self.heard = state["seen"]

    clever = Clever()
    write_callback(clever, read_callback(clever))
    assert clever.heard == 3


@pytest.mark.slow
def test_what_counts_as_better_is_found_out_once():
    model = small_model()
    made = []
    for _ in range(3):
        callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", min_delta=0.5)
        callback.set_model(model)
        callback.on_train_begin()
        if made:
            write_callback(callback, read_callback(made[-1]))
        callback.on_epoch_end(0, {"loss": 1.0})
        made.append(callback)
    assert [one.min_delta for one in made] == [made[0].min_delta] * 3
