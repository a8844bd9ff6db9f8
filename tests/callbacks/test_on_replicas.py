"""Clipping and monitoring on several replicas: what they measure, and the weights, are those of one device."""

import functools
import json
import math
import subprocess
import sys

import keras
import pytest

import callbacks_on_replicas

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's"),
]


@functools.cache
def run(way: str, replicas: int, *launch: str):
    command = [sys.executable, *launch, callbacks_on_replicas.__file__, way, str(replicas)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line[line.index("{") :]) for line in done.stdout.splitlines() if '"weights"' in line]


@pytest.fixture(scope="module")
def one_device():
    (results,) = run("plain", 1)
    return results


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
        if not math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-6):
            yield f"{place}: {one} and {other}"
    elif one != other:
        yield f"{place}: {one} and {other}"


@pytest.mark.parametrize(("way", "replicas"), [("plain", 2), ("plain", 4), ("engine", 2), ("engine", 4)])
def test_replicas_measure_and_train_what_one_device_does(one_device, way, replicas):
    (results,) = run(way, replicas)
    assert list(differences(one_device, results)) == []
    for result in results.values():
        assert result["left"] == []
        assert {row["noise_scale_from"] for row in result["noise"]} == {f"{replicas} parts of each update"}
        assert {row["batch"] for row in result["noise"]} == {callbacks_on_replicas.BATCH}
    assert one_device["skip"]["clipping"][0]["nonfinite_steps"] == 1
    assert one_device["skip"]["iterations"] == 6


def test_two_workers_do_as_well(one_device):
    both = run("workers", 2, "-m", "gradschool", "launch", "--workers", "2", "--")
    assert len(both) == 2
    for results in both:
        assert list(differences(one_device, results)) == []


def test_the_engine_tells_the_parts_of_an_update_apart_as_keras_does():
    (plain,), (engine,) = run("plain", 2), run("engine", 2)
    for rule in callbacks_on_replicas.RULES:
        for one, other in zip(plain[rule]["noise"], engine[rule]["noise"], strict=True):
            assert one["square_of_part"] == pytest.approx(other["square_of_part"], rel=1e-5)
            assert one["square_of_part"] > one["square_of_update"]
