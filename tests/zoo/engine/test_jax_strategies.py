"""Training on several JAX devices: the weights of one device. In processes of their own, whose devices are theirs."""

import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gradschool.zoo.launching import choose_ports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX"),
]

TRAINING = """
import json, sys
from gradschool.zoo import get_strategy
strategies = {name: get_strategy(*arguments) for name, arguments in json.loads(sys.argv[1]).items()}
import keras, numpy as np
from gradschool.zoo.layers.dropout import Dropout
rng = np.random.default_rng(0)
x, y = rng.normal(size=(139, 20)).astype("float32"), rng.integers(0, 5, 139)

def train():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((20,))
    hidden = Dropout(0.3)(keras.layers.BatchNormalization()(keras.layers.Dense(24)(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(5)(hidden))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.5)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=32, epochs=4, shuffle=False, verbose=0)
    return {
        "devices": len(model.weights[0].value.sharding.device_set),
        "weights": [np.asarray(one).tolist() for one in model.get_weights()],
        "evaluation": model.evaluate(x, y, verbose=0),
        "predictions": model.predict(x, verbose=0).tolist(),
    }

results = {}
for name, strategy in strategies.items():
    with strategy.scope():
        results[name] = train()
print(json.dumps(results))
"""
ASKING = """
import json, sys
from gradschool.zoo import get_strategy
said = {}
for name in sys.argv[1:]:
    try:
        get_strategy(name)
    except ValueError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


def run(*words, **variables):
    environment = {**os.environ, "KERAS_BACKEND": "jax", **variables}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=200, check=False
    )


def trained(strategies, **variables):
    """What came out, by name; the first strategy decides how many devices there are, of which others may use fewer."""
    done = run("-c", TRAINING, json.dumps(strategies), **variables)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def in_one_process():
    return trained({"4": ("mirrored", 4), "2": ("mirrored", 2), "1": ("one",)})


@pytest.fixture
def one_device(in_one_process):
    assert in_one_process["1"]["devices"] == 1
    return in_one_process["1"]


def assert_same(several, one_device):
    for one, other in zip(one_device["weights"], several["weights"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    np.testing.assert_allclose(one_device["evaluation"], several["evaluation"], atol=1e-5)
    np.testing.assert_allclose(one_device["predictions"], several["predictions"], atol=1e-4)


@pytest.mark.parametrize("replicas", [2, 4])
def test_several_devices_train_the_weights_of_one(in_one_process, one_device, replicas):
    several = in_one_process[str(replicas)]
    assert several["devices"] == replicas
    assert_same(several, one_device)


def test_two_workers_train_the_weights_of_one_device(one_device):
    cluster = {"worker": [f"localhost:{port}" for port in choose_ports(2)]}
    tasks = [json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}) for index in (0, 1)]
    strategies = {"by themselves": ("auto",), "as told": ("multiworker",)}
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda task: trained(strategies, TF_CONFIG=task), tasks))
    for worker in both:
        assert worker.keys() == strategies.keys()
        for several in worker.values():
            assert several["devices"] == 2
            assert_same(several, one_device)


def test_what_jax_does_not_have_is_refused():
    refusals = {"multiworker": "gradschool launch", "tpu": "no TPU", "parameterserver": "asynchronously"}
    done = run("-c", ASKING, *refusals)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said.keys() == refusals.keys()
    for name, words in refusals.items():
        assert words in said[name], name
