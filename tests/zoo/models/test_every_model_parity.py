"""Every zoo model that learns gives one device's result on 2 replicas, and one of each kind on 2 workers.

What workers do otherwise than replicas, they do for every model: `tests/zoo/parity` tries it case by case.
"""

import keras
import pytest

from gradschool.zoo.parity.comparing import compare
from gradschool.zoo.parity.report import failures
from gradschool.zoo.parity.running import ONE_DEVICE, Setting, train_in_settings
from parity_of_models import CASES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's"),
]
REPLICAS, WORKERS = Setting("mirrored", 2), Setting("multiworker", 2)
ON_WORKERS = ["mlp", "lenet5", "resnet20", "variational_autoencoder", "dcgan"]
PAIRS = [(name, REPLICAS) for name in CASES] + [(name, WORKERS) for name in ON_WORKERS]


@pytest.fixture(scope="module")
def results():
    found = train_in_settings([ONE_DEVICE, REPLICAS], module="parity_of_models")
    return found | train_in_settings([WORKERS], ON_WORKERS, module="parity_of_models")


@pytest.mark.parametrize(("name", "setting"), [pytest.param(*pair, id=f"{pair[1]}-{pair[0]}") for pair in PAIRS])
def test_a_model_gives_the_result_of_one_device(name, setting, results):
    one, other = results[ONE_DEVICE][name], results[setting][name]
    assert other.keys() == set(CASES[name].precisions)
    assert [str(found) for found in failures(compare(name, str(setting), one, other))] == []
