"""Learning rates over a run, against the formulas and PyTorch's schedulers, and through a file."""

import keras
import numpy as np
import pytest

from gradschool.zoo.engine.schedules import WarmUp, get_schedule

RATE, STEPS, EPOCHS = 0.4, 7, 5


def rates_of(schedule, **arguments):
    rate = get_schedule(RATE, schedule, steps_per_epoch=STEPS, epochs=EPOCHS, **arguments)
    return [float(keras.ops.convert_to_numpy(rate(step))) if callable(rate) else rate for step in range(STEPS * EPOCHS)]


def pytorch(make, warmup=0):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], RATE)
    schedulers = torch.optim.lr_scheduler
    after = make(schedulers, optimizer)
    if warmup:
        rising = schedulers.LambdaLR(optimizer, lambda step: (step + 1) / warmup)
        after = schedulers.SequentialLR(optimizer, [rising, after], milestones=[warmup])
    rates = []
    for _ in range(STEPS * EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        after.step()
    return rates


def test_constant():
    assert rates_of("constant") == [RATE] * (STEPS * EPOCHS)


def test_steps():
    expected = pytorch(lambda schedulers, optimizer: schedulers.MultiStepLR(optimizer, [2 * STEPS, 4 * STEPS], 0.1))
    np.testing.assert_allclose(rates_of("steps", options={"at": [2, 4]}), expected, rtol=1e-6)


def test_steps_in_fractions_of_an_epoch_by_another_factor():
    rates = rates_of("steps", options={"at": [0.5, 3], "factor": 0.5})  # 3.5 steps are 4
    expected = [RATE] * 4 + [RATE / 2] * (3 * STEPS - 4) + [RATE / 4] * (2 * STEPS)
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_cosine_with_a_warm_up():
    expected = pytorch(
        lambda schedulers, optimizer: schedulers.CosineAnnealingLR(optimizer, STEPS * EPOCHS - STEPS), STEPS
    )
    np.testing.assert_allclose(rates_of("cosine", warmup=1), expected, rtol=1e-4, atol=1e-7)


def test_a_warm_up_of_half_an_epoch_and_steps_that_count_from_the_beginning():
    rates = rates_of("steps", warmup=0.5, options={"at": 2})
    expected = [RATE / 4, RATE / 2, RATE * 3 / 4] + [RATE] * (2 * STEPS - 3) + [RATE / 10] * (3 * STEPS)
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "arguments"),
    [("constant", {"warmup": 2}), ("cosine", {"warmup": 1.5}), ("steps", {"warmup": 1, "options": {"at": [2]}})],
)
def test_an_optimizer_s_file_keeps_it(schedule, arguments):
    rate = get_schedule(RATE, schedule, steps_per_epoch=STEPS, epochs=EPOCHS, **arguments)
    assert isinstance(rate, WarmUp)
    optimizer = keras.optimizers.SGD(rate)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))._learning_rate
    for step in (0, STEPS, 3 * STEPS):
        assert float(again(step)) == float(rate(step))


@pytest.mark.parametrize(
    ("schedule", "arguments", "message"),
    [
        ("linear", {}, "schedule must be one of constant, cosine, steps; got 'linear'"),
        ("cosine", {"warmup": 6}, "warmup must not be longer than the run of 5 epochs; got 6"),
        ("cosine", {"warmup": -1}, "warmup must be a number of at least 0; got -1"),
        ("cosine", {"options": {"at": [1]}}, "the schedule cosine has no options; got 'at'"),
        ("steps", {}, r"needs the epochs after which the rate falls, rising, such as at=\[30, 60\] .*; got None"),
        ("steps", {"options": {"at": [3, 2]}}, r"rising, such as at=\[30, 60\] .*; got \[3, 2\]"),
        ("steps", {"options": {"at": []}}, "needs the epochs"),
        ("steps", {"options": {"at": "30,60"}}, "got '30,60'"),
        ("steps", {"options": {"at": [0]}}, r"must lie after the beginning; got \[0\]"),
        ("steps", {"options": {"at": [1]}, "warmup": 1}, r"must lie after the warm-up of 1; got \[1\]"),
        ("steps", {"options": {"ta": [1]}}, "unknown option of the schedule steps 'ta'"),
        ("steps", {"options": {"at": [1], "factor": "half"}}, "the schedule's factor must be a number"),
    ],
)
def test_what_cannot_be_is_refused(schedule, arguments, message):
    with pytest.raises(ValueError, match=message):
        get_schedule(RATE, schedule, steps_per_epoch=STEPS, epochs=EPOCHS, **arguments)
