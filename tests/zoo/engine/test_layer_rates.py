"""A factor for each layer's learning rate: every optimizer's step against that of an optimizer with that very rate."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool import zoo
from gradschool.zoo.engine.optimizers import get_optimizer
from gradschool.zoo.models.lenet_1998 import LeNet5In1998
from gradschool.zoo.models.mlp import MLP

RATES = {"first": 0.1, "second": 0.5}  # "third" keeps the optimizer's own
NAMES = ["sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "lion"]


def make_model():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, name=name, activation="tanh") for name in ("first", "second", "third")]
    return keras.Sequential([keras.Input((3,)), *layers])


def trained(optimizer):
    """The weights after one step."""
    model = make_model()
    model.compile(optimizer, "mse", run_eagerly=True)  # one step, for which tracing would take a second
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)).astype("float32"), rng.normal(size=(12, 4)).astype("float32")
    model.fit(x, y, batch_size=12, epochs=1, verbose=0)
    return {layer.name: [convert_to_numpy(weight) for weight in layer.weights] for layer in model.layers}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("decay", [None, 0.1])
def test_a_layer_s_step_is_that_of_its_own_rate(name, decay):
    """The first step: what a layer learns does not depend on the others' rates yet."""
    found = trained(get_optimizer(name, 0.01, weight_decay=decay, rates=RATES))
    for layer, factor in {**RATES, "third": 1.0}.items():
        expected = trained(get_optimizer(name, 0.01 * factor, weight_decay=decay))[layer]
        for ours, theirs in zip(found[layer], expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7, err_msg=layer)


def test_plain_optimizers_stay_keras_s_own():
    assert type(get_optimizer("adam", 0.01)) is keras.optimizers.Adam
    assert type(get_optimizer("adam", 0.01, rates={})) is keras.optimizers.Adam


def test_rates_survive_a_save(tmp_path):
    model = make_model()
    model.compile(get_optimizer("adam", 0.01, weight_decay=0.1, rates=RATES), "mse")
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 4), "float32"), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = zoo.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.rates == RATES
    assert loaded.optimizer.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize("factor", [0, -1, float("inf"), "half", True])
def test_impossible_factors_are_refused(factor):
    with pytest.raises(ValueError, match="rates: the factor of conv1 must be a number above 0; got"):
        get_optimizer("sgd", 0.1, rates={"conv1": factor})


def test_rates_for_no_layer_of_the_model_are_refused():
    with pytest.raises(ValueError, match="rates: the model has no layer of the names foo"):
        get_optimizer("adam", 0.1, rates={"foo": 0.5}).build(make_model().trainable_variables)


# === Saved, and where nothing decays ===
READ = """
import sys
from gradschool import zoo
optimizer = zoo.load_model(sys.argv[1]).optimizer
print(sorted(optimizer.rates.items()))
"""


@pytest.mark.slow
def test_a_saved_model_is_read_where_nothing_but_the_zoo_was_imported(tmp_path):
    model = MLP((3,), classes=2, hidden=(2,))
    model.compile(get_optimizer("adamw", 0.1, weight_decay=0.1, rates={"hidden1": 0.5}), "mse")
    model.save(tmp_path / "model.keras")
    read = subprocess.run(
        [sys.executable, "-c", READ, tmp_path / "model.keras"], capture_output=True, text=True, timeout=120
    )
    assert read.stdout.splitlines()[-1:] == ["[('hidden1', 0.5)]"], read.stderr[-2000:]


def test_a_layer_of_which_nothing_decays():
    """All that a trainable subsampling learns has one axis, and Keras on PyTorch fails on a list of no weights."""
    model = LeNet5In1998()
    optimizer = get_optimizer("adamw", 0.1, weight_decay=0.1, weight_decay_on="kernels", rates={"S2": 0.5})
    before = [np.array(keras.ops.convert_to_numpy(one)) for one in model.trainable_variables]
    optimizer.apply([keras.ops.zeros(one.shape) for one in model.trainable_variables], model.trainable_variables)
    for weight, was in zip(model.trainable_variables, before, strict=True):
        factor = 1 - 0.1 * 0.1 if len(was.shape) > 1 else 1
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), was * factor, rtol=1e-6)
