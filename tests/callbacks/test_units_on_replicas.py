"""Dead and saturated units on several replicas: those of one device."""

import json
import subprocess
import sys

import keras
import pytest

import units_on_replicas

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.slow
on_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.distribute is TensorFlow's")


def run(way: str, replicas: int, *launch: str):
    command = [sys.executable, *launch, units_on_replicas.__file__, way, str(replicas)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line[line.index("{") :]) for line in done.stdout.splitlines() if '"rows"' in line]


@pytest.fixture(scope="module")
def one_device():
    (results,) = run("jax" if BACKEND == "jax" else "plain", 1)
    dead = [row["dead"] for row in results["sequential False"]["rows"] if row["layer"] == "hidden"]
    assert 0 < dead[0] < 9
    assert {row["layer"] for row in results["subclassed True"]["rows"]} == {"act", "act:2"}
    return results


@on_tensorflow
@pytest.mark.parametrize(("way", "replicas"), [("plain", 2), ("engine", 4)])
def test_replicas_count_what_one_device_does(one_device, way, replicas):
    (results,) = run(way, replicas)
    assert results == one_device
    assert all(result["left"] == 0 for result in results.values())


@on_tensorflow
def test_two_workers_do_as_well(one_device):
    both = run("workers", 2, "-m", "gradschool", "launch", "--workers", "2", "--")
    assert both == [one_device, one_device]


@pytest.mark.skipif(BACKEND != "jax", reason="JAX's")
def test_data_parallelism_of_jax_does_as_well(one_device):
    assert run("jax", 2) == [one_device]
