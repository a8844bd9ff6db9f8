"""`gradschool drive` as a user types it, with models whose answers are known."""

import json

import pytest
from PIL import Image

from driving_runs import constant_run
from gradschool.__main__ import main

FRAME = {"input_shape": (61, 67, 3), "width": 1}


@pytest.fixture(scope="module")
def straight_on(tmp_path_factory):
    """A PilotNet that always answers 0 degrees."""
    return constant_run(tmp_path_factory.mktemp("runs") / "straight", "pilotnet", "roads", [0.0], **FRAME)


def refused(capsys, *arguments):
    capsys.readouterr()
    assert main(["drive", *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


@pytest.mark.slow
def test_a_model_beside_the_expert_and_driving_straight_on(straight_on, capsys):
    assert main(["drive", str(straight_on), "--roads", "2", "--metres", "150", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["roads"], answer["metres_at_most"]) == (2, 150.0)
    model, expert, straight = answer["drivers"]
    assert model == {**straight, "driver": str(straight_on)}
    assert straight["departures"] == 2
    assert (expert["departures"], expert["metres"]) == (0, 150.0)


@pytest.mark.slow
def test_a_table_and_a_film(straight_on, capsys, tmp_path):
    film = tmp_path / "ride.gif"
    arguments = ["--seconds", "1", "--weather", "fog", "--light", "night", "--speed", "5", "--video", str(film)]
    assert main(["drive", str(straight_on), *arguments]) == 0
    printed = capsys.readouterr().out
    assert "expert, who knows the curvature" in printed
    assert "0 of 1" in printed
    assert "film: " in printed
    with Image.open(film) as opened:
        assert opened.is_animated


@pytest.mark.slow
def test_a_model_of_sequences_may_drive_its_own_speed(tmp_path, capsys):
    run = constant_run(
        tmp_path / "run", "cnn_lstm", "road_sequences", [0.0, 7.0, 0.0], input_shape=(3, 61, 67, 3), width=1, hidden=2
    )
    assert main(["drive", str(run), "--own-speed", "--metres", "14", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drivers"][0]["metres"] == 14.0


@pytest.mark.slow
def test_a_model_of_features_sees_through_its_network(straight_on, tmp_path, capsys):
    run = constant_run(
        tmp_path / "run", "feature_lstm", "road_features", [0.0, 0.0, 0.0],
        data_options={"network": str(straight_on)}, input_shape=(4, 27), hidden=2,
    )  # fmt: skip
    assert main(["drive", str(run), "--metres", "14", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drivers"][0]["metres"] == 14.0


# === Refusals ===
def test_what_does_not_drive_is_refused(capsys):
    assert "lenet5_mnist does not steer: it is no driving model" in refused(capsys, "lenet5_mnist")
    assert "unknown preset, run folder or .keras file" in refused(capsys, "nothing_there")


def test_a_model_that_steers_another_car_is_refused(tmp_path, capsys):
    run = constant_run(
        tmp_path / "run", "pilotnet", "roads", [0.0],
        outputs=[{"name": "user/angle", "unit": "of full lock", "mean": 0.0, "std": 1.0}], **FRAME,
    )  # fmt: skip
    assert "its first output is 'user/angle' in 'of full lock'" in refused(capsys, run)


def test_frames_of_another_kind_are_refused(tmp_path, capsys):
    run = constant_run(tmp_path / "run", "pilotnet", "roads", [0.0], input_shape=(61, 67, 1), width=1)
    assert "takes inputs of shape (61, 67, 1); the camera gives frames (height, width, 3)" in refused(capsys, run)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weather", "snow"], "unknown weather 'snow'"),
        (["--light", "noon"], "unknown light 'noon'"),
        (["--metres", "0"], "metres must be a number above 0"),
        (["--speed", "-3"], "speed must be a number above 0"),
        (["--video", "ride.mp4"], "--video takes a .gif file; got ride.mp4"),
        (["--speed", "5", "--own-speed"], "--speed and --own-speed exclude each other"),
        (["--own-speed"], "gives no speed: leave out --own-speed"),
    ],
)
def test_impossible_rides_are_refused(straight_on, capsys, arguments, message):
    assert message in refused(capsys, straight_on, *arguments)
