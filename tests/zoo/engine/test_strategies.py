"""Which strategy is given, and what is said where there is none. Devices are fixed per process: those get one each."""

import json
import os
import re
import subprocess
import sys

import keras
import pytest

from gradschool.zoo.engine.strategies import get_strategy, is_chief

pytestmark = [pytest.mark.slow, pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")]

GIVEN = """
import sys
from gradschool import zoo
strategy = zoo.get_strategy({arguments})
from gradschool.zoo.engine.strategies import is_chief
print(type(strategy).__name__, strategy.num_replicas_in_sync, is_chief(strategy))
"""


def given(arguments, tf_config=None, before="", **variables):
    environment = {**os.environ, **variables}
    environment.pop("TF_CONFIG", None)
    if tf_config is not None:
        environment["TF_CONFIG"] = tf_config if isinstance(tf_config, str) else json.dumps(tf_config)
    done = subprocess.run(
        [sys.executable, "-c", before + GIVEN.format(arguments=arguments)],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return (done.stdout if done.returncode == 0 else done.stderr).splitlines()[-1]


def test_one_device_is_tensorflows_own_default():
    assert get_strategy("one").num_replicas_in_sync == 1
    assert is_chief(get_strategy("one"))


@pytest.mark.parametrize("arguments", ["'auto', 3", "'MIRRORED', replicas=3"])
def test_logical_cpu_devices(arguments):
    assert given(arguments) == "MirroredStrategy 3 True"


def test_two_replicas_unless_said_otherwise():
    assert given("'mirrored'") == "MirroredStrategy 2 True"


def test_auto_is_one_device_where_nothing_asks_for_more():
    assert given("'auto'").endswith(" 1 True")


def test_workers_are_found_in_tf_config():
    alone = {"cluster": {"worker": ["localhost:0"]}, "task": {"type": "worker", "index": 0}}
    assert given("'multiworker'", alone) == "CollectiveAllReduceStrategy 1 True"


@pytest.mark.parametrize(
    ("arguments", "tf_config", "says"),
    [
        (("multiworker",), None, "gradschool launch --workers 2"),
        (("multiworker",), "{", "TF_CONFIG is not the JSON object"),
        (
            ("multiworker",),
            {"cluster": {"worker": ["localhost:1"], "ps": ["localhost:2"]}, "task": {"type": "worker", "index": 0}},
            "parameter servers",
        ),
        (("tpu",), None, "TensorFlow 2.19.1 and 2.20"),
        (("tpu",), None, "KERAS_BACKEND=jax"),
        (("parameterserver",), None, "asynchronously"),
        (("miror",), None, "mirrored"),
        (("mirrored", 0), None, "at least 1"),
        (("one", 2), None, "replicas is for the strategy mirrored"),
    ],
)
def test_what_cannot_be_is_explained(arguments, tf_config, says, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if tf_config is not None:
        monkeypatch.setenv("TF_CONFIG", tf_config if isinstance(tf_config, str) else json.dumps(tf_config))
    with pytest.raises(ValueError, match=re.escape(says)):
        get_strategy(*arguments)


def test_devices_cannot_be_added_once_tensorflow_has_started():
    before = "import tensorflow as tf; tf.zeros(1)\n"
    assert "before any model or data" in given("'mirrored', 2", before=before)


def test_pytorch_has_no_strategies():
    pytest.importorskip("torch")
    assert "back ends tensorflow and jax" in given("'mirrored', 2", KERAS_BACKEND="torch")
    assert given("'one'", KERAS_BACKEND="torch") == "OneDevice 1 True"


def test_a_parameter_server_strategy_is_refused():
    class ParameterServerStrategyV2:
        """Stands for TensorFlow's, which wants a cluster to be made."""

    with pytest.raises(ValueError, match="multiworker"):
        get_strategy(ParameterServerStrategyV2())
    with pytest.raises(ValueError, match=r"tf\.distribute\.Strategy"):
        get_strategy(3)
    assert get_strategy(get_strategy("one")) is get_strategy("one")
