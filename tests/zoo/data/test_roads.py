"""Data sets of rendered roads: split by drives, seeded, standardised, with baselines that mean what they say."""

import inspect

import numpy as np
import pytest

import gradschool.zoo.data.roads as roads_module
from gradschool.zoo.data import load_data, road_features
from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.data.roads import parts_by_drive, record_drives
from gradschool.zoo.driving.drives import Drive, Track, record

SMALL = {"drives": 10, "per_drive": 4, "image_size": (16, 24)}


@pytest.fixture(scope="module")
def roads():
    return load_data("roads", **SMALL)


@pytest.fixture(scope="module")
def sequences():
    return load_data("road_sequences", **SMALL, frames=5, stride=3)


def test_shapes_and_counts(roads, sequences):
    assert roads.description.samples == sequences.description.samples == {"train": 28, "validation": 4, "test": 8}
    x, y = roads.arrays("train")
    assert (x.shape, y.shape) == ((28, 16, 24, 3), (28, 1))
    x, y = sequences.arrays("test")
    assert (x.shape, y.shape) == ((8, 5, 16, 24, 3), (8, 3))


def test_targets_are_standardised_on_the_training_part(roads, sequences):
    for data in (roads, sequences):
        y = data.labels("train")
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-5)
    assert [one.name for one in sequences.description.outputs] == ["steering angle", "speed", "torque"]
    assert [one.unit for one in sequences.description.outputs] == ["degrees", "m/s", "N m"]


def test_no_drive_is_in_two_parts(roads):
    drives = record_drives((16, 24), 10, 4, 1, 5, "mixed", "mixed", 0)
    angles = np.concatenate([drive.values[:, 0] for drive in drives])
    (output,) = roads.description.outputs
    read = np.concatenate([output.restore(roads.labels(part)[:, 0]) for part in ("train", "validation", "test")])
    np.testing.assert_allclose(read, angles, atol=1e-4)  # part after part, drive after drive
    assert parts_by_drive(10, 0.1) == {"train": range(7), "validation": range(7, 8), "test": range(8, 10)}


def test_the_road_seed_alone_changes_the_roads(roads):
    x, y = roads.arrays("test")
    same, other = load_data("roads", **SMALL, seed=5), load_data("roads", **SMALL, road_seed=1)
    np.testing.assert_array_equal(x, same.arrays("test")[0])
    np.testing.assert_array_equal(y, same.labels("test"))
    assert not np.array_equal(x, other.arrays("test")[0])
    assert not np.array_equal(y, other.labels("test"))


def test_weather_and_light_change_pixels_but_no_target(roads):
    clear, fog = (load_data("roads", **SMALL, weather=weather, light="day") for weather in ("clear", "fog"))
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(clear.labels(part), fog.labels(part))
        np.testing.assert_array_equal(clear.labels(part), roads.labels(part))
    assert np.abs(clear.arrays("test")[0] - fog.arrays("test")[0]).mean() > 0.03


def test_persistence_is_a_tenth_of_a_second_old():
    drive = record((16, 24), windows=3, length=2, stride=4, seed=(7,))
    assert drive.shown.tolist() == [[1, 2], [5, 6], [9, 10]]
    np.testing.assert_array_equal(drive.values, drive.track.values[[2, 6, 10]])
    np.testing.assert_array_equal(drive.before, drive.track.values[[1, 5, 9]])


def test_baselines_have_the_shape_of_the_targets(sequences):
    y = sequences.labels("test")
    assert set(sequences.baselines) == {"training mean", "persistence"}
    assert all(values.shape == y.shape for values in sequences.baselines.values())
    assert not sequences.baselines["training mean"].any()
    error = np.abs(sequences.baselines["persistence"] - y).mean(axis=0)
    assert (error < 0.8 * np.abs(y).mean(axis=0)).all()


def test_frames_of_a_sequence_follow_each_other_and_overlapping_ones_are_the_same():
    drive = record((16, 24), windows=2, length=3, stride=1, seed=(3,))
    np.testing.assert_array_equal(drive.frames[0, 1:], drive.frames[1, :-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weather": "snow"}, "unknown weather 'snow'; there are: clear, fog, mixed, rain"),
        ({"light": "noon"}, "unknown light 'noon'"),
        ({"drives": 2}, "drives must be a whole number of at least 3; got 2"),
        ({"drives": 4}, r"4 are too few to train on, validate \(validation_share=0.1\) and test"),
        ({"per_drive": 0}, "per_drive must be a whole number of at least 1"),
        ({"stride": 0}, "stride must be a whole number"),
        ({"road_seed": -1}, "road_seed must be a whole number"),
        ({"image_size": (4, 40)}, "image_size must be at least 8 pixels each way"),
        ({"frames": 3}, "a sample of roads is one frame; take road_sequences for 3"),
        ({"wether": "fog"}, "unknown option of roads 'wether'; did you mean 'weather'"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_data("roads", **{**SMALL, **options})


@pytest.mark.parametrize("name", ["roads", "road_sequences"])
def test_stored_descriptions_are_those_of_the_default(name, monkeypatch):
    def not_drawn(size, windows, length, stride, *, seed, weather, light):
        shown = 1 + np.arange(windows * length).reshape(windows, length)
        values = np.random.default_rng(seed).normal(size=(shown.size + 1, 3))
        frames = np.broadcast_to(np.uint8(0), (windows, length, *size, 3))
        return Drive(frames, shown, Track(*[np.zeros(0)] * 5, values))

    monkeypatch.setattr(roads_module, "record", not_drawn)
    loaded, stored = load_data(name).description, describe(name)
    assert (loaded.samples, loaded.input_shape) == (stored.samples, stored.input_shape)
    assert [one.name for one in loaded.outputs] == [one.name for one in stored.outputs]


def test_features_are_tested_on_drives_that_no_network_has_learned_from():
    """Drives follow from the road seed: those of the two data sets are others by default."""
    seeds = [inspect.signature(source.load).parameters["road_seed"].default for source in (road_features, roads_module)]
    assert len(set(seeds)) == 2
    first, other = (record_drives((66, 100), 3, 3, 1, 5, "clear", "day", seed) for seed in seeds)
    assert not np.allclose(first[0].values, other[0].values)
