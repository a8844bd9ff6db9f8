"""What Keras and tf.distribute get wrong on several replicas, that the engine does not, and that no remedy is idle.

A test that begins with `test_keras_still` fails when Keras has repaired something: the remedy it names can then go.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

import upstream_traps
from gradschool.zoo.launching import choose_ports
from upstream_traps import TRAPS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's"),
]
SECONDS = 400  # a collective operation that lacks its counterpart would wait forever
REMEDY = {  # what Keras gets wrong: the remedy
    "clip_by_global_norm": "the sum before the optimizer (_apply_to_sum)",
    "clip_by_norm": "the sum before the optimizer (_apply_to_sum)",
    "clip_by_value": "the sum before the optimizer (_apply_to_sum)",
    "overflow_of_one_replica": "the sum before the optimizer (_apply_to_sum)",
    "first_batch_not_divisible": "the building of models in training.py",
    "uneven_last_batch": "_share_of_mean",
    "masked_loss": "_mask_to_weights",
    "batch_normalization": "global_moments",
    "gradient_accumulation": "the switch in _apply_to_sum and _keep_copies_of_its_own",
    "penalty_on_outputs": "_share_of_penalty",
    "losses_shared_by_threads": "_ListOfThread",
    "key_of_its_own": "the metrics of all replicas in loop.py",
}
WITHOUT = [(name, remedy) for name, trap in TRAPS.items() for remedy in trap.without]


def start(out: Path, setting: str, **variables: str):
    command = [sys.executable, upstream_traps.__file__, str(out), setting]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **variables}
    said = tempfile.TemporaryFile("w+")  # a pipe that is full would hold up the others  # noqa: SIM115
    process = subprocess.Popen(command, env=quiet, stdout=said, stderr=subprocess.STDOUT)
    return process, said


def finish(*started) -> None:
    try:
        for process, said in started:
            process.wait(SECONDS)
            said.seek(0)
            assert process.returncode == 0, said.read()[-3000:]
    finally:
        for process, said in started:
            process.kill()
            process.wait()
            said.close()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What came out, by setting, case and who trained."""
    folder = tmp_path_factory.mktemp("traps")
    finish(*(start(folder / f"{setting}.json", setting) for setting in ("mirrored", "one")))
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.fixture
def on_two(trained):
    """On two replicas."""
    return trained["mirrored"]


@pytest.fixture
def on_one(trained):
    """On one device."""
    return trained["one"]


def distance(one, other) -> float:
    """The largest difference between any two weights or figures of the history; infinite if there are none."""
    if "error" in one:
        return float("inf")
    values, others = ([*result["weights"], *result["history"].values()] for result in (one, other))
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(values, others, strict=True)]
    differences = [np.where(np.isnan(a) & np.isnan(b), 0, np.abs(a - b)) for a, b in pairs]
    return max(float(np.nan_to_num(one, nan=np.inf).max()) for one in differences)


def precision(name: str) -> float:
    return 1e-3 if TRAPS[name].floats == "mixed_float16" else 2e-6


def masks(result) -> list[bytes]:
    """The rows that a dropout layer drew, of which a kernel is the trace."""
    return [(np.asarray(row) != 0).tobytes() for row in result["weights"][0]]


# === Each in Keras's fit, in ours, and in ours without the remedy ===
@pytest.mark.parametrize("name", REMEDY)
def test_keras_still_gets_it_wrong(on_one, on_two, name):
    keras_on_two, keras_on_one = on_two[name]["keras"], on_one[name]["keras"]
    assert distance(keras_on_two, keras_on_one) > 1000 * 2e-6, (
        f"Keras {keras.__version__} has repaired {name}: {REMEDY[name]} in zoo/engine/replicas.py can go "
        "once that is the oldest version."
    )


