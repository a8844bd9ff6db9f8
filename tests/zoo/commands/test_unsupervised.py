"""Models that look at no labels, as a user types them: fit, evaluate, predict, and the pictures they leave."""

import json

import numpy as np
import pytest
from PIL import Image

from gradschool.__main__ import main
from gradschool.zoo.engine.run_folder import RunFolder

SMALL = {
    "autoencoder": ("--set", "hidden=[16]", "--set", "code_size=2"),
    "denoising_autoencoder": (
        "--set",
        "code_size=16",
    ),
    "variational_autoencoder": ("--set", "hidden=[16]", "--set", "code_size=3"),
    "dcgan": ("--set", "width=3", "--set", "latent_size=5"),
}
PICTURES = {
    "autoencoder": {"curves", "reconstructions", "codes", "first_layer"},
    "denoising_autoencoder": {"curves", "reconstructions", "first_layer"},
    "variational_autoencoder": {"curves", "reconstructions", "generated", "first_layer"},
    "dcgan": {"curves", "generated"},
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Short fits, made when they are first asked for, to be looked at and not changed."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def run(name):
        if name not in made:
            out = folder / name
            assert main(["fit", name, "--epochs", "2", "--batch-size", "256", *SMALL[name], "--out", str(out)]) == 0
            made[name] = RunFolder(out)
        return made[name]

    return run


def as_json(capsys, *arguments):
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_run_has_pictures_and_is_measured_again_as_it_was(runs, capsys, name):
    run = runs(name)
    assert {path.stem for path in run.path.glob("*.png")} == PICTURES[name]
    metrics = run.read_metrics()
    figures = as_json(capsys, "evaluate", run.path)["test"]
    assert figures == pytest.approx(metrics["test"], rel=1e-5)
    first = {"dcgan": "discriminator_loss"}.get(name, "pixel_squared_error")
    assert first in figures
    assert main(["report", str(run.path)]) == 0


@pytest.mark.slow
def test_an_autoencoder_gives_files_back(runs, capsys, tmp_path):
    pixels = np.zeros((40, 40), "uint8")
    pixels[8:32, 18:22] = 255
    Image.fromarray(pixels).save(tmp_path / "one.png")
    run = runs("autoencoder")
    (one,) = as_json(capsys, "predict", run.path, tmp_path / "one.png", "--picture", tmp_path / "back.png")
    assert one["image"] == "one.png"
    assert len(one["code"]) == 2
    assert 0 < one["pixel_squared_error"] < 1
    assert (tmp_path / "back.png").is_file()
    assert main(["predict", str(run.path), str(tmp_path / "one.png")]) == 0
    assert "one.png: given back with a mean squared error of" in capsys.readouterr().out


@pytest.mark.slow
def test_a_discriminator_says_whether_it_takes_files_for_real(runs, capsys, tmp_path):
    np.save(tmp_path / "grey.npy", np.full((28, 28), 0.5, "float32"))
    (one,) = as_json(capsys, "predict", runs("dcgan").path, tmp_path / "grey.npy", "--as-is")
    assert one["class"] in ("real", "made up")
    assert 0.5 <= one["confidence"] <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["autoencoder", "--loss", "cross_entropy"], "does not suit autoencoder, whose task is reconstruction: take p"),
        (["dcgan", "--loss", "l2"], "does not suit dcgan, whose task is generation: take adversarial"),
        (["mlp", "--loss", "pixel_cross_entropy"], "does not suit mlp, whose task is classification: take another one"),
        (["variational_autoencoder", "--data", "logic_and"], "VariationalAutoencoder is for images; logic_and has"),
        (["lenet5", "--pretrain", "epochs=3"], "lenet5 has no pre-training; leave it out"),
        (["rbf_network", "--pretrain", "epochs=3"], "unknown option of rbf_network's pre-training 'epochs'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []
