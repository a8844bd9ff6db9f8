"""`gradschool scale` as a user types it."""

import json
from pathlib import Path

import pytest

from gradschool.__main__ import main
from gradschool.zoo.scaling import measurement
from scaling_made_up import made_up


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """What would have been measured."""
    calls = []

    def measure(model, replicas, batches, rounds, timeout, tell):
        calls.append({"model": model, "replicas": replicas, "batches": batches, "rounds": rounds, "timeout": timeout})
        return made_up(replicas, batches)

    monkeypatch.setattr(measurement, "measure_scaling", measure)
    return calls


def as_json(capsys, *arguments):
    capsys.readouterr()
    assert main(["scale", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_measured_by_default(asked, capsys):
    report = as_json(capsys)
    assert asked == [{"model": "mlp", "replicas": [1, 2, 4], "batches": [32, 128, 512], "rounds": 5, "timeout": 300.0}]
    assert set(report) == {"measurement", "fit", "hardware", "prediction"}
    assert report["prediction"]["batch"] == 512
    counts = [row["accelerators"] for row in report["prediction"]["strong"]["rows"]]
    assert counts == [1, 2, 4, 8, 16, 32, 64]
    assert report["hardware"] == {name: report["fit"][name] for name in report["hardware"]}


def test_what_is_asked_for_is_measured(asked, capsys):
    as_json(capsys, "lenet5", "--replicas", "4, 1", "--batches", "64", "--rounds", "2", "--timeout", "60")
    assert asked == [{"model": "lenet5", "replicas": [1, 4], "batches": [64], "rounds": 2, "timeout": 60.0}]


def test_tables_say_what_was_measured_and_what_it_means(asked, capsys):
    assert main(["scale", "--accelerators", "1,2048", "--batch", "4096"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "mlp: step time, measured and fitted",
        "alpha, latency of a message 9 9 us",
        "Gradients: 410 KiB in 6 tensors",
        "shared its 2 cores",
        "for a network: --latency and --bandwidth",
        "strong scaling: one batch of 4096 over N accelerators",
        "2,048",
        "no longer help",
        "Efficiency falls below one half at N =",
    ):
        assert words in shown
    assert "Not to be relied on" not in shown


def test_an_earlier_measurement_is_enough_to_predict_again(asked, capsys):
    first = as_json(capsys, "--out", "scale.json")
    assert json.loads(Path("scale.json").read_text()) == first
    assert as_json(capsys, "--from", "scale.json") == first
    options = ["--bandwidth", "25", "--latency", "5", "--compute-seconds", "0.001", "--accelerators", "1,64"]
    other = as_json(capsys, "--from", "scale.json", *options)
    assert other["fit"] == first["fit"]
    assert other["hardware"]["bandwidth_gb_s"] == pytest.approx(25)
    assert other["hardware"]["latency_us"] == pytest.approx(5)
    assert other["prediction"]["weak"]["rows"][0]["seconds"] == pytest.approx(1e-3)
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["scale.png", "scale.svg", "scale"])
def test_a_picture_of_it(asked, capsys, name):
    assert main(["scale", "--picture", name]) == 0
    file = name if "." in name else "scale.png"
    assert Path(file).stat().st_size > 10_000
    assert capsys.readouterr().out.endswith(f"picture: {file}\n")
    assert [path.name for path in Path().iterdir()] == [file]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--replicas", "1,two"], "--replicas must be whole numbers of at least 1, such as 1,2,4; got '1,two'."),
        (["--replicas", "0,1"], "--replicas must be whole numbers of at least 1"),
        (["--batches", "32,,64"], "--batches must be whole numbers of at least 1"),
        (["--accelerators", ""], "--accelerators must be whole numbers of at least 1"),
        (["--batch", "0"], "--batch must be at least 1; got 0."),
        (["--bandwidth", "-1"], "--bandwidth must be positive"),
        (["--latency", "nan"], "--latency must not be negative"),
        (["--compute-seconds", "0"], "--compute-seconds must be positive"),
        (["--replicas", "1"], "one replica alone says nothing of communication"),
        (["--picture", "scale.xyz"], "--picture scale.xyz: there is no picture type '.xyz'"),
        (["--picture", "nowhere/scale.png"], "there is no folder nowhere to write scale.png into."),
        (["--out", "nowhere/scale.json"], "there is no folder nowhere to write scale.json into."),
        (["--from", "nothing.json"], "No such file or directory: nothing.json"),
        (["mlp", "--from", "nothing.json"], "--from takes what was measured before: leave out MODEL"),
    ],
)
def test_mistakes_are_found_before_anything_is_measured(asked, capsys, arguments, message):
    assert main(["scale", *arguments]) == 2
    assert f"gradschool: error: {message}" in capsys.readouterr().err
    assert asked == []
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nlp"], "unknown model to scale 'nlp'; did you mean 'mlp'"),
        (["--batches", "2,32"], "a batch of 2 leaves some of 4 replicas without a sample"),
        (["--rounds", "0"], "--rounds must be at least 1; got 0."),
        (["--timeout", "0.01"], "measuring 1 replica took longer than 0.01 seconds and was ended"),
    ],
)
def test_what_cannot_be_measured(capsys, arguments, message):
    assert main(["scale", *arguments]) == 2
    assert f"gradschool: error: {message}" in capsys.readouterr().err


@pytest.mark.slow
def test_a_short_measurement_from_end_to_end(capsys):
    report = as_json(capsys, "mlp", "--replicas", "1,2", "--batches", "64,256", "--rounds", "1", "--out", "scale.json")
    measured = report["measurement"]
    assert measured["gradient_bytes"] == 4 * 104_938
    assert measured["tensors"] == 6
    assert [(one["replicas"], one["batch"]) for one in measured["steps"]] == [(1, 64), (1, 256), (2, 64), (2, 256)]
    assert [one["bytes"] for one in measured["all_reduces"]][::7] == [2**10, 2**24]
    assert {one["replicas"] for one in measured["all_reduces"]} == {2}
    assert all(one["seconds"] > 0 for kind in ("steps", "all_reduces") for one in measured[kind])
    assert as_json(capsys, "--from", "scale.json") == report
