"""Processes that measure: what they are asked, and what becomes of those that fail."""

import json
import subprocess
import sys

import pytest

from gradschool.zoo.scaling.measurement import load_measurement, measure_scaling
from scaling_made_up import made_up

FAKE = """
import json, os, sys, time
out, words = sys.argv[1], sys.argv[2:]
options = dict(zip(words[:8:2], words[1:8:2]))
replicas, batches = int(options["--replicas"]), [int(word) for word in words[9:]]
{what}
setting = {{"seconds": 0.25, "quartiles": [0.2, 0.3], "turns": 5}}
steps = [{{"batch": batch, **setting}} for batch in batches]
all_reduces = [{{"bytes": 1024, **setting}}] if replicas > 1 else []
with open(out, "w") as file:
    json.dump({{"replicas": replicas, "device": os.environ.get("DEVICE", "CPU"), "gradient_bytes": 40, "tensors": 3,
               "steps": steps, "all_reduces": all_reduces, "others": replicas / 10}}, file)
"""


def program(what=""):
    return (sys.executable, "-c", FAKE.format(what=what))


def test_every_number_of_replicas_gets_a_process():
    said = []
    found = measure_scaling("mlp", [1, 2], [32, 128], tell=said.append, program=program())
    assert said == ["mlp: measuring 1 replica", "mlp: measuring 2 replicas"]
    settings = [(one["replicas"], one["batch"]) for one in found["steps"]]
    assert settings == [(1, 32), (1, 128), (2, 32), (2, 128)]
    assert [(one["replicas"], one["bytes"]) for one in found["all_reduces"]] == [(2, 1024)]
    assert found["shares_cores"] is True
    assert (found["model"], found["gradient_bytes"], found["tensors"], found["others"]) == ("mlp", 40, 3, 0.2)
    json.dumps(found, allow_nan=False)


def test_gpus_share_no_cores(monkeypatch):
    monkeypatch.setenv("DEVICE", "GPU")
    assert measure_scaling("mlp", [1, 2], [32], program=program())["shares_cores"] is False


def test_one_that_dies_is_an_error_with_its_last_words():
    words = "print('no room', file=sys.stderr); sys.exit(3 if replicas == 2 else 0)"
    with pytest.raises(ChildProcessError, match="measuring 1 replica ended with status 0"):
        measure_scaling("mlp", [1, 2], [32], program=program(words))
    words = "if replicas == 2: raise SystemExit('first line' + chr(10) + 'no room')"
    with pytest.raises(ChildProcessError, match=r"measuring 2 replicas ended with status 1:\n  first line\n  no room"):
        measure_scaling("mlp", [1, 2], [32], program=program(words))


def test_a_signal_is_named():
    with pytest.raises(ChildProcessError, match=r"measuring 1 replica was ended by signal 9:\n  no message"):
        measure_scaling("mlp", [1, 2], [32], program=program("os.kill(os.getpid(), 9)"))


def test_one_that_takes_too_long_is_ended():
    with pytest.raises(ChildProcessError, match="took longer than 1 seconds and was ended; choose fewer"):
        measure_scaling("mlp", [1, 2], [32], timeout=1.0, program=program("time.sleep(60)"))


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
