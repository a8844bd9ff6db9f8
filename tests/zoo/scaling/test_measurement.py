"""Processes that measure: what they are asked, and what becomes of those that fail."""

import json
import subprocess
import sys

import pytest

from gradschool.zoo.scaling.measurement import load_measurement, measure_scaling
from scaling_made_up import made_up

FAKE = """
import os, sys, time
from gradschool.zoo.bench.serving import serve
options = dict(zip(sys.argv[1:5:2], sys.argv[2:5:2]))
replicas, batches = int(options["--replicas"]), [int(word) for word in sys.argv[6:]]
turns = []
def turn(seconds):
    turns.append(seconds)
    {what}
    steps = [(batch, [batch * len(turns), batch * len(turns)]) for batch in batches]
    all_reduces = [(1024, [len(turns)])] if replicas > 1 else []
    return {{"steps": steps, "all_reduces": all_reduces, "others": replicas / 10 if len(turns) == 2 else None}}
facts = {{"replicas": replicas, "device": os.environ.get("DEVICE", "CPU"), "gradient_bytes": 40, "tensors": 3}}
{early}
serve(sys.stdin, sys.stdout, {{"turn": turn}}, facts)
"""


def program(what="", early=""):
    return (sys.executable, "-c", FAKE.format(what=what or "pass", early=early))


def test_all_numbers_of_replicas_take_turns():
    said = []
    found = measure_scaling("mlp", [1, 2], [32, 128], rounds=3, tell=said.append, program=program())
    starts = ["mlp: starting 1 replica", "mlp: starting 2 replicas"]
    rounds = [f"mlp: round {number} of 3, {who}" for number in (1, 2, 3) for who in ("1 replica", "2 replicas")]
    assert said == starts + rounds
    settings = [(one["replicas"], one["batch"]) for one in found["steps"]]
    assert settings == [(1, 32), (1, 128), (2, 32), (2, 128)]
    assert found["steps"][3] == {
        "replicas": 2, "batch": 128, "seconds": 256, "quartiles": [160.0, 352.0], "turns": 6,
    }  # fmt: skip
    assert found["all_reduces"] == [{"replicas": 2, "bytes": 1024, "seconds": 2, "quartiles": [1.5, 2.5], "turns": 3}]
    assert found["shares_cores"] is True
    assert (found["model"], found["gradient_bytes"], found["tensors"], found["others"]) == ("mlp", 40, 3, 0.2)
    json.dumps(found, allow_nan=False)


def test_gpus_share_no_cores(monkeypatch):
    monkeypatch.setenv("DEVICE", "GPU")
    assert measure_scaling("mlp", [1, 2], [32], program=program())["shares_cores"] is False


def test_one_that_dies_is_an_error_with_its_last_words():
    early = "if replicas == 2: sys.exit(3)"
    with pytest.raises(ChildProcessError, match=r"measuring 2 replicas ended with status 3:\n  no message"):
        measure_scaling("mlp", [1, 2], [32], program=program(early=early))
    words = "if len(turns) == 2: raise SystemExit('first line' + chr(10) + 'no room')"
    with pytest.raises(ChildProcessError, match=r"measuring 1 replica ended with status 1:\n  first line\n  no room"):
        measure_scaling("mlp", [1, 2], [32], program=program(words))


def test_a_signal_is_named():
    with pytest.raises(ChildProcessError, match=r"measuring 1 replica was ended by signal 9:\n  no message"):
        measure_scaling("mlp", [1, 2], [32], program=program("os.kill(os.getpid(), 9)"))


@pytest.mark.slow
@pytest.mark.parametrize("slow", [{"what": "time.sleep(60)"}, {"early": "time.sleep(60)"}])
def test_one_that_takes_too_long_is_ended(slow):
    with pytest.raises(ChildProcessError, match="measuring 1 replica took longer than 2 seconds and was ended"):
        measure_scaling("mlp", [1, 2], [32], timeout=2.0, program=program(**slow))


@pytest.mark.parametrize(
    ("model", "replicas", "batches", "message"),
    [
        ("mpl", [1, 2], [32], "unknown model to scale 'mpl'; did you mean 'mlp'"),
        ("mlp", [1, 4], [2, 32], "a batch of 2 leaves some of 4 replicas without a sample"),
        ("mlp", [1], [32], "one setting cannot tell"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_starts(model, replicas, batches, message):
    with pytest.raises(ValueError, match=message):
        measure_scaling(model, replicas, batches, program=("/nonexistent",))


def test_a_measurement_comes_back_from_its_file(tmp_path):
    file = tmp_path / "scale.json"
    file.write_text(json.dumps({"measurement": made_up(), "fit": {}}))
    assert load_measurement(file) == made_up()


@pytest.mark.parametrize("text", ["[1, 2]", "{}", '{"measurement": {"model": "mlp"}}', '{"measurement": 3}'])
def test_another_kind_of_file_is_refused(tmp_path, text):
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"other\.json holds no measurement; name a file"):
        load_measurement(file)
    file.write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match=r"other\.json is not JSON"):
        load_measurement(file)


def test_the_parent_stays_light(tmp_path):
    source = (
        "import sys; import gradschool.zoo.commands.scale; "
        "from gradschool.zoo.scaling import fitting, measurement, measuring, model, prediction, report; "
        "print([name for name in ('keras', 'matplotlib', 'scipy', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"
