"""The fit finds the costs that made a measurement, and says honestly how well it predicts."""

import json
from dataclasses import astuple

import numpy as np
import pytest

from gradschool.zoo.scaling.fitting import fit_costs, fit_measurement, rows_of, summary
from scaling_made_up import TRUE, made_up


@pytest.mark.parametrize("shares_cores", [True, False])
def test_costs_are_recovered(shares_cores):
    costs = fit_measurement(made_up(shares_cores=shares_cores)).costs
    np.testing.assert_allclose(astuple(costs), astuple(TRUE), rtol=1e-6)


@pytest.mark.parametrize("shares_cores", [True, False])
def test_costs_are_recovered_from_noisy_times(shares_cores):
    costs = fit_measurement(made_up(shares_cores=shares_cores, noise=0.05)).costs
    np.testing.assert_allclose(astuple(costs), astuple(TRUE), rtol=0.2)


def test_the_fit_is_that_of_numpy_where_no_cost_is_at_its_limit():
    rows = rows_of(made_up(noise=0.1))
    weighted = np.array([row.terms / row.seconds for row in rows])
    expected = np.linalg.lstsq(weighted, np.ones(len(rows)), rcond=1e-20)[0]
    assert (expected > 0).all()
    np.testing.assert_allclose(astuple(fit_costs(rows)), expected, rtol=1e-5)


def test_no_cost_is_negative():
    measurement = made_up()
    for one in measurement["steps"]:  # as if larger batches took less time
        one["seconds"] = 1.0 / one["batch"]
    assert min(astuple(fit_costs(rows_of(measurement)))) >= 0


def test_what_the_model_explains_is_predicted_without_having_been_seen():
    found = summary(made_up(), fit_measurement(made_up()))
    for name in ("step_error", "all_reduce_error", "held_out_error", "extrapolation_error"):
        assert found[name]["largest"] < 1e-6
    assert found["extrapolated_to"] == 4


def test_a_setting_that_is_off_is_seen_best_where_it_is_left_out():
    measurement = made_up()
    measurement["steps"][4]["seconds"] *= 2
    found = summary(measurement, fit_measurement(measurement))
    odd = found["settings"][4]
    assert odd["held_out_error"] == pytest.approx(-0.5, abs=1e-6)
    assert abs(odd["predicted"] / odd["measured"] - 1) < 0.5
    assert found["held_out_error"]["largest"] == pytest.approx(0.5, abs=1e-6)
    assert found["extrapolation_error"]["largest"] > 0.001


def test_leaving_one_out_is_a_fit_of_the_others():
    measurement = made_up(noise=0.1)
    index, rows = 2, rows_of(measurement)
    costs = fit_costs([row for number, row in enumerate(rows) if number != index])
    predicted = np.dot(astuple(costs), rows[index].terms)
    assert fit_measurement(measurement).held_out[index] == pytest.approx(predicted / rows[index].seconds - 1)


def test_one_replica_says_nothing_of_communication():
    measurement = made_up(replicas=(1,))
    fit = fit_measurement(measurement)
    assert np.isnan(fit.costs.latency)
    assert np.isnan(fit.costs.per_byte)
    assert fit.costs.fixed == pytest.approx(TRUE.fixed)
    found = summary(measurement, fit)
    assert found["latency_us"] is None
    assert found["bandwidth_gb_s"] is None
    assert found["all_reduce_error"] is found["extrapolation_error"] is None
    json.dumps(found, allow_nan=False)


def test_two_settings_fit_and_predict_nothing():
    fit = fit_measurement(made_up(replicas=(1,), batches=(32, 512)))
    assert fit.held_out == [None, None]
    assert list(fit.extrapolated) == []


def test_one_setting_is_too_few():
    with pytest.raises(ValueError, match="measure at least two batch sizes"):
        fit_measurement(made_up(replicas=(1,), batches=(32,)))


def test_units():
    found = summary(made_up(), fit_measurement(made_up()))
    assert found["fixed_ms"] == pytest.approx(0.8)
    assert found["per_sample_us"] == pytest.approx(7)
    assert found["latency_us"] == pytest.approx(9)
    assert found["bandwidth_gb_s"] == pytest.approx(20)
