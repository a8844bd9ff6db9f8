"""Training on several JAX devices: the weights of one device. In processes of their own, whose devices are theirs."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs JAX")

TRAINING = """
import json, sys
from gradschool.zoo import get_strategy
replicas = int(sys.argv[1])
strategy = get_strategy("mirrored", replicas) if replicas > 1 else get_strategy("one")
import keras, numpy as np
from gradschool.zoo.layers.dropout import Dropout
rng = np.random.default_rng(0)
x, y = rng.normal(size=(139, 20)).astype("float32"), rng.integers(0, 5, 139)
keras.utils.set_random_seed(0)
with strategy.scope():
    inputs = keras.Input((20,))
    hidden = Dropout(0.3)(keras.layers.BatchNormalization()(keras.layers.Dense(24)(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(5)(hidden))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.5)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=32, epochs=4, shuffle=False, verbose=0)
    print(json.dumps({
        "devices": len(model.weights[0].value.sharding.device_set),
        "weights": [np.asarray(one).tolist() for one in model.get_weights()],
        "evaluation": model.evaluate(x, y, verbose=0),
        "predictions": model.predict(x, verbose=0).tolist(),
    }))
"""


def run(*words):
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture(scope="module")
def one_device():
    return json.loads(run("-c", TRAINING, "1").stdout.splitlines()[-1])


@pytest.mark.parametrize("replicas", [2, 4])
def test_several_devices_train_the_weights_of_one(one_device, replicas):
    several = json.loads(run("-c", TRAINING, str(replicas)).stdout.splitlines()[-1])
    assert several["devices"] == replicas
    for one, other in zip(one_device["weights"], several["weights"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    np.testing.assert_allclose(one_device["evaluation"], several["evaluation"], atol=1e-5)
    np.testing.assert_allclose(one_device["predictions"], several["predictions"], atol=1e-4)


@pytest.mark.parametrize(
    ("request_for", "says"),
    [
        ("get_strategy('multiworker')", "TensorFlow back end"),
        ("get_strategy('tpu')", "no TPU"),
        ("get_strategy('parameterserver')", "asynchronously"),
    ],
)
def test_what_jax_does_not_have_is_refused(request_for, says):
    done = run("-c", f"from gradschool.zoo import get_strategy; {request_for}")
    assert done.returncode == 1
    assert says in done.stderr.splitlines()[-1]
