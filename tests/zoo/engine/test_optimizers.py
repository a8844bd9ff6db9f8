"""The course's optimizers by name take the steps of their equations."""

import keras
import numpy as np
import pytest

from gradschool.zoo.engine.optimizers import get_optimizer

RATE = 0.1


def steps_of(name, count=3, **kwargs):
    """Where each of `count` steps on f(w) = w^2 from w = 1 leads."""
    weight, places = keras.Variable(1.0), []
    optimizer = get_optimizer(name, RATE, **kwargs)
    for _ in range(count):
        optimizer.apply([2 * weight.value], [weight])
        places.append(float(weight.numpy()))
    return places


def test_gradient_descent():
    np.testing.assert_allclose(steps_of("sgd"), [0.8, 0.64, 0.512], rtol=1e-6)


def test_momentum():
    w, v, expected = 1.0, 0.0, []
    for _ in range(3):
        v = 0.9 * v - RATE * 2 * w
        w += v
        expected.append(w)
    np.testing.assert_allclose(steps_of("momentum"), expected, rtol=1e-5)


def test_adam():
    w, m, v, expected = 1.0, 0.0, 0.0, []
    for t in (1, 2, 3):
        g = 2 * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= RATE * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
        expected.append(w)
    np.testing.assert_allclose(steps_of("adam"), expected, rtol=1e-4)


def test_cosine_schedule_falls_to_zero():
    rates = get_optimizer("sgd", RATE, total_steps=4, schedule="cosine")._learning_rate
    expected = [RATE * (1 + np.cos(np.pi * t / 4)) / 2 for t in range(5)]
    np.testing.assert_allclose([float(rates(t)) for t in range(5)], expected, atol=1e-7)


@pytest.mark.parametrize("name", ["nesterov", "AdaGrad", "adadelta", "RMSProp", "adamw", "nadam", "lion"])
def test_every_name_goes_downhill(name):
    places = steps_of(name, count=5)
    assert 1 > places[0] > places[-1]


def test_unknown_names():
    with pytest.raises(ValueError, match="unknown optimizer 'adm'; did you mean 'adam'"):
        get_optimizer("adm", RATE)
    with pytest.raises(ValueError, match=r"give what get_schedule\(rate, 'steps'"):
        get_optimizer("adam", RATE, 100, "steps")
