"""`gradschool compare` as a user types it."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from gradschool.__main__ import main
from gradschool.zoo.engine import comparing
from gradschool.zoo.recipes import find_recipe, get_recipe

pytestmark = pytest.mark.slow  # many compilations

QUICK = ["compare", "mlp_16_16", "--optimizers", "sgd,adam", "--epochs", "2", "--candidates", "1"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder of a small comparison."""
    out = tmp_path_factory.mktemp("compared") / "out"
    assert main([*QUICK, "--seeds", "2", "--out", str(out)]) == 0
    return out


def rows(path):
    with Path(path).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def refused(capsys, *arguments):
    capsys.readouterr()
    assert main(["compare", *arguments]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def test_what_it_leaves_behind(compared):
    names = {path.name for path in compared.iterdir()}
    assert names == {
        "config.json", "report.html", "seeds", "study.csv", "study.json", "study.png", "summary.csv", "times.json",
    }  # fmt: skip
    runs = rows(compared / "study.csv")
    assert len(runs) == 2 * 2 * 1 * 2  # seeds, optimizers, rates, epochs
    assert {row["optimizer"] for row in runs} == {"sgd", "adam"}
    config = json.loads((compared / "config.json").read_text(encoding="utf-8"))
    assert config["status"] == "finished"
    assert config["command"] == shlex.join(["gradschool", *QUICK, "--seeds", "2", "--out", str(compared)])
    assert config["comparison"]["data"] == "digits"
    assert "Four columns" in (compared / "report.html").read_text(encoding="utf-8")


def test_the_table_and_what_has_to_be_known_of_it(compared, capsys):
    capsys.readouterr()
    assert main([*QUICK, "--seeds", "2", "--out", str(compared), "--resume"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "optimizer best rate val accuracy difference",
        "training speed convergence stability generalization",
        "The target is val_accuracy of at least",
        "Student's, of 95% confidence over 2 seeds",
        f"report: {compared / 'report.html'}",
    ):
        assert words in shown


def test_json_has_every_figure(compared, capsys):
    capsys.readouterr()
    assert main([*QUICK, "--seeds", "2", "--out", str(compared), "--resume", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["seeds"] == [0, 1]
    assert [set(row) for row in report["optimizers"]] == [set(rows(compared / "summary.csv")[0]) | {"censored"}] * 2
    for row, known in zip(report["optimizers"], rows(compared / "summary.csv"), strict=True):
        assert row["val_accuracy"] == pytest.approx(float(known["val_accuracy"]))
        assert row["censored"] == (known["steps_to_target"] == "inf")


@pytest.mark.parametrize(("target", "censored"), [("val_accuracy=1.5", True), ("val_accuracy=0", False)])
def test_json_says_which_runs_do_not_reach_the_target(compared, capsys, target, censored):
    capsys.readouterr()
    assert main([*QUICK, "--seeds", "2", "--out", str(compared), "--resume", "--target", target, "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["optimizers"]:
        assert row["censored"] is censored
        assert row["steps_to_target"] == (None if censored else 41)  # of an epoch
        assert (row["seconds_to_target"] is None) is censored


def test_rates_of_one_optimizer_may_come_one_by_one(monkeypatch, capsys):
    def compared(recipe, names, out, *, learning_rates, **kwargs):
        raise ValueError(f"to be tried: {learning_rates}")

    monkeypatch.setattr(comparing, "compare_recipe", compared)
    rates = ["--learning-rates", "adam=0.002", "--learning-rates", "Adam=0.004", "--learning-rates", "sgd=0.1,0.2"]
    error = refused(capsys, *QUICK[1:4], *rates)
    assert "to be tried: {'adam': [0.002, 0.004], 'sgd': [0.1, 0.2]}" in error


def test_another_schedule_does_not_get_the_options_of_the_recipe_s(monkeypatch, capsys):
    def compared(recipe, *args, **kwargs):
        raise ValueError(f"to be tried: {recipe.schedule} {dict(recipe.schedule_options)}")

    monkeypatch.setattr(comparing, "compare_recipe", compared)
    monkeypatch.setattr("gradschool.zoo.data.check_available", lambda *args: None)
    assert get_recipe("resnet20_cifar10").schedule_options
    assert "to be tried: cosine {}" in refused(capsys, "resnet20", "--data", "cifar10", "--schedule", "cosine")
    steps = ["--schedule", "steps", "--schedule-option", "at=3,5"]
    assert "to be tried: steps {'at': [3, 5]}" in refused(capsys, "mlp", *steps)


def test_every_candidate_has_the_recipe_s_rates_for_its_layers(monkeypatch):
    found = []

    def run_study(prepare, candidates, **kwargs):
        found.extend(candidates)
        raise KeyboardInterrupt

    monkeypatch.setattr(comparing, "run_study", run_study)
    recipe = replace(find_recipe("mlp", "digits"), rate_decay=0.5)
    with pytest.raises(KeyboardInterrupt):
        comparing.compare_recipe(recipe, ["sgd", "adam"], "out", learning_rates=[0.1])
    assert [one.make(0.1).rates for one in found] == 2 * [{"hidden1": 0.25, "hidden2": 0.5, "logits": 1.0}]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="data are augmented by TensorFlow")
def test_an_exact_comparison_is_fits_of_one_optimizer_each_bit_for_bit(tmp_path):
    common = ["mlp_16_16", "--augment", "shift=1", "--epochs", "2"]  # augmented: no XLA in the fits either
    rates = ["--learning-rates", "momentum=0.03", "--learning-rates", "adam=0.002"]
    names = ["--optimizers", "momentum,adam"]
    assert main(["compare", *common, *names, *rates, "--seeds", "1", "--exact", "--out", "all"]) == 0
    runs = rows("all/study.csv")
    for name, rate in (("momentum", "0.03"), ("adam", "0.002")):
        fit = ["fit", *common, "--optimizer", name, "--learning-rate", rate, "--out", name]
        assert main(fit) == 0
        own = [row for row in runs if row["optimizer"] == name]
        for ours, theirs in zip(own, rows(f"{name}/history.csv"), strict=True):
            for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
                assert float(ours[metric]) == float(theirs[metric])
        tested = json.loads(Path(f"{name}/metrics.json").read_text(encoding="utf-8"))["test"]
        seed = json.loads(Path("all/seeds/seed-0.json").read_text(encoding="utf-8"))
        (found,) = [row for row in seed["tests"] if row["optimizer"] == name]
        assert found["test_accuracy"] == tested["accuracy"]


def test_a_schedule_is_every_candidates_own(capsys):
    names = ["--optimizers", "sgd", "--learning-rates", "0.1"]
    assert main([*QUICK[:2], *names, "--epochs", "1", "--seeds", "1", "--schedule", "cosine", "--out", "cosine"]) == 0
    assert main([*QUICK[:2], *names, "--epochs", "1", "--seeds", "1", "--schedule", "constant", "--out", "const"]) == 0
    falling, constant = ([float(row["loss"]) for row in rows(f"{name}/study.csv")] for name in ("cosine", "const"))
    assert len(set(falling + constant)) == 2
    assert np.isfinite(falling + constant).all()
    assert "A single seed says nothing" in " ".join(capsys.readouterr().out.split())


def test_a_comparison_that_was_killed_goes_on(compared):
    command = [*QUICK, "--seeds", "2", "--out", "killed"]
    program = [sys.executable, "-m", "gradschool", *command]
    paths = os.pathsep.join([*sys.path, str(Path(__file__).parents[4])])
    process = subprocess.Popen(program, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 180
    while not Path("killed/seeds/seed-0.json").exists():
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = Path("killed/seeds/seed-0.json").stat().st_mtime_ns
    assert main([*command, "--resume"]) == 0
    assert Path("killed/seeds/seed-0.json").stat().st_mtime_ns == first
    assert Path("killed/study.csv").read_bytes() == (compared / "study.csv").read_bytes()
    config = json.loads(Path("killed/config.json").read_text(encoding="utf-8"))
    assert (config["status"], config["resumed_by"]) == ("finished", shlex.join(["gradschool", *command, "--resume"]))


def test_a_taken_folder_is_refused(compared, capsys):
    error = refused(capsys, *QUICK[1:], "--seeds", "2", "--out", str(compared))
    assert "holds an earlier run; name another folder" in error
    error = refused(capsys, *QUICK[1:], "--seeds", "2", "--batch-size", "8", "--out", str(compared), "--resume")
    assert "begun with other settings: batch_size was 32" in error
    Path("fit").mkdir()
    Path("fit/config.json").write_text('{"gradschool": "0", "recipe": {}}')
    error = refused(capsys, *QUICK[1:], "--out", "fit", "--resume")
    assert "fit holds a fit, no comparison" in error


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lenet"], "unknown model 'lenet'; did you mean"),
        (["mlp", "--optimizers", "sgd,adm"], "unknown optimizer 'adm'; did you mean 'adam'"),
        (["mlp", "--optimizers", ","], "optimizers is empty"),
        (["mlp", "--seeds", "0"], "--seeds must be at least 1; got 0"),
        (["mlp", "--epochs", "0"], "epochs must be at least 1; got 0"),
        (["mlp", "--target", "0.95"], "--target must be a metric and a number, such as val_accuracy=0.95; got '0.95'"),
        (["mlp", "--target", "val_auc=0.95"], "target: 'val_auc' is none of what is measured"),
        (["mlp", "--target", "val_accuracy=nan"], "target must be a metric and a number"),
        (["mlp", "--learning-rates", "fast"], "--learning-rates must be numbers"),
        (["mlp", "--learning-rates", "0.1", "--candidates", "3"], "leave out --candidates"),
        (["mlp", "--learning-rates", "adam=0.1", "--learning-rates", "0.1"], "name an optimizer before every list"),
        (["mlp", "--optimizers", "sgd,adam", "--learning-rates", "adam=0.1"], "learning_rates has no rates for sgd"),
        (["mlp", "--learning-rates", "0,1"], "learning_rates must be positive numbers; got 0.0"),
        (["mlp", "--candidates", "0"], "must be at least 1 for each optimizer; got 0"),
        (["mlp", "--resume"], "--resume needs --out"),
        (["mcculloch_pitts"], "has fixed weights: there is nothing to fit"),
    ],
)
def test_refusals(arguments, says, capsys):
    assert says in refused(capsys, *arguments)
    assert not Path("runs").exists()
