"""`fit --watch` and `--clip`: what callbacks measure lies in the run folder, however the run ended and was resumed."""

import csv
import dataclasses
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from gradschool.__main__ import main
from gradschool.zoo import create_model, find_recipe, fit_recipe
from gradschool.zoo.engine.fitting import Execution
from gradschool.zoo.engine.progress import ProgressBar
from gradschool.zoo.engine.run_folder import NoFolder, RunFolder
from gradschool.zoo.pictures.curves import learning_curves
from gradschool.zoo.watching import (
    STEMS,
    WATCHES,
    check_watch,
    choose_watch,
    make_callbacks,
    results_written,
    write_results,
)

FIT = ["fit", "mlp_16_16", "--epochs", "3", "--set", "dropout=0.2", "--watch", "all", "--clip", "percentile=50"]
on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="checkpoints are TensorFlow's")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a run that nothing cuts short."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main([*FIT, "--out", str(out)]) == 0
    return out


def read(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def refused(capsys, *words):
    capsys.readouterr()
    assert main(["fit", "mlp_16_16", *words, "--out", "run"]) == 2
    assert not Path("run").exists()
    return capsys.readouterr().err


@pytest.mark.slow
def test_tables_and_pictures_lie_in_the_run_folder(undisturbed):
    names = {path.name for path in undisturbed.iterdir()}
    assert {f"{stem}.csv" for stem in STEMS} <= names
    assert {f"{stem}.png" for stem in STEMS if stem != "findings"} <= names
    config = json.loads((undisturbed / "config.json").read_text())
    assert config["watch"] == ["gradients", "dead-units", "doctor"]
    assert config["recipe"]["clip"] == {"percentile": 50}


def test_the_history_has_the_scalars_and_the_curves_have_not(undisturbed):
    history = read(undisturbed / "history.csv")
    for row, clipping in zip(history, read(undisturbed / "clipping.csv"), strict=True):
        assert row["epoch"] == clipping["epoch"]
        assert float(row["grad_norm"]) == float(clipping["grad_norm"])
    rows = [{name: float(value) for name, value in row.items() if value} for row in history]
    titles = [axes.get_title(loc="left") for axes in learning_curves(rows).axes]
    assert titles == ["accuracy", "loss"]


@pytest.mark.slow
def test_watching_changes_nothing(undisturbed):
    assert main([word for word in FIT if word not in ("--watch", "all")] + ["--out", "unwatched"]) == 0
    assert Path("unwatched/metrics.json").read_text() == (undisturbed / "metrics.json").read_text()
    figures = ("loss", "val_loss", "accuracy", "val_accuracy")
    own, theirs = (read(Path(run) / "history.csv") for run in ("unwatched", undisturbed))
    assert [[row[name] for name in figures] for row in own] == [[row[name] for name in figures] for row in theirs]


@pytest.mark.slow
@on_tensorflow
@pytest.mark.parametrize("epoch", [0, 1])
def test_a_resumed_run_has_measured_the_same(undisturbed, monkeypatch, epoch):
    went_on = ProgressBar.on_epoch_end

    def interrupt(self, at, logs=None):
        if at == epoch:
            raise KeyboardInterrupt
        went_on(self, at, logs)

    every_few_steps = ["--checkpoint-every", "16", "--out", "run"]  # 41 in an epoch
    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_epoch_end", interrupt)
        assert main([*FIT, *every_few_steps]) == 130
    assert main([*FIT, *every_few_steps, "--resume"]) == 0
    for name in ("history.csv", "metrics.json", *(f"{stem}.csv" for stem in STEMS)):
        assert (Path("run") / name).read_text() == (undisturbed / name).read_text(), name


@pytest.mark.slow
@on_tensorflow
def test_a_run_is_resumed_with_the_same_watched(monkeypatch, capsys):
    def interrupt(self, epoch, logs=None):
        raise KeyboardInterrupt

    words = ["fit", "mlp_16_16", "--epochs", "2", "--out", "run"]
    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_epoch_end", interrupt)
        assert main([*words, "--watch", "gradients"]) == 130
    capsys.readouterr()
    assert main([*words, "--resume"]) == 2
    assert "begun with gradients watched, now it is nothing: resume with the same --watch" in capsys.readouterr().err
    assert main([*words, "--resume", "--watch", "gradients", "--clip", "value=1"]) == 2
    assert "was begun with other settings: clip was {}" in capsys.readouterr().err


@pytest.mark.slow
@on_tensorflow
def test_what_was_measured_before_a_failure_is_written(monkeypatch, capsys):
    def spoil(self, epoch, logs=None):
        if epoch == 1:
            kernel = self.model.trainable_variables[0]
            kernel.assign(np.full(kernel.shape, np.nan))

    monkeypatch.setattr(ProgressBar, "on_epoch_end", spoil)
    assert main(["fit", "mlp_16_16", "--epochs", "4", "--watch", "all", "--out", "run"]) == 2
    assert "the gradients are not finite in epoch 3, step 1" in capsys.readouterr().err
    assert [row["epoch"] for row in read("run/history.csv")] == ["1", "2"]
    assert {row["epoch"] for row in read("run/gradients.csv")} == {"1", "2"}
    assert {row["epoch"] for row in read("run/dead_units.csv")} == {"1", "2"}
    assert Path("run/gradients.png").exists()
    config = json.loads(Path("run/config.json").read_text())
    assert config["status"] == "diverged"
    assert config["reason"].startswith("training diverged: the gradients are not finite in epoch 3, step 1")


@pytest.mark.slow
def test_a_gradient_that_is_not_finite_is_a_divergence_of_clipping_as_well():
    settings = {"optimizer": "sgd", "learning_rate": 1e30, "clip": {"value": 1e30}}
    recipe = dataclasses.replace(find_recipe("mlp_16_16"), epochs=2, **settings)
    with pytest.raises(ValueError, match=r"gradients (are|were) not finite in epoch 1"):
        fit_recipe(recipe, "run")
    assert RunFolder("run").read_config()["status"] == "diverged"


@pytest.mark.slow
def test_unknown_names_are_refused_before_anything_is_done(capsys):
    assert "unknown --watch 'gradeints'; did you mean 'gradients'" in refused(capsys, "--watch", "gradeints")
    assert "unknown rule or argument of --clip 'norms'; did you mean 'norm'" in refused(capsys, "--clip", "norms=1")
    assert "global_norm must be a positive number; got -1" in refused(capsys, "--clip", "global_norm=-1")
    assert "takes exactly one of" in refused(capsys, "--clip", "global_norm=1", "--clip", "value=1")
    assert "takes exactly one of" in refused(capsys, "--clip", "nonfinite=skip", "--seeds", "2")
    assert "--clip takes KEY=VALUE" in refused(capsys, "--clip", "1.0")
    for window in ("x", "[3]", "2.5", "true"):
        said = refused(capsys, "--clip", "percentile=50", "--clip", f"window={window}")
        assert "--clip window must be a number of updates, such as window=100; got" in said
    assert "--clip: window is a number of updates" in refused(capsys, "--clip", "value=1", "--clip", "window=9")


@pytest.mark.slow
def test_a_recipe_that_clips_can_be_told_not_to():
    assert main(["fit", "mlp_16_16", "--epochs", "1", "--clip", "none", "--out", "run"]) == 0
    assert not Path("run/clipping.csv").exists()
    assert json.loads(Path("run/config.json").read_text())["recipe"]["clip"] == {}


def test_names_are_kept_once_in_order():
    assert check_watch(["doctor", "gradients", "doctor"]) == ("doctor", "gradients")
    assert Execution(watch=("all", "all")).watch == ("all",)
    with pytest.raises(ValueError, match="unknown --watch 'units'"):
        Execution(watch=("units",))


def test_all_is_what_suits_the_model(capsys):
    relu, none = create_model("mlp_16_16"), create_model("adaline")
    assert choose_watch(("all",), relu) == choose_watch(("gradients", "all"), relu) == tuple(WATCHES)
    assert choose_watch(("all",), none) == ("gradients", "doctor")
    assert choose_watch((), none) == ()
    assert main(["fit", "adaline", "--watch", "dead-units", "--out", "run"]) == 2
    assert "--watch dead-units: DeadUnitTracker has nothing to track in 'adaline'" in capsys.readouterr().err
    assert not Path("run").exists()


@pytest.mark.parametrize("command", [["fit"], ["fit", "--seeds", "2"]], ids=" ".join)
def test_an_earlier_run_outlives_a_layer_to_exclude_that_is_not_there(command, tmp_path, capsys):
    folder = RunFolder(tmp_path)
    folder.write_config({"gradschool": "an earlier run"})
    clip = ["--clip", "adaptive=0.01", "--clip", "exclude=logit"]
    assert main([*command, "mlp_16_16", *clip, "--overwrite", "--out", str(tmp_path)]) == 2
    assert "--clip: exclude: no layer fits 'logit'" in capsys.readouterr().err
    assert folder.read_config() == {"gradschool": "an earlier run"}


def test_a_worker_that_is_not_the_chief_writes_nothing(tmp_path):
    callbacks = make_callbacks((), {"global_norm": 1.0}, create_model("adaline"))
    callbacks["clipping"].rows = [{"epoch": 1, "grad_norm": 1.0, "grad_norm_max": 2.0, "clip_rate": 0.5}]
    write_results(NoFolder(tmp_path), callbacks)
    assert list(tmp_path.iterdir()) == []
    write_results(RunFolder(tmp_path), callbacks)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clipping.csv", "clipping.png"]


@pytest.mark.parametrize("mishap", [ValueError("cannot be drawn"), OSError("the disk is full")])
def test_what_went_wrong_counts_even_where_the_results_cannot_be_written(tmp_path, monkeypatch, mishap):
    callbacks = make_callbacks((), {"global_norm": 1.0}, create_model("adaline"))
    callbacks["clipping"].rows = [{"epoch": 1}]

    def fail():
        raise mishap

    monkeypatch.setattr(callbacks["clipping"], "plot", fail)
    with pytest.raises(RuntimeError, match="the real error"), results_written(RunFolder(tmp_path), callbacks):
        raise RuntimeError("the real error")
    with pytest.raises(type(mishap), match=str(mishap)), results_written(RunFolder(tmp_path), callbacks):
        pass  # nothing else went wrong


@pytest.mark.slow
def test_what_is_said_while_training_is_short_and_no_part_of_the_json(capsys):
    assert main(["fit", "mlp_16_16", "--epochs", "1", "--watch", "all", "--json", "--out", "run"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["run"] == "run"
    (line,) = re.findall(r"^epoch 1/1 .*$", captured.err, flags=re.MULTILINE)
    assert "dead_fraction" in line
    assert "/" not in line.removeprefix("epoch 1/1")
    assert "Nothing that the doctor looks for is wrong with this run." in captured.err
