"""`gradschool inspect` as a user types it: every view, what it draws, and how it refuses."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from gradschool.__main__ import main
from gradschool.zoo.commands.inspect import _TAKEN_BY, VIEWS, _check_data
from gradschool.zoo.inspection.model_views import some_fields
from gradschool.zoo.inspection.receptive_field import ReceptiveField
from gradschool.zoo.inspection.receptive_rules import Axis
from gradschool.zoo.inspection.views import VIEWS as LOOKS


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def as_json(capsys, *arguments):
    capsys.readouterr()
    assert main(["inspect", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def shown(capsys, *arguments):
    capsys.readouterr()
    assert main(["inspect", *arguments]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments):
    capsys.readouterr()
    assert main(["inspect", *arguments]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert list(Path().iterdir()) == []
    return error


def test_the_views_that_are_offered_are_those_that_there_are():
    assert tuple(LOOKS) == VIEWS
    assert {view for takers in _TAKEN_BY.values() for view in takers} <= set(VIEWS)


# === layers ===


def test_the_layers_of_a_model_of_the_registry(capsys):
    text = shown(capsys, "lenet5")
    assert "random weights" in text
    for words in ("dense1", "48,120", "78.0", "14x14", "all", "dense        3           59,134  95.8", "61,706"):
        assert words in text
    assert list(Path().iterdir()) == []


def test_the_layers_as_json(capsys):
    found = as_json(capsys, "lenet5", "--samples", "60000", "--epochs", "20")
    rows = {row["name"]: row for row in found["layers"]}
    assert rows["conv2"]["sees"] == {"size": [14, 14], "stride": [2, 2], "start": [-2, -2], "whole_image": False}
    assert rows["logits"]["sees"]["whole_image"]
    assert [(row["kind"], row["layers"]) for row in found["kinds"]] == [("dense", 3), ("convolution", 2)]
    assert found["training_cost"]["images"] == 1_200_000
    assert found["training_cost"]["operations"] == 6 * 416_520 * 1_200_000


def test_a_model_of_vectors_and_one_without_weights(capsys):
    assert "100.0" in shown(capsys, "linear_regression")
    assert "McCullochPitts" in shown(capsys, "mcculloch_pitts")


def test_a_user_s_file_with_a_layer_that_nobody_knows(capsys):
    stack = [keras.Input((8, 8, 1)), layers.Conv2D(2, 3, name="conv"), layers.UpSampling2D(2, name="up")]
    keras.Sequential([*stack, layers.Flatten(), layers.Dense(3)]).save("mine.keras")
    rows = {row["name"]: row for row in as_json(capsys, "mine.keras")["layers"]}
    assert rows["up"]["sees"] == {"unknown": "there is no rule for UpSampling2D"}
    assert "unknown" in shown(capsys, "mine.keras")


# === Pictures ===


def picture(path):
    with Image.open(path) as opened:
        return opened.size


@pytest.mark.slow
@pytest.mark.parametrize("view", [view for view in VIEWS if view not in ("layers", "shift")])
def test_every_view_of_a_model_without_training_is_drawn(capsys, view):
    count = ["--count", "2"] if view in _TAKEN_BY["--count"] else []
    text = shown(capsys, "lenet5", "--view", view, *count)
    assert text.endswith(f"picture: lenet5-{view}.png\n")
    assert min(picture(f"lenet5-{view}.png")) > 60


def test_the_receptive_field_is_measured_on_noise_without_training(capsys):
    found = as_json(capsys, "resnet20", "--view", "receptive-field", "--layer", "stage1_block1_add", "--count", "2")
    (layer,) = found["layers"]
    assert layer["size"] == [7, 7]
    assert layer["measured"]["support"] == [[13, 19], [13, 19]]
    assert found["picture"] == "resnet20-receptive-field.png"


def test_filters_of_chosen_units(capsys):
    found = as_json(capsys, "lenet5_mnist", "--view", "filters", "--layer", "conv2", "--unit", "3", "--unit", "5")
    assert found == {
        "model": "lenet5_mnist",
        "layer": "conv2",
        "filters": 2,
        "shape": [5, 5, 6],
        "picture": "lenet5_mnist-filters.png",
    }


def test_your_own_image_and_your_own_picture(capsys):
    ink = np.zeros((28, 28))
    ink[4:24, 13:15] = 1
    np.save("one.npy", ink)
    arguments = ["lenet5_mnist", "--view", "grad-cam", "--image", "one.npy", "--class", "1", "--picture", "why.svg"]
    found = as_json(capsys, *arguments)
    (row,) = found["images"]
    assert (row["image"], row["class"], found["map_shape"]) == ("one.npy", "1", [5, 5])
    assert "<svg" in Path("why.svg").read_text()


def test_other_data_than_its_own(capsys):
    found = as_json(
        capsys, "lenet5_mnist", "--view", "most-activating", "--data", "digits", "--unit", "3", "--count", "4"
    )
    (unit,) = found["units"]
    assert (found["layer"], found["searched"], unit["unit"]) == ("conv2", 359, 3)
    assert unit["values"] == sorted(unit["values"], reverse=True)
    assert [len(unit[key]) for key in ("images", "values", "boxes", "names")] == [4, 4, 4, 4]


@pytest.mark.slow
def test_a_trained_net_looks_where_the_ink_is(capsys):
    found = as_json(capsys, "lenet5_mnist", "--view", "occlusion", "--data", "digits", "--count", "4", "--sample", "5")
    assert len(found["images"]) == 4
    for row in found["images"]:
        assert row["largest"] > 0
        assert 3 <= row["row"] <= 24


@pytest.mark.slow
def test_a_convolutional_net_stands_a_shift_better_with_fewer_parameters(capsys):
    found = as_json(capsys, "lenet5_mnist", "mlp_mnist", "--view", "shift", "--data", "digits", "--shifts", "0,4")
    convolutional, dense = found["models"]
    assert (convolutional["parameters"], dense["parameters"]) == (61_706, 104_938)
    assert convolutional["accuracies"][1] > dense["accuracies"][1] + 0.05
    assert convolutional["accuracies"][1] < convolutional["accuracies"][0]


@pytest.mark.slow
def test_a_run_folder_is_shown_the_test_part_that_it_was_measured_on(capsys):
    assert main(["fit", "mlp_16_16", "--epochs", "1", "--out", "run"]) == 0
    found = as_json(capsys, "run", "--view", "shift", "--shifts", "0")
    accuracy = json.loads(Path("run/metrics.json").read_text())["test"]["accuracy"]
    assert found["models"][0]["accuracies"][0] == pytest.approx(accuracy)
    assert found["data"] == "digits, test part"


def test_where_nothing_can_be_drawn_an_earlier_file_stays(capsys):
    Path("mine.png").write_text("mine")
    found = as_json(capsys, "lenet5", "--view", "receptive-field", "--layer", "flatten", "--picture", "mine")
    assert "picture" not in found
    assert Path("mine.png").read_text() == "mine"
    assert list(Path().iterdir()) == [Path("mine.png")]


def test_the_picture_is_named_as_it_lies_there(capsys):
    assert as_json(capsys, "lenet5", "--view", "filters", "--picture", "mine")["picture"] == "mine.png"
    assert Path("mine.png").exists()


def test_of_many_receptive_fields_those_that_differ_are_drawn_and_both_ends_among_them():
    def field(layer, size):
        return ReceptiveField(layer, (Axis(0, size - 1, 1, 9), Axis(0, size - 1, 1, 9)), (99, 99))

    fields = [field(f"{kind}{size}", size) for size in range(1, 31) for kind in ("conv", "act")]
    chosen = some_fields(fields)
    assert [len(chosen), chosen[0].layer, chosen[-1].layer] == [12, "conv1", "conv30"]
    assert [one.layer for one in some_fields(fields[:6])] == ["conv1", "conv2", "conv3"]


def test_a_preset_whose_data_would_be_downloaded_says_what_needs_no_download(capsys, monkeypatch):
    monkeypatch.setattr("gradschool.zoo.data.is_prepared", lambda name, data_dir: False)
    monkeypatch.setattr("gradschool.zoo.data.check_available", lambda name, data_dir: None)
    _check_data("lenet5_mnist", "grad-cam", None, None)
    told = capsys.readouterr().err
    assert "will be downloaded. --data digits shows it embedded images of the same shape, and --image FILE" in told
    _check_data("lenet5_mnist", "shift", None, None)  # which takes no --image
    assert capsys.readouterr().err.endswith("--data digits shows it embedded images of the same shape.\n")
    _check_data("lenet5_mnist", "grad-cam", "digits", None)
    _check_data("lenet5", "grad-cam", None, None)
    assert capsys.readouterr().err == ""


# === Refusals ===


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("lenet", "unknown model, preset, run folder or .keras file 'lenet'; did you mean 'lenet5'"),
        ("lenet5 --view filter", "unknown view 'filter'; did you mean 'filters'"),
        ("lenet5 mlp", "--view layers looks at one model; got lenet5, mlp."),
        ("lenet5 --layer conv1", "--view layers takes no --layer; it is for receptive-field, filters,"),
        ("lenet5 --view filters --class 3", "--view filters takes no --class; it is for occlusion, grad-cam."),
        ("lenet5 --picture x.png", "--view layers takes no --picture"),
        ("lenet5 --samples 5", "give --samples and --epochs"),
        ("lenet5 --samples 0 --epochs 5", "samples must be a whole number of at least 1; got 0"),
        ("lenet5 --view filters --layer conv3", "unknown layer of lenet5 'conv3'; did you mean 'conv"),
        ("lenet5 --view filters --layer dense1", "Layers of lenet5 that do: conv1, conv2."),
        ("lenet5 --view filters --unit 6", "units of conv1 are numbered from 0 to 5; got 6."),
        ("lenet5 --view filters --picture no/x.png", "there is no folder no to write x.png into."),
        ("lenet5 --view filters --picture x.xyz", "there is no picture type '.xyz'"),
        (
            "lenet5 --view feature-maps --layer dense1",
            "'dense1' is no layer of lenet5 that gives maps; these do: conv1",
        ),
        ("mlp --view feature-maps", "no layer of mlp gives maps."),
        ("mlp --view grad-cam", "mlp has no layer that gives maps"),
        ("lenet5 --view grad-cam --class ten", "unknown class 'ten'"),
        ("lenet5 --view grad-cam --sample 400", "--sample must be from 0 to 358 (digits, test part); got 400."),
        ("lenet5 --view grad-cam --image no.png", "there is no file or folder no.png"),
        ("lenet5 --view grad-cam --image no.png --data digits", "--image and --data both say which images"),
        ("lenet5 --view most-activating --unit 16", "units of conv2 are numbered from 0 to 15; got 16"),
        ("lenet5 --view occlusion --size 30", "size must be a whole number of pixels from 1 to 28; got 30"),
        ("lenet5 --view shift --shifts 1,x", "--shifts must be whole numbers of pixels, such as 0,2,4; got '1,x'."),
        ("lenet5 --view shift --shifts 28", "shifts must be whole numbers of pixels from 0 to 27; got 28"),
        ("lenet5 --view shift --data logic_and", "the model takes inputs of shape (28, 28, 1); those of logic_and are"),
        (
            "resnet20 --view grad-cam",
            "nothing says which images resnet20 is to be shown, of 32x32x3; name data with --data (such as cifar10)",
        ),
        ("linear_regression --view shift", "takes no images of one size"),
        ("linear_regression --view receptive-field", "have no places that a unit could see a part of"),
    ],
)
def test_mistakes_are_named_and_leave_nothing_behind(capsys, arguments, message):
    assert message in refused(capsys, *arguments.split())


def test_a_damaged_file(capsys):
    Path("broken.keras").write_text("no model")
    assert main(["inspect", "broken.keras"]) == 2
    assert "broken.keras cannot be read as a saved Keras model" in capsys.readouterr().err


# === Sequences ===
def test_the_layers_of_a_model_of_sequences_are_counted_for_one_step(capsys):
    text = shown(capsys, "lstm_classifier")
    for words in ("98,816", "98,304", "recurrent", "multiply-adds of one step of a sequence"):
        assert words in text


@pytest.mark.parametrize("view", VIEWS[1:])
def test_views_of_images_refuse_a_model_of_sequences(capsys, view):
    error = refused(capsys, "lstm_classifier", "--view", view)
    assert "lstm_classifier takes no images" in error


def test_the_cost_of_training_on_sequences_of_any_length_is_refused(capsys):
    assert "how long the sequences are" in refused(capsys, "gru_tagger", "--samples", "5", "--epochs", "3")
