"""Processes of a parity run: how they are told what to do, and what happens when they do not do it."""

import json
import os

import keras
import pytest

from gradschool.zoo.parity import running
from gradschool.zoo.parity.running import ONE_DEVICE, Setting, train_in_settings

WORKERS = Setting("multiworker", 2)


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Puts a program of a few lines in the place of `training.py`; it is given the same arguments."""

    def put(text):
        (tmp_path / "stand_in.py").write_text(text)
        monkeypatch.setattr(running, "read_plain", lambda path: json.loads(path.read_text()))
        monkeypatch.syspath_prepend(tmp_path)
        command = running._Team._command
        module = f"{running.__package__}.training"
        monkeypatch.setattr(
            running._Team,
            "_command",
            lambda team: ["stand_in" if word == module else word for word in command(team)],
        )

    return put


WRITE = """
import json, os, sys
with open(sys.argv[1], "w") as file:
    json.dump({"said": sys.argv[2:], "backend": os.environ["KERAS_BACKEND"]}, file)
"""


def test_a_setting_reaches_its_process(program, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "not for us")
    program(WRITE + "assert 'TF_CONFIG' not in os.environ")
    results = train_in_settings([ONE_DEVICE, Setting("mirrored", 4)], ["dense", "dropout"], module="own.cases")
    assert {str(setting): result["said"] for setting, result in results.items()} == {
        "one device": ["--strategy", "one", "--cases", "own.cases", "--names", "dense,dropout"],
        "4 replicas": [
            *("--strategy", "mirrored", "--replicas", "4"), "--cases", "own.cases", "--names", "dense,dropout",
        ],
    }  # fmt: skip
    assert all(result["backend"] == "tensorflow" for result in results.values())


def test_workers_learn_their_places_from_tf_config():
    configs = [json.loads(one["TF_CONFIG"]) for one in running._environments(Setting("multiworker", 3))]
    assert [one["task"] for one in configs] == [{"type": "worker", "index": index} for index in range(3)]
    assert len({address for one in configs for address in one["cluster"]["worker"]}) == 3


def test_a_process_that_died_is_an_error_with_its_last_words(program):
    program("import sys; print('long ago\\n' * 30, file=sys.stderr); sys.exit('the dog ate the gradients')")
    with pytest.raises(ChildProcessError, match="the dog ate the gradients") as error:
        train_in_settings([Setting("mirrored", 2)])
    assert str(error.value).startswith("the parity run on 2 replicas ended with status 1. It said last:\n  long ago\n")
    assert str(error.value).count("long ago") < 30


def test_a_worker_that_died_ends_the_others(program, tmp_path):
    program(f"""
import json, os, time
from pathlib import Path
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
note = Path({str(tmp_path)!r}, "pid")
if index == 0:
    note.with_name("unfinished").write_text(str(os.getpid()))
    note.with_name("unfinished").rename(note)
    time.sleep(1000)
while not note.exists():
    time.sleep(0.01)
os.kill(os.getpid(), 9)
""")
    with pytest.raises(ChildProcessError, match=r"2 workers \(worker 1\) was killed by SIGKILL.*:\n  nothing"):
        train_in_settings([WORKERS])
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.slow
def test_a_process_that_hangs_is_given_up(program):
    program("import time; print('waiting for the others', flush=True); time.sleep(1000)")
    with pytest.raises(ChildProcessError, match=r"one device was not done after 2 s.*\n  waiting for the others"):
        train_in_settings([ONE_DEVICE], timeout=2)


@pytest.mark.slow
def test_no_more_than_two_processes_run_at_a_time(program):
    program(WRITE + "import time; time.sleep(0.3)")
    told = []
    train_in_settings([ONE_DEVICE, Setting("mirrored", 2), Setting("mirrored", 3), WORKERS], tell=told.append)
    together = [line.removeprefix("training on ").split(" and on ") for line in told]
    assert max(len(one) for one in together) == 2
    assert [one for one in together if "2 workers" in one and len(one) > 1] == []


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
@pytest.mark.slow
def test_an_unknown_case_is_named_by_the_process():
    with pytest.raises(ChildProcessError, match="KeyError: 'densest'"):
        train_in_settings([ONE_DEVICE], ["densest"])
