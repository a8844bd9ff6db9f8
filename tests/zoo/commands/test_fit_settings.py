"""Schedules, weight decay, smoothing, mixup and averages on the command line: they reach the run, and are resumed."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from gradschool.__main__ import main
from gradschool.zoo.engine.progress import ProgressBar
from gradschool.zoo.engine.run_folder import RunFolder

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="checkpoints are TensorFlow's")
OPTIONS = (
    "--epochs 3 --optimizer momentum --learning-rate 0.1 --schedule steps --schedule-option at=1.5,2 "
    "--schedule-option factor=0.2 --warmup 0.5 --weight-decay 5e-4 --weight-decay-on kernels --label-smoothing 0.1 "
    "--augment shift=1 --augment mixup=0.3 --ema 0.9"
)
FIT = ["fit", "mlp_16_16", *OPTIONS.split()]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    assert main([*FIT, "--out", str(out)]) == 0
    return out


def refused(capsys, *arguments):
    assert main([*arguments]) == 2
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_they_reach_the_recipe_and_the_model(run):
    recipe = RunFolder(run).read_config()["recipe"]
    assert (recipe["schedule"], recipe["schedule_options"], recipe["warmup"]) == (
        "steps", {"at": [1.5, 2], "factor": 0.2}, 0.5,
    )  # fmt: skip
    assert (recipe["weight_decay"], recipe["weight_decay_on"]) == (5e-4, "kernels")
    assert (recipe["label_smoothing"], recipe["ema"], recipe["augment"]) == (0.1, 0.9, {"shift": 1, "mixup": 0.3})
    model = keras.models.load_model(run / "model.keras")
    assert type(model.optimizer).__name__ == "SGDWithL2"
    assert (model.optimizer.weight_decay, model.optimizer.momentum, model.optimizer.ema_momentum) == (5e-4, 0.9, 0.9)
    rates = [row.split(",")[-1] for row in (run / "history.csv").read_text().splitlines()[1:]]
    np.testing.assert_allclose([float(rate) for rate in rates], [0.1, 0.004, 0.004], rtol=1e-6)  # after each epoch


@pytest.mark.slow
def test_what_was_validated_last_is_what_was_saved(run, capsys):
    capsys.readouterr()
    assert main(["evaluate", str(run), "--part", "validation", "--json"]) == 0
    loss = json.loads(capsys.readouterr().out)["validation"]["loss"]
    names, *rows = (row.split(",") for row in (run / "history.csv").read_text().splitlines())
    assert float(rows[-1][names.index("val_loss")]) == pytest.approx(loss, rel=1e-5)


@pytest.mark.slow
def test_after_ctrl_c_it_goes_on_bit_for_bit(run, monkeypatch):
    went_on = ProgressBar.on_epoch_end

    def interrupt(self, epoch, logs=None):
        if epoch == 1:
            monkeypatch.setattr(ProgressBar, "on_epoch_end", went_on)
            raise KeyboardInterrupt
        went_on(self, epoch, logs)

    monkeypatch.setattr(ProgressBar, "on_epoch_end", interrupt)
    assert main([*FIT, "--checkpoint-every", "4", "--out", "run"]) == 130
    assert main([*FIT, "--checkpoint-every", "4", "--out", "run", "--resume"]) == 0
    for name in ("history.csv", "metrics.json"):
        assert Path("run", name).read_bytes() == (run / name).read_bytes()
    own, theirs = (keras.models.load_model(Path(one) / "model.keras").get_weights() for one in ("run", run))
    for one, other in zip(own, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_run_of_an_earlier_version_is_opened_and_resumed(capsys):
    assert main(["fit", "perceptron", "--epochs", "2", "--out", "run"]) == 0
    folder = RunFolder("run")
    config = folder.read_config()
    new = ("schedule_options", "warmup", "weight_decay", "weight_decay_on", "label_smoothing", "ema")
    config["recipe"] = {key: value for key, value in config["recipe"].items() if key not in new}
    folder.write_config({**config, "status": "interrupted"})
    assert main(["evaluate", "run"]) == 0
    assert main(["fit", "perceptron", "--epochs", "2", "--out", "run", "--resume"]) == 0
    words = refused(capsys, "fit", "perceptron", "--epochs", "2", "--ema", "0.9", "--out", "run", "--resume")
    assert "begun with other settings: ema was 0.0" in words


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--schedule steps", "the schedule steps needs the epochs after which the rate falls"),
        ("--schedule steps --schedule-option at=often", "(--schedule-option at=30,60); got 'often'"),
        ("--schedule-option at=3", "the schedule cosine has no options; got 'at'"),
        ("--warmup 61", "warmup must not be longer than the run of 60 epochs; got 61"),
        ("--weight-decay -1", "weight_decay must be a number of at least 0; got -1.0"),
        ("--weight-decay-on bias", "weight_decay_on must be one of all, kernels; got 'bias'"),
        ("--label-smoothing 1", "label_smoothing must be a number in [0, 1); got 1.0"),
        ("--ema 1", "ema must be a number in [0, 1); got 1.0"),
        ("--loss l2 --label-smoothing 0.1", "label_smoothing needs the loss cross_entropy; got 'l2'"),
        ("--augment mixup=-1", "mixup's alpha must be a number of at least 0"),
        ("--recipe resnet20_cifar10_today", "is for the model resnet20, not for mlp"),
        ("--recipe mlp_mnist --data digits", "the recipe mlp_mnist is for the data mnist, not for digits"),
        ("--recipe mlp_mnits", "unknown recipe of mlp 'mlp_mnits'; did you mean 'mlp_mnist'"),
        ("--recipe 99", "unknown recipe of mlp '99'; there are: mlp_"),
        ("--clip norm", "--clip takes KEY=VALUE, such as --clip global_norm=1.0 or"),
        ("--schedule-option at", "such as --schedule-option at=30,60 or"),
        ("--from mlp_mnist --freeze --rate-decay 0.5", "leave out one of them (--rate-decay, --freeze)"),
        ("--from missing.h5", "there is no file missing.h5 to begin with (--from)."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_left(capsys, options, message):
    assert message in refused(capsys, "fit", "mlp", *options.split())
    assert list(Path().iterdir()) == []
