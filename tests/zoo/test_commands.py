"""The commands as a user types them: what they print, what they leave on disk, and how they refuse."""

import csv
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from gradschool.__main__ import main
from gradschool.zoo.engine.run_folder import RunFolder


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short fit of the smallest digit net, to be looked at and not changed."""
    out = tmp_path_factory.mktemp("runs") / "mlp"
    assert main(["fit", "mlp_16_16", "--epochs", "3", "--out", str(out)]) == 0
    return RunFolder(out)


def refused(capsys, *arguments):
    """The message of a command that must end with status 2, one error and no traceback."""
    capsys.readouterr()
    assert main(list(arguments)) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert error.count("gradschool: error: ") == 1
    return error


# === models, data ===


def test_models_as_json(capsys):
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows["mlp"]) == {"name", "family", "parameters", "multiply_adds", "paper", "presets"}
    assert rows["mlp"]["parameters"] == 104_938
    assert rows["lenet5"]["presets"] == ["lenet5_mnist", "lenet5_fashion_mnist"]


def test_one_model_layer_by_layer(capsys):
    assert main(["models", "lenet5", "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)
    assert sum(layer["parameters"] for layer in model["layers"]) == 61_706
    assert main(["models", "lenet5"]) == 0
    assert "48,120" in capsys.readouterr().out


def test_patterns_of_models(capsys):
    assert main(["models", "mlp*"]) == 0
    table = capsys.readouterr().out
    assert "mlp_16_16" in table
    assert "lenet5" not in table


@pytest.mark.parametrize("what", ["models", "data"])
def test_lists_fit_into_eighty_columns_and_shorten_nothing(capsys, monkeypatch, what):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([what]) == 0
    table = capsys.readouterr().out
    assert "…" not in table
    assert max(map(len, table.splitlines())) <= 80


def test_data_as_json(capsys):
    assert main(["data", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["digits"]["samples"] == {"train": 1294, "validation": 144, "test": 359}


@pytest.mark.slow
def test_a_look_at_data(capsys):
    assert main(["data", "digits", "--picture", "digits.png"]) == 0
    assert "handwritten" in capsys.readouterr().out
    with Image.open("digits.png") as picture:
        assert picture.width > 500


# === fit ===


@pytest.mark.slow
def test_fit_writes_the_run_folder(run):
    names = {"config.json", "history.csv", "metrics.json", "model.keras"}
    pictures = {"curves.png", "confusion.png", "mistakes.png", "first_layer.png"}
    assert {path.name for path in run.path.iterdir()} == names | pictures
    with (run.path / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert float(history[-1]["loss"]) < float(history[0]["loss"])
    assert run.read_config()["status"] == "finished"
    assert run.read_config()["command"] == f"gradschool fit mlp_16_16 --epochs 3 --out {run.path}"


def test_the_accuracy_is_that_of_the_saved_model(run):
    from gradschool.zoo import load_data

    images, labels = load_data("digits").arrays("test")
    logits = keras.models.load_model(run.model_path).predict(images, verbose=0)
    accuracy = np.mean(logits.argmax(axis=1) == labels)
    assert run.read_metrics()["test"]["accuracy"] == pytest.approx(accuracy)
    log_sum = np.log(np.exp(logits).sum(axis=1))
    loss = np.mean(log_sum - logits[np.arange(len(labels)), labels])
    assert run.read_metrics()["test"]["loss"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.slow
def test_fit_says_what_came_out_and_what_to_try(capsys):
    assert main(["fit", "mlp_16_16", "--epochs", "1"]) == 0
    out = capsys.readouterr().out
    assert "test accuracy: " in out
    assert "run folder: runs/mlp_16_16-digits-1" in out
    assert " predict runs/mlp_16_16-digits-1" in out


@pytest.mark.slow
def test_fit_as_json_prints_only_json(capsys):
    assert main(["fit", "mlp_16_16", "--epochs", "1", "--json", "--out", "run"]) == 0
    assert json.loads(capsys.readouterr().out)["test"] == RunFolder("run").read_metrics()["test"]


@pytest.mark.slow
def test_options_reach_the_recipe():
    options = "--epochs 1 --batch-size 64 --learning-rate 0.05 --optimizer momentum --schedule constant"
    own = "--augment flip=true --set activation=tanh --set hidden=[7] --dtype mixed_bfloat16 --out run"
    assert main(["fit", "mlp", *options.split(), *own.split()]) == 0
    recipe = RunFolder("run").read_config()["recipe"]
    assert recipe["augment"] == {"flip": True}
    assert (recipe["batch_size"], recipe["learning_rate"], recipe["optimizer"]) == (64, 0.05, "momentum")
    model = keras.models.load_model("run/model.keras")
    assert model.count_params() == 784 * 7 + 7 + 7 * 10 + 10
    assert model.dtype_policy.name == "mixed_bfloat16"


@pytest.mark.slow
def test_no_validation_part_is_fine():
    assert main(["fit", "mlp_16_16", "--epochs", "1", "--data-option", "validation_share=0", "--out", "run"]) == 0
    assert set(RunFolder("run").read_metrics()) == {"test", "epochs"}


@pytest.mark.slow
def test_folds_hold_out_every_digit_once(capsys):
    assert main(["fit", "mlp_16_16", "--epochs", "1", "--folds", "2", "--out", "folds"]) == 0
    metrics = RunFolder("folds").read_metrics()
    samples = [RunFolder(f"folds/fold-{k}-of-2").read_config()["data"]["samples"]["test"] for k in (1, 2)]
    assert sum(samples) == 1797
    accuracies = [one["test"]["accuracy"] for one in metrics["runs"]]
    assert metrics["test"]["accuracy"] == pytest.approx(np.mean(accuracies))
    assert metrics["spread"]["accuracy"] == pytest.approx(np.std(accuracies, ddof=1))
    assert "spread" in capsys.readouterr().out


@pytest.mark.slow
def test_seeds_are_the_runs_of_those_seeds_and_differ(run):
    assert main(["fit", "mlp_16_16", "--epochs", "3", "--seeds", "2", "--out", "seeds"]) == 0
    assert [RunFolder(f"seeds/seed-{seed}").read_config()["recipe"]["seed"] for seed in (0, 1)] == [0, 1]
    for name in ("history.csv", "metrics.json"):
        first, again, other = (
            (RunFolder(path).path / name).read_text() for path in (run.path, "seeds/seed-0", "seeds/seed-1")
        )
        assert first == again
        assert first != other


@pytest.mark.slow
def test_a_series_is_forecast_better_than_by_the_calendar(capsys):
    assert main(["fit", "linear_regression", "--out", "run"]) == 0
    errors = RunFolder("run").read_metrics()["test_in_units"]
    assert errors["mean_absolute_error"] < errors["same_day_last_week"]
    assert Path("run/forecast.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("gate", "accuracy"), [("logic_and", 1.0), ("logic_or", 1.0), ("logic_nand", 1.0)])
def test_the_perceptron_learns_what_a_line_separates(gate, accuracy):
    assert main(["fit", "perceptron", "--data", gate, "--out", "run"]) == 0
    assert RunFolder("run").read_metrics()["test"]["binary_accuracy"] == accuracy
    assert Path("run/boundary.png").exists()


@pytest.mark.slow
def test_the_perceptron_cannot_learn_xor():
    assert main(["fit", "perceptron", "--data", "logic_xor", "--out", "run"]) == 0
    assert RunFolder("run").read_metrics()["test"]["binary_accuracy"] < 1


@pytest.mark.slow
def test_a_hidden_layer_learns_xor():
    options = "--set hidden=[8] --set activation=tanh --learning-rate 0.1 --epochs 100 --schedule constant --out run"
    assert main(["fit", "mlp", "--data", "logic_xor", *options.split()]) == 0
    assert RunFolder("run").read_metrics()["test"]["accuracy"] == 1
    assert Path("run/boundary.png").exists()


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_trained(capsys, monkeypatch):
    from gradschool.zoo.engine.progress import ProgressBar

    def interrupt(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(ProgressBar, "on_epoch_end", interrupt)
    assert main(["fit", "mlp_16_16", "--epochs", "50", "--out", "run"]) == 130
    told = capsys.readouterr().out
    assert "keeping what was trained so far" in told
    assert "the same command with --out run --resume, to go on\n  look at run/curves.png" in told
    assert RunFolder("run").read_config()["status"] == "interrupted"
    assert RunFolder("run").read_metrics()["test"]["accuracy"] > 0.1
    assert main(["evaluate", "run"]) == 0


@pytest.mark.slow
def test_ctrl_c_before_the_first_step_names_nothing_that_is_not_there(capsys, monkeypatch):
    from gradschool.zoo.models.base import ZooModel

    def interrupt(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(ZooModel, "fit", interrupt)
    assert main(["fit", "mlp_16_16", "--ema", "0.9", "--out", "run"]) == 130
    told = capsys.readouterr().out
    assert "--overwrite, to begin anew" in told
    assert "curves.png" not in told
    assert "--resume" not in told
    assert main(["evaluate", "run"]) == 0  # without a warning of Keras's, which would be an error here
    kernels = keras.models.load_model("run/model.keras").get_weights()[::2]
    assert all(kernel.any() for kernel in kernels)  # the first weights, in place of averages that hold nothing yet


@pytest.mark.slow
def test_a_reader_who_goes_away_does_not_end_the_training(monkeypatch):
    from rich.console import Console

    def broken(*args, **kwargs):
        raise BrokenPipeError

    monkeypatch.setattr(Console, "print", broken)
    main(["fit", "mlp_16_16", "--epochs", "2", "--out", "run"])
    assert RunFolder("run").read_config()["status"] == "finished"


# === evaluate, predict ===


@pytest.mark.slow
def test_evaluate_gives_the_figures_of_the_fit(run, capsys):
    capsys.readouterr()
    assert main(["evaluate", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"] == pytest.approx(run.read_metrics()["test"])


def test_a_preset_on_data_it_never_saw(capsys):
    assert main(["evaluate", "lenet5_mnist", "--data", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"]["accuracy"] > 0.85  # other writers, scanned more coarsely


@pytest.mark.slow
def test_predict_reads_drawn_digits(capsys):
    """Drawn as a scan would show them, dark on light, larger and off centre, digits are read as before."""
    from gradschool import zoo

    images, _ = zoo.load_data("digits").arrays("test")
    expected = zoo.load_model("lenet5_mnist").predict_on_batch(images[:20]).argmax(axis=1)
    Path("drawn").mkdir()
    for number in range(20):
        paper = np.ones((90, 70))
        paper[20:76, 5:61] -= np.kron(images[number, ..., 0], np.ones((2, 2)))
        Image.fromarray(np.uint8(paper * 255)).save(f"drawn/{number:02d}.png")
    assert main(["predict", "lenet5_mnist", "drawn", "--json", "--picture", "answers.png"]) == 0
    answers = json.loads(capsys.readouterr().out)
    same = sum(answer["class"] == str(label) for answer, label in zip(answers, expected, strict=True))
    assert same >= 16  # framing anew moves and scales them by a pixel
    assert all(0.1 <= answer["confidence"] <= 1 for answer in answers)
    with Image.open("answers.png") as picture:
        assert picture.height > 1000


# === Refusals ===


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["models", "lenet"], "did you mean 'lenet5'"),
        (["models", "zz*"], "no model's name fits"),
        (["fit", "lenet4"], "did you mean 'lenet5'"),
        (["fit", "mcculloch_pitts"], "nothing to fit"),
        (["fit", "mlp", "--data", "mnits"], "did you mean 'mnist'"),
        (["fit", "mlp", "--data", "missing-folder/"], "missing-folder"),
        (["fit", "mlp", "--data", "channel_views"], "MLP is for classification"),
        (["fit", "linear_regression", "--data", "digits"], "LinearRegression is for regression"),
        (["fit", "mlp", "--epochs", "0"], "epochs must be at least 1"),
        (["fit", "mlp", "--batch-size", "-3"], "batch_size must be at least 1"),
        (["fit", "mlp", "--learning-rate", "-1"], "learning_rate must be a number above 0"),
        (["fit", "mlp", "--learning-rate", "nan"], "learning_rate must be a number above 0"),
        (["fit", "mlp", "--learning-rate", "fast"], "Invalid value for '--learning-rate'"),
        (["fit", "mlp", "--optimizer", "adm"], "did you mean 'adam'"),
        (["fit", "mlp", "--loss", "cros_entropy"], "did you mean 'cross_entropy'"),
        (["fit", "mlp", "--schedule", "step"], "schedule must be one of constant, cosine"),
        (["fit", "mlp", "--seed", "-1"], "seed must be at least 0"),
        (["fit", "mlp", "--set", "activation=rleu"], "did you mean 'relu'"),
        (["fit", "mlp", "--set", "hiden=[3]"], "did you mean 'hidden'"),
        (["fit", "mlp", "--augment", "shfit=2"], "did you mean 'shift'"),
        (["fit", "mlp", "--augment", "shift"], "--augment takes KEY=VALUE"),
        (["fit", "mlp", "--dtype", "float31"], "float31"),
        (["fit", "perceptron", "--set", "activation=hardlims"], "hardlims answers -1 and 1"),
        (["fit", "mlp", "--data-option", "seed=3"], "seed is set by the command"),
        (["data", "digits", "--data-option", "name=mnist"], "name is set by the command"),
        (["fit", "mlp", "--data-option", "colum=3"], "unknown option of digits 'colum'"),
        (["fit", "mlp", "--folds", "1"], "folds must be at least 2"),
        (["fit", "mlp", "--folds", "3", "--seeds", "2"], "cannot be combined"),
        (["fit", "mlp", "--optimizer", "adm", "--seeds", "2"], "did you mean 'adam'"),
        (["fit", "mlp", "--data", "logic_and", "--folds", "2"], "fold"),
        (["fit", "mlp", "--loss", "l2"], "needs a model with 1 output; this one has 10"),
        (
            ["fit", "mlp", "--set", "classes=5"],
            "digits has 10 classes, and the model 5 answers: leave out its argument classes",
        ),
        (["fit", "mlp", "--set", "input_shape=[14,14,1]"], "the model takes inputs of shape (14, 14, 1)"),
        (["fit", "perceptron", "--set", "units=2"], "this one has 2"),
        (["fit", "mlp", "--seeds", "0"], "seeds must be at least"),
        (["fit", "mlp", "--out", "/proc/run"], "cannot write in /proc"),
        (["evaluate", "lenet5"], "a model without training"),
        (["evaluate", "lenet5_mnits"], "did you mean 'lenet5_mnist'"),
        (["evaluate", "."], "is not a run folder"),
        (["evaluate", "missing.keras"], "missing.keras"),
        (["evaluate", "lenet5_mnist", "--data", "logic_and"], "the model takes inputs of shape (28, 28, 1)"),
        (["evaluate", "lenet5_mnist", "--data", "digits", "--part", "tset"], "did you mean 'test'"),
        (["predict", "lenet5_mnist", "missing.png"], "there is no file or folder missing.png"),
        (["predict", "lenet5_mnist", "."], "holds no image file"),
        (["data", "logic_and", "--picture", "gates.png"], "neither images nor a series"),
        (["ft", "mlp"], "fit"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_left(capsys, arguments, message):
    assert message in refused(capsys, *arguments)
    assert list(Path().iterdir()) == []


@pytest.mark.slow
def test_divergence_is_said_with_its_step_and_layer(capsys):
    message = refused(capsys, "fit", "mlp_16_16", "--optimizer", "sgd", "--learning-rate", "1e30", "--out", "run")
    assert "training diverged: the gradients are not finite in epoch 1, step " in message
    assert "the first layer whose output is not finite is hidden" in message
    assert RunFolder("run").read_config()["status"] == "diverged"


def test_a_second_fit_into_the_same_folder(capsys, run):
    before = (run.path / "metrics.json").read_text()
    assert "say --overwrite" in refused(capsys, "fit", "mlp_16_16", "--epochs", "1", "--out", str(run.path))
    assert (run.path / "metrics.json").read_text() == before


def test_an_earlier_result_stays_where_its_successor_cannot_be(capsys, run):
    again = ["fit", "mlp_16_16", "--optimizer", "adm", "--overwrite", "--out", str(run.path)]
    before = (run.path / "metrics.json").read_text()
    refused(capsys, *again)
    refused(capsys, *again, "--seeds", "2")
    assert (run.path / "metrics.json").read_text() == before


@pytest.mark.slow
def test_the_current_folder_can_be_overwritten(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for _ in range(2):
        assert main(["fit", "perceptron", "--epochs", "1", "--out", ".", "--overwrite"]) == 0
    assert RunFolder(folder).read_config()["status"] == "finished"


@pytest.mark.slow
def test_own_data_are_known_by_any_spelling(capsys, tmp_path):
    """Labels without meaning: on the very test images the model guesses, on others it may remember."""
    rng = np.random.default_rng(0)
    for number in range(60):
        folder = tmp_path / "images" / f"class{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(rng.random((12, 12)) * 255)).save(folder / f"{number}.png")
    assert main(["fit", "mlp", "--data", "images", "--seed", "3", "--epochs", "20", "--out", "run"]) == 0
    (tmp_path / "elsewhere").mkdir()
    expected = RunFolder("run").read_metrics()["test"]
    for data in (None, "images/", str(tmp_path / "images")):
        capsys.readouterr()
        assert main(["evaluate", "run/model.keras", "--json", *(["--data", data] if data else [])]) == 0
        assert json.loads(capsys.readouterr().out)["test"] == pytest.approx(expected)


@pytest.mark.slow
def test_a_model_saved_without_its_loss(capsys):
    from gradschool.zoo import LeNet5

    LeNet5.from_preset("lenet5_mnist").save("bare.keras")
    assert main(["evaluate", "bare.keras", "--data", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"]["accuracy"] > 0.85


def test_other_classes_are_refused(capsys, tmp_path):
    for name in "abcdefghij":
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(20):
            Image.fromarray(np.full((28, 28), 10 * number, np.uint8)).save(tmp_path / "images" / name / f"{number}.png")
    message = refused(capsys, "evaluate", "lenet5_mnist", "--data", str(tmp_path / "images"))
    assert "the model's classes are 0, 1, 2" in message


def test_file_names_with_dollar_signs_and_folders_that_are_not_there(capsys):
    Image.fromarray(np.uint8(np.eye(40) * 255)).save("a$b$^.png")
    Path("images").mkdir()
    assert main(["predict", "lenet5_mnist", "a$b$^.png", "--picture", "answers.png"]) == 0
    assert "images is a folder; name a file" in refused(
        capsys, "predict", "lenet5_mnist", "a$b$^.png", "--picture", "images"
    )
    assert "there is no folder nowhere" in refused(
        capsys, "predict", "lenet5_mnist", "a$b$^.png", "--picture", "nowhere/a.png"
    )


def test_damaged_models_are_refused(capsys, run):
    whole = run.model_path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for name, content in (("cut.keras", whole[: len(whole) // 2]), ("text.keras", b"hello"), ("bit.keras", flipped)):
        Path(name).write_bytes(content)
        assert f"{name} cannot be read as a saved Keras model" in refused(capsys, "evaluate", name, "--data", "digits")
