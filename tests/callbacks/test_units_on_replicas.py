"""Dead and saturated units on several replicas: those of one device."""

import keras
import pytest

import units_on_replicas
from programs import LAUNCH, run_program

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.slow
on_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.distribute is TensorFlow's")


@pytest.fixture(scope="module")
def counted():
    """What was counted, by way and number of replicas: JAX's devices are those of a whole program."""
    if BACKEND == "jax":
        runs = [run_program(units_on_replicas.__file__, run) for run in ("jax:1", "jax:2")]
    else:
        replicas = ("plain:2", "engine:4") if BACKEND == "tensorflow" else ()
        runs = [run_program(units_on_replicas.__file__, "plain:1", *replicas)]
    return dict(pair for run in runs for pair in run)


@pytest.fixture
def one_device(counted):
    results = counted["jax:1" if BACKEND == "jax" else "plain:1"]
    dead = [row["dead"] for row in results["sequential False"]["rows"] if row["layer"] == "hidden"]
    assert 0 < dead[0] < 9
    assert {row["layer"] for row in results["subclassed True"]["rows"]} == {"act", "act:2"}
    return results


@on_tensorflow
@pytest.mark.parametrize(("way", "replicas"), [("plain", 2), ("engine", 4)])
def test_replicas_count_what_one_device_does(counted, one_device, way, replicas):
    results = counted[f"{way}:{replicas}"]
    assert results == one_device
    assert all(result["left"] == 0 for result in results.values())


@on_tensorflow
def test_two_workers_do_as_well(one_device):
    both = run_program(units_on_replicas.__file__, "workers:2", launch=LAUNCH)
    assert [results for _, results in both] == [one_device, one_device]


@pytest.mark.skipif(BACKEND != "jax", reason="JAX's")
def test_data_parallelism_of_jax_does_as_well(counted, one_device):
    assert counted["jax:2"] == one_device
