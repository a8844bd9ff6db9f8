"""Every zoo model that learns gives one device's result on 2 replicas and on 2 workers."""

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
SETTINGS = [Setting("mirrored", 2), Setting("multiworker", 2)]


@pytest.fixture(scope="module")
def results():
    return train_in_settings([ONE_DEVICE, *SETTINGS], module="parity_of_models")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_a_model_gives_the_result_of_one_device(name, setting, results):
    one, other = results[ONE_DEVICE][name], results[setting][name]
    assert other.keys() == set(CASES[name].precisions)
    assert [str(found) for found in failures(compare(name, str(setting), one, other))] == []
