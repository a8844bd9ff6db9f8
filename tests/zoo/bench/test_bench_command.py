"""`gradschool bench` as a user types it."""

import json
import subprocess
import sys

import keras
import pytest

from gradschool.__main__ import main


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_a_short_measurement_from_end_to_end(capsys):
    assert (
        main(["bench", "mlp", "--rounds", "1", "--seconds", "0.2", "--threads", "1", "--json", "--out", "b.json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    with open("b.json") as file:
        assert json.load(file) == report
    assert set(report) == {"gradschool", "machine", "options", "models"}
    assert report["options"] == {"rounds": 1, "seconds": 0.2, "threads": 1, "seed": 0}
    (measured,) = report["models"]
    assert set(measured) == {
        "model", "batch", "samples", "epochs_per_round", "steps_per_round", "gflop_per_step", "goals", "contenders",
        "others", "ratios", "peak_gflops", "share_of_peak", "left_out", "rounds_taken_again",
    }  # fmt: skip
    assert measured["contenders"].keys() | measured["left_out"].keys() == {"gradschool", "keras", "torch"}
    for contender in measured["contenders"].values():
        assert contender["difference"] < 1e-3
        assert contender["start_loss"] == pytest.approx(measured["contenders"]["gradschool"]["start_loss"], abs=1e-3)
        assert contender["first_step_s"] > 0
        assert 100 < contender["peak_memory_mib"] < 10_000
        assert len(contender["step_ms"]["rounds"]) == 1


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's profiler")
def test_a_profile_names_the_operations(capsys):
    assert main(["bench", "lenet5", "--profile", "--json"]) == 0
    (profiled,) = json.loads(capsys.readouterr().out)
    found = {one["kind"]: one for one in profiled["operations"]}
    times = [one["ms_per_step"] for one in profiled["operations"]]
    assert times == sorted(times, reverse=True)
    assert found["Conv2DBackpropInput"]["calls_per_step"] == 1  # two convolutions, the first of which needs none
    assert main(["bench", "lenet5", "--profile"]) == 0
    assert "Conv2DBackpropInput" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet"], "unknown model to bench 'resnet'; did you mean 'resnet50' or 'resnet20'"),
        (["perceptron"], "unknown model to bench 'perceptron'; there are: char_lstm, lenet5, mlp, resnet20, resnet50."),
        (["mlp", "--rounds", "0"], "rounds must be at least 1; got 0."),
        (["mlp", "--only-goals"], "--fits and --only-goals say how callbacks are measured: add --callbacks."),
        (["mlp", "--fits", "2"], "--fits and --only-goals say how callbacks are measured: add --callbacks."),
        (["mlp", "--out", "nowhere/b.json"], "there is no folder nowhere to write b.json into."),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_starts(capsys, arguments, message):
    assert main(["bench", *arguments]) == 2
    assert f"gradschool: error: {message}" in capsys.readouterr().err


def test_the_measuring_process_stays_light(tmp_path):
    source = (
        "import sys; from gradschool.zoo.bench import benchmark, cases, process, report; "
        "print([name for name in ('keras', 'numpy', 'tensorflow', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"
