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
print(type(strategy).__name__, strategy.num_replicas_in_sync, is_chief(strategy), flush=True)
"""
ALONE = {"cluster": {"worker": ["localhost:0"]}, "task": {"type": "worker", "index": 0}}
SEVERAL = {  # arguments: what is to be given
    "'auto', 3": "MirroredStrategy 3 True",
    "'MIRRORED', replicas=3": "MirroredStrategy 3 True",
    "'mirrored'": "MirroredStrategy 2 True",
    "'auto'": "_DefaultDistributionStrategy 1 True",
    "'multiworker'": "CollectiveAllReduceStrategy 1 True",
}
IN_TURN = """
import os, keras, tensorflow, gradschool.zoo.engine.strategies  # which takes long, and begins nothing yet
for source in {sources}:
    if not os.fork():
        exec(source)
        os._exit(0)
    os.wait()
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


@pytest.fixture(scope="module")
def given_in_turn():
    """What is given for each of `SEVERAL`, in a process of its own each, all from one that has imported everything."""
    sources = [GIVEN.format(arguments=arguments) for arguments in SEVERAL]
    sources[-1] = f"os.environ['TF_CONFIG'] = {json.dumps(ALONE)!r}\n" + sources[-1]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN.format(sources=sources)],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == len(SEVERAL), done.stderr[-3000:]
    return dict(zip(SEVERAL, lines, strict=True))


def test_one_device_is_tensorflows_own_default():
    assert get_strategy("one").num_replicas_in_sync == 1
    assert is_chief(get_strategy("one"))


@pytest.mark.parametrize("arguments", SEVERAL)
def test_what_is_asked_for_is_given(given_in_turn, arguments):
    """Logical CPU devices, two unless said otherwise; one device where nothing asks for more; workers of TF_CONFIG."""
    assert given_in_turn[arguments] == SEVERAL[arguments]


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
