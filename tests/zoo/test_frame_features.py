"""Features of frames against the network's own layers, computed once and found again."""

import keras
import numpy as np
import pytest

from driving_runs import constant_run
from gradschool.zoo import frame_features as module
from gradschool.zoo.data import load_data
from gradschool.zoo.data.road_features import ROAD_SEED, layer_of
from gradschool.zoo.frame_features import feature_model, frame_features, open_network, sight
from gradschool.zoo.registry import create_model


@pytest.fixture(scope="module")
def pilotnet():
    return create_model("pilotnet", input_shape=(61, 67, 3), width=2)


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(256, size=(5, 61, 67, 3), dtype="uint8")


def test_features_are_the_layer_s_output_flattened(pilotnet, frames):
    up_to = keras.Model(pilotnet.input, pilotnet.get_layer("act4").output)
    expected = keras.ops.convert_to_numpy(up_to(frames / np.float32(255))).reshape(5, -1)
    np.testing.assert_allclose(frame_features(pilotnet, frames, "act4"), expected, atol=1e-5)
    np.testing.assert_allclose(sight(pilotnet, "act4")(frames[2]), expected[2], atol=1e-5)


def test_the_first_flat_layer_is_the_default(pilotnet):
    assert feature_model(pilotnet).output_shape == (None, pilotnet.get_layer("flatten").output.shape[1])
    assert layer_of(pilotnet) == "act4"
    assert layer_of(create_model("lenet5")) is None


def test_frames_are_brought_to_the_network_s_size(pilotnet):
    large = np.full((2, 122, 134, 3), 100, "uint8")
    small = np.full((2, 61, 67, 3), 100, "uint8")
    np.testing.assert_allclose(frame_features(pilotnet, large), frame_features(pilotnet, small), atol=1e-4)


def test_what_was_computed_is_found_again(pilotnet, frames, tmp_path, monkeypatch):
    computed = []
    own = module._computed
    monkeypatch.setattr(module, "_computed", lambda *a: computed.append(1) or own(*a))
    first = frame_features(pilotnet, frames, "act4", cache=tmp_path / "kept")
    np.testing.assert_array_equal(frame_features(pilotnet, frames, "act4", cache=tmp_path / "kept"), first)
    assert len(computed) == 1
    frame_features(pilotnet, frames, "act3", cache=tmp_path / "kept")
    frame_features(pilotnet, frames[:4], "act4", cache=tmp_path / "kept")
    assert len(computed) == 3
    assert len(list((tmp_path / "kept").iterdir())) == 3


def test_weights_of_keras_applications_are_a_network(tmp_path, monkeypatch):
    made = create_model("lenet5")
    asked = []
    monkeypatch.setattr(module, "from_keras_applications", lambda path, name: asked.append((path, name)) or made)
    path = tmp_path / "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    assert open_network(path) is made
    assert asked == [(path, "resnet50")]


def test_networks_and_layers_that_do_not_suit_are_refused(pilotnet, frames):
    with pytest.raises(ValueError, match="unknown layer of pilotnet 'act9'; did you mean 'act"):
        feature_model(pilotnet, "act9")
    with pytest.raises(ValueError, match="pilotnet_features takes images of 3 channels; the frames have 1"):
        frame_features(pilotnet, frames[..., :1])
    with pytest.raises(ValueError, match="features of frames need a network of single images"):
        open_network(create_model("linear_regression"))


# === Data ===
SMALL = {"drives": 5, "per_drive": 2, "frames": 4, "stride": 2, "validation_share": 0.25}


@pytest.mark.slow
def test_drives_as_a_network_sees_them(tmp_path):
    run = constant_run(tmp_path / "run", "pilotnet", "roads", [0.0], input_shape=(61, 67, 3), width=2)
    data = load_data("road_features", network=str(run), **SMALL)
    assert data.description.samples == {"train": 6, "validation": 2, "test": 2}
    frames = load_data("road_sequences", image_size=(61, 67), road_seed=ROAD_SEED, **SMALL)
    for part in ("train", "test"):
        x, y = data.arrays(part)
        shown, values = frames.arrays(part)
        np.testing.assert_allclose(y, values, atol=1e-6)
        expected = frame_features(open_network(run), np.round(255 * shown[1]).astype("uint8"), "act4")
        np.testing.assert_allclose(x[1], expected, atol=1e-5)
    assert data.baselines["persistence"].shape == (2, 3)


def test_a_network_has_to_be_named_and_there():
    with pytest.raises(
        ValueError, match="road_features needs a network that has learned to see: gradschool fit pilotnet"
    ):
        load_data("road_features")
    with pytest.raises(ValueError, match="no run folder, preset or file runs/none; gradschool fit pilotnet"):
        load_data("road_features", network="runs/none")