@pytest.mark.parametrize("name", [name for name in TRAPS if name != "keras_dropout"])
def test_the_engine_gives_the_result_of_one_device(on_one, on_two, name):
    assert distance(on_two[name]["engine"], on_one[name]["engine"]) < precision(name)
    assert distance(on_one[name]["engine"], on_one[name]["keras"]) < precision(name)


@pytest.mark.parametrize(("name", "remedy"), [pair for pair in WITHOUT if pair[0] != "keras_dropout"])
def test_without_the_remedy_it_does_not(on_one, on_two, name, remedy):
    assert distance(on_two[name][remedy], on_one[name]["engine"]) > 1000 * 1e-6


def test_keras_still_leaves_infinities_where_one_replica_overflows(on_two):
    weights = np.concatenate([np.ravel(one) for one in on_two["overflow_of_one_replica"]["keras"]["weights"]])
    assert not np.isfinite(weights).all(), "Keras has repaired it: the sum before the optimizer is not needed for that."


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("gradient_accumulation", "RuntimeError", "merge_call"),
        ("first_batch_not_divisible", "InvalidArgumentError", "same size and shape"),
    ],
)
def test_keras_still_stops_with_an_error(on_two, name, error, words):
    message = on_two[name]["keras"].get("error", "none")
    assert message.startswith(error), f"Keras has repaired {name}: {REMEDY[name]} can go."
    assert words in message


# === Random numbers ===
def test_keras_still_draws_the_same_dropout_mask_on_every_replica(on_two):
    drawn = masks(on_two["keras_dropout"]["keras"])
    assert drawn[:4] == drawn[4:], "Keras has repaired it: _seed_of_this_replica can go."


def test_no_two_replicas_share_a_mask_of_a_keras_layer(on_two):
    assert len(set(masks(on_two["keras_dropout"]["engine"]))) == 8
    without = masks(on_two["keras_dropout"]["seeds"])
    assert without[:4] == without[4:]


def test_our_dropout_draws_the_masks_of_one_device(on_one, on_two):
    assert masks(on_two["zoo_dropout"]["engine"]) == masks(on_one["zoo_dropout"]["keras"])
    assert masks(on_two["zoo_dropout"]["draw"]) != masks(on_one["zoo_dropout"]["keras"])


def orders(result) -> list[list[float]]:
    seen = next(one for one in result["weights"] if np.shape(one) == (48,))
    return np.reshape(seen, (3, 16)).tolist()


def test_keras_still_repeats_one_order_of_samples(on_one):
    first, *others = orders(on_one["order_of_samples"]["keras"])
    assert all(one == first for one in others), "Keras has repaired it: no need to speak of it any more."


def test_the_engine_has_another_order_in_every_epoch(on_one):
    found = orders(on_one["order_of_samples"]["engine"])
    assert len({tuple(one) for one in found}) == 3
    assert all(sorted(one) == list(range(16)) for one in found)


# === Several steps in one call, several workers ===
def test_keras_still_cannot_take_several_steps_in_one_call_with_default_collectives(tmp_path):
    finish(start(tmp_path / "out.json", "collectives"))
    found = json.loads((tmp_path / "out.json").read_text())["several_steps"]["keras"]
    assert "Placeholder" in found.get("error", ""), (
        "Keras or TensorFlow has repaired it: ReductionToOneDevice in zoo/engine/strategies.py can go."
    )


def test_keras_still_cannot_train_on_two_workers_and_the_engine_can(tmp_path, on_one):
    cluster = {"worker": [f"localhost:{port}" for port in choose_ports(2)]}
    finish(
        *(
            start(
                tmp_path / "out.json",
                "multiworker",
                TF_CONFIG=json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}),
            )
            for index in range(2)
        )
    )
    found = json.loads((tmp_path / "out.json").read_text())["uneven_last_batch"]
    assert "PerReplica" in found["keras"].get("error", ""), "Keras has repaired its fit on several workers."
    assert distance(found["engine"], on_one["uneven_last_batch"]["engine"]) < 2e-6
