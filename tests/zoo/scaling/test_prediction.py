"""Strong and weak scaling follow from the model."""

import json
from dataclasses import astuple, replace

import numpy as np
import pytest

from gradschool.zoo.scaling.model import Costs, Gradients, step_seconds
from gradschool.zoo.scaling.prediction import other_hardware, predict
from scaling_made_up import TRUE

GRADIENTS = Gradients(419_752)
FREE = replace(TRUE, latency=0.0, per_byte=0.0)


def column(prediction, kind, name):
    return [row[name] for row in prediction[kind]["rows"]]


def test_one_accelerator_is_the_measure_of_all():
    prediction = predict(TRUE, GRADIENTS, 512, [1])
    for kind in ("strong", "weak"):
        (row,) = prediction[kind]["rows"]
        assert row["speedup"] == row["efficiency"] == 1
        assert row["seconds"] == pytest.approx(TRUE.fixed + 512 * TRUE.per_sample)
        assert row["parts"]["latency"] == row["parts"]["bandwidth"] == 0


def test_rows_are_the_models():
    prediction = predict(TRUE, GRADIENTS, 512, [3, 8])
    assert column(prediction, "strong", "batch") == [512, 512]
    assert column(prediction, "weak", "batch") == [1536, 4096]
    for kind in ("strong", "weak"):
        for row in prediction[kind]["rows"]:
            assert row["seconds"] == pytest.approx(step_seconds(TRUE, row["accelerators"], row["batch"], GRADIENTS))
            assert row["samples_per_second"] == pytest.approx(row["batch"] / row["seconds"])
            assert sum(row["parts"].values()) == pytest.approx(row["seconds"])
            assert row["parts"][row["limit"]] == max(row["parts"].values())


def test_free_communication_scales_weakly_without_loss_and_strongly_as_amdahl_says():
    counts = [1, 2, 16, 512]
    prediction = predict(FREE, GRADIENTS, 512, counts)
    np.testing.assert_allclose(column(prediction, "weak", "efficiency"), 1)
    assert prediction["weak"]["half"] is None
    serial = TRUE.fixed / (TRUE.fixed + 512 * TRUE.per_sample)
    amdahl = 1 / (serial + (1 - serial) / np.array(counts))
    np.testing.assert_allclose(column(prediction, "strong", "speedup"), amdahl)
    assert prediction["strong"]["fastest"] == 512


@pytest.mark.parametrize(
    ("costs", "limit"),
    [
        (Costs(1.0, 0.0, 0.0, 0.0), "fixed"),
        (Costs(0.0, 1.0, 0.0, 0.0), "compute"),
        (Costs(0.0, 1e-9, 1.0, 0.0), "latency"),
        (Costs(0.0, 1e-9, 0.0, 1.0), "bandwidth"),
    ],
)
def test_what_limits_is_what_takes_longest(costs, limit):
    assert column(predict(costs, GRADIENTS, 64, [2, 8]), "strong", "limit") == [limit, limit]


def test_more_than_the_fastest_do_not_help():
    strong = predict(TRUE, GRADIENTS, 512, [1])["strong"]
    times = step_seconds(TRUE, np.arange(1, 1025), 512, GRADIENTS)
    assert strong["fastest"] == times.argmin() + 1
    assert 1 < strong["fastest"] < 512


def test_an_expensive_network_is_worse_than_one_accelerator_alone():
    prediction = predict(replace(TRUE, latency=1.0), GRADIENTS, 512, [1, 2])
    assert prediction["strong"]["fastest"] == 1
    assert prediction["strong"]["half"] == prediction["weak"]["half"] == 2


@pytest.mark.parametrize("kind", ["strong", "weak"])
def test_half_is_where_the_efficiency_falls_below_one_half(kind):
    half = predict(TRUE, GRADIENTS, 512, [1])[kind]["half"]
    before, at = column(predict(TRUE, GRADIENTS, 512, [half - 1, half]), kind, "efficiency")
    assert at < 0.5 <= before


def test_a_better_network_never_slows_a_step():
    counts = [2, 8, 64, 2048]
    slow = column(predict(TRUE, GRADIENTS, 512, counts), "strong", "seconds")
    faster = other_hardware(TRUE, 512, bandwidth=100, latency=1)
    assert (np.array(column(predict(faster, GRADIENTS, 512, counts), "strong", "seconds")) < slow).all()


def test_other_hardware_takes_the_place_of_what_was_fitted():
    other = other_hardware(TRUE, 512, bandwidth=12.5, latency=30, compute_seconds=1e-3)
    assert other.per_byte == pytest.approx(1 / 12.5e9)
    assert other.latency == pytest.approx(30e-6)
    assert other.fixed + 512 * other.per_sample == pytest.approx(1e-3)
    assert other.fixed / other.per_sample == pytest.approx(TRUE.fixed / TRUE.per_sample)
    assert astuple(other_hardware(TRUE, 512)) == astuple(TRUE)
    assert other_hardware(TRUE, 512, bandwidth=float("inf")).per_byte == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bandwidth": 0.0}, r"--bandwidth must be positive, in GB/s \(inf for no limit\); got 0.0"),
        ({"bandwidth": float("nan")}, "--bandwidth must be positive"),
        ({"latency": -1.0}, "--latency must not be negative, in microseconds; got -1.0"),
        ({"compute_seconds": 0.0}, "--compute-seconds must be positive; got 0.0"),
    ],
)
def test_hardware_that_there_is_not(given, message):
    with pytest.raises(ValueError, match=message):
        other_hardware(TRUE, 512, **given)


def test_communication_that_was_not_measured_has_to_be_given():
    unknown = replace(TRUE, latency=float("nan"), per_byte=float("nan"))
    with pytest.raises(ValueError, match="give --latency and --bandwidth"):
        other_hardware(unknown, 512, latency=5)
    assert other_hardware(unknown, 512, latency=5, bandwidth=10).latency == pytest.approx(5e-6)


def test_a_prediction_is_json():
    json.dumps(predict(TRUE, GRADIENTS, 512, [1, 64]), allow_nan=False)
