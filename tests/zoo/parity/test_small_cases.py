"""Every small case gives one device's result on 2 replicas and on 2 workers, and one of each kind on 4 replicas.

`parity_in_brief.py` says in which precisions.
"""

import keras
import pytest

from gradschool.zoo.parity.case import REORDERED
from gradschool.zoo.parity.comparing import compare, largest_difference
from gradschool.zoo.parity.report import failures
from gradschool.zoo.parity.running import ONE_DEVICE, Setting, train_in_settings
from parity_in_brief import CASES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's"),
]
SETTINGS = [Setting("mirrored", 2), Setting("multiworker", 2)]
FOUR = Setting("mirrored", 4)  # traces every model four times: `gradschool parity` tries all of them
ON_FOUR = ["dense", "dropout", "batch_normalization", "gradient_accumulation", "mixed_float16_overflow"]
PAIRS = [(name, setting) for setting in SETTINGS for name in CASES] + [(name, FOUR) for name in ON_FOUR]


@pytest.fixture(scope="module")
def results():
    patience = 2700.0  # seconds: beside other tests, on slow machines
    how = {"module": "parity_in_brief", "timeout": patience}
    found = train_in_settings([ONE_DEVICE, *SETTINGS], **how)
    return found | train_in_settings([FOUR], ON_FOUR, **how)


@pytest.mark.parametrize(("name", "setting"), [pytest.param(*pair, id=f"{pair[1]}-{pair[0]}") for pair in PAIRS])
def test_a_case_gives_the_result_of_one_device(name, setting, results):
    one, other = results[ONE_DEVICE][name], results[setting][name]
    assert other.keys() == set(CASES[name].precisions)
    assert [str(found) for found in failures(compare(name, str(setting), one, other))] == []


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "float32" in case.precisions])
def test_another_order_of_sums_is_but_rounding(name, results):
    one = results[ONE_DEVICE][name]
    for order in REORDERED:
        assert largest_difference(one["float32"]["weights"], one[order]["weights"]) < 1e-4


def test_the_overflow_makes_one_device_skip_one_step_an_epoch(results):
    assert results[ONE_DEVICE]["mixed_float16_overflow"]["mixed_float16"]["updates"] == 16
