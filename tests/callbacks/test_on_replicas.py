"""Clipping and monitoring on several replicas: what they measure, and the weights, are those of one device."""

import math

import keras
import pytest

import callbacks_on_replicas
from programs import LAUNCH, run_program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's"),
]


@pytest.fixture(scope="module")
def measured():
    """What was measured, by way and number of replicas: by one program, since importing takes longer than training."""
    runs = ("plain:1", "plain:2", "plain:4", "engine:2", "engine:4")
    return dict(run_program(callbacks_on_replicas.__file__, *runs))


@pytest.fixture
def one_device(measured):
    return measured["plain:1"]


def differences(one, other, place=""):
    """Where two nested results differ by more than rounding."""
    if isinstance(one, dict):
        for key in one:
            if key != "noise":  # one device estimates it from other figures
                yield from differences(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), place
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{place}/{number}")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-6) and not (math.isnan(one) and math.isnan(other)):
            yield f"{place}: {one} and {other}"
    elif one != other:
        yield f"{place}: {one} and {other}"


@pytest.mark.parametrize(("way", "replicas"), [("plain", 2), ("plain", 4), ("engine", 2), ("engine", 4)])
def test_replicas_measure_and_train_what_one_device_does(measured, one_device, way, replicas):
    results = measured[f"{way}:{replicas}"]
    assert list(differences(results, one_device)) == []
    for name, result in results.items():
        assert result["left"] == []
        if name != "accumulated":
            assert {row["noise_scale_from"] for row in result["noise"]} == {f"{replicas} parts of each update"}
            assert {row["batch"] for row in result["noise"]} == {callbacks_on_replicas.BATCH}
    assert one_device["skip"]["clipping"][0]["nonfinite_steps"] == 1
    assert one_device["skip"]["iterations"] == 6


def test_two_workers_do_as_well(one_device):
    both = run_program(callbacks_on_replicas.__file__, "workers:2", launch=LAUNCH)
    assert len(both) == 2
    for _, results in both:
        assert list(differences(one_device, results)) == []


@pytest.mark.parametrize("replicas", [2, 4])
def test_accumulated_micro_batches_are_the_parts_whatever_the_replicas(measured, one_device, replicas):
    results = measured[f"engine:{replicas}"]
    ours, theirs = results["accumulated"]["noise"], one_device["accumulated"]["noise"]
    assert {row["noise_scale_from"] for row in ours} == {"2 parts of each update"}
    assert list(differences(ours, theirs)) == []


@pytest.mark.parametrize("way", ["plain", "engine"])
def test_the_loss_scale_is_no_part_of_what_is_measured(measured, way):
    results = measured[f"{way}:2"]
    assert list(differences(results["scaled"], results["value"])) == []
    assert list(differences(results["scaled"]["noise"], results["value"]["noise"])) == []


def test_the_engine_tells_the_parts_of_an_update_apart_as_keras_does(measured):
    plain, engine = measured["plain:2"], measured["engine:2"]
    for rule in callbacks_on_replicas.RULES:
        for one, other in zip(plain[rule]["noise"], engine[rule]["noise"], strict=True):
            assert one["square_of_part"] == pytest.approx(other["square_of_part"], rel=1e-5)
            assert one["square_of_part"] > one["square_of_update"]
