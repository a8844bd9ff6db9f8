"""Shipped weights are the ones on their cards, and do what the cards say."""

import gzip
import shutil

import keras
import numpy as np
import pytest

from gradschool import zoo
from gradschool.__main__ import main
from gradschool.zoo.presets import FOLDER, check_weights, list_presets, sha256
from gradschool.zoo.presets.pack import pack_preset
from gradschool.zoo.registry import list_models, model_class, model_entry

CARDS = list_presets()


def test_the_registry_names_the_presets_there_are():
    named = {preset: name for name in list_models() for preset in model_entry(name).presets}
    assert named == {card["name"]: card["model"] for card in CARDS.values()}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_card_says_where_the_weights_come_from(card):
    assert card["command"].startswith(f"gradschool fit {card['model']} --data {card['data']}")
    assert card["recipe"]["model"] == card["model"]
    assert card["test"]["samples"] == 10_000
    assert check_weights(card).stat().st_size < 2 << 20


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if card["data"] == "mnist"])
def test_a_preset_reads_digits_of_other_writers(name):
    """The embedded digits are of other people, scanned more coarsely: chance is 10 %."""
    card, (images, labels) = CARDS[name], zoo.load_data("digits").arrays("train")
    model = model_class(card["model"]).from_preset(card["name"])
    logits = keras.ops.convert_to_numpy(model(images))
    assert np.mean(logits.argmax(axis=1) == labels) > 0.85


def original_test_part(folder):
    """Images, shape `(10000, 28, 28, 1)`, and labels, as in the files of MNIST and its like."""
    pixels, labels = (
        np.frombuffer(gzip.decompress(next(folder.glob(f"t10k-{kind}*.gz")).read_bytes()), "uint8", offset=header)
        for kind, header in (("images", 16), ("labels", 8))
    )
    return pixels.reshape(-1, 28, 28, 1).astype("float32") / 255, labels.astype("int32")


@pytest.mark.slow
@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_preset_reaches_its_cards_accuracy(card, real_data):
    images, labels = original_test_part(real_data / card["data"])
    model = model_class(card["model"]).from_preset(card["name"])
    smoothing = card["recipe"].get("label_smoothing", 0.0)
    model.compile(loss=zoo.get_loss("cross_entropy", label_smoothing=smoothing), metrics=["accuracy"])
    result = model.evaluate(images, labels, batch_size=250, return_dict=True, verbose=0)
    assert result["accuracy"] == pytest.approx(card["test"]["accuracy"], abs=2e-4)  # two images may turn on rounding
    assert result["loss"] == pytest.approx(card["test"]["loss"], rel=1e-3)


def test_presets_belong_to_classes():
    assert list(zoo.LeNet5.presets) == ["lenet5_fashion_mnist", "lenet5_mnist"]
    assert list(zoo.MLP.presets) == ["mlp_mnist"]
    assert zoo.Perceptron.presets == {}
    with pytest.raises(ValueError, match="unknown preset of LeNet5 'lenet5_mnits'; did you mean 'lenet5_mnist'"):
        zoo.LeNet5.from_preset("lenet5_mnits")


def test_overrides_that_leave_the_shapes_work_and_others_are_refused():
    assert zoo.LeNet5.from_preset("lenet5_mnist", dtype="mixed_bfloat16").dtype_policy.name == "mixed_bfloat16"
    with pytest.raises(ValueError, match="the weights of preset 'lenet5_mnist' do not fit a LeNet5 with classes=7"):
        zoo.LeNet5.from_preset("lenet5_mnist", classes=7)


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damaged_weights_are_refused(tmp_path, damage):
    card = CARDS["lenet5_mnist"]
    path = tmp_path / "lenet5_mnist.weights.h5"
    shutil.copy(FOLDER / path.name, path)
    assert check_weights(card, tmp_path) == path
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    path.write_bytes(content[:100] if damage == "cut" else content)
    if damage == "remove":
        path.unlink()
    with pytest.raises(
        ValueError, match=r"preset 'lenet5_mnist': .*lenet5_mnist\.weights\.h5 is (damaged|missing).*install"
    ):
        check_weights(card, tmp_path)


@pytest.mark.slow
def test_a_run_becomes_a_preset(tmp_path):
    assert main(["fit", "perceptron", "--seed", "7", "--out", str(tmp_path / "run")]) == 0
    card = pack_preset(tmp_path / "run", "mine", into=tmp_path)
    assert card["sha256"] == sha256(tmp_path / "mine.weights.h5")
    assert card["command"] == "gradschool fit perceptron --data logic_and --seed 7"
    trained = keras.models.load_model(tmp_path / "run" / "model.keras")
    packed = model_class("perceptron")(**card["config"])
    packed.load_weights(tmp_path / "mine.weights.h5")
    for ours, theirs in zip(packed.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.slow
def test_a_run_of_one_of_several_recipes_becomes_a_preset_of_that(tmp_path, monkeypatch):
    from dataclasses import replace

    from gradschool.zoo import recipes

    other = replace(recipes.get_recipe("perceptron_and"), name="perceptron_and_faster", learning_rate=2.0, epochs=3)
    monkeypatch.setitem(recipes._RECIPES, other.name, other)
    assert main(["fit", "perceptron", "--recipe", other.name, "--out", str(tmp_path / "run")]) == 0
    card = pack_preset(tmp_path / "run", "mine", into=tmp_path)
    assert card["recipe"]["learning_rate"] == 2.0
    assert card["command"] == "gradschool fit perceptron --data logic_and --recipe perceptron_and_faster --seed 0"


@pytest.mark.slow
def test_a_run_of_an_earlier_version_becomes_a_preset(tmp_path):
    from gradschool.zoo.engine.run_folder import RunFolder

    assert main(["fit", "perceptron", "--out", str(tmp_path / "run")]) == 0
    folder = RunFolder(tmp_path / "run")
    config = folder.read_config()
    for key in ("schedule_options", "warmup", "weight_decay", "weight_decay_on", "label_smoothing", "ema"):
        del config["recipe"][key]
    folder.write_config(config)
    assert pack_preset(folder.path, "mine", into=tmp_path)["recipe"]["ema"] == 0


def test_an_unfinished_run_becomes_none(tmp_path):
    from gradschool.zoo.engine.run_folder import make_run_folder

    folder = make_run_folder(tmp_path / "run")
    folder.write_config({"gradschool": "0", "status": "interrupted"})
    folder.write_metrics({})
    with pytest.raises(ValueError, match="not a finished fit: its status is 'interrupted'"):
        pack_preset(folder.path, "mine", into=tmp_path)


@pytest.mark.slow
def test_a_run_with_settings_of_its_own_becomes_none(tmp_path):
    assert main(["fit", "perceptron", "--epochs", "1", "--out", str(tmp_path / "run")]) == 0
    with pytest.raises(ValueError, match="did not follow the recipe 'perceptron_and'"):
        pack_preset(tmp_path / "run", "mine", into=tmp_path)
