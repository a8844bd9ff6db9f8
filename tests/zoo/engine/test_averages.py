"""Averages of the weights are what is validated and what stays; the weights themselves train on untouched."""

import keras
import numpy as np
import pytest

from fitting_ways import FEW, fit, model_of, samples
from gradschool.zoo.engine.averages import ValidateAverages
from gradschool.zoo.engine.optimizers import get_optimizer

MOMENTUM = 0.8


def by_hand(model, x, y, epochs, validation):
    """The same training step by step: validation losses of the averages, and the averages at the end."""
    losses, averages = [], None
    for _ in range(epochs):
        for first in range(0, len(x), 8):
            model.train_on_batch(x[first : first + 8], y[first : first + 8])
            weights = model.get_weights()
            averages = weights if averages is None else [
                MOMENTUM * a + (1 - MOMENTUM) * w for a, w in zip(averages, weights, strict=True)
            ]  # fmt: skip
        weights = model.get_weights()
        model.set_weights(averages)
        losses.append(float(np.mean((model.predict_on_batch(validation[0]) - validation[1]) ** 2)))
        model.set_weights(weights)
    return losses, averages


@pytest.mark.parametrize(("way", "settings"), FEW)
def test_validation_and_what_stays_are_the_averages(way, settings):
    x, y = samples()
    held_out = samples(count=13)
    expected, averages = by_hand(model_of(get_optimizer("momentum", 0.1)), x, y, 3, held_out)
    model = way(model_of(get_optimizer("momentum", 0.1, ema=MOMENTUM), **settings))
    history = fit(model, x, y, epochs=3, validation_data=held_out, callbacks=[ValidateAverages()])
    np.testing.assert_allclose(history.history["val_loss"], expected, rtol=2e-4)
    for one, other in zip(model.get_weights(), averages, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_training_goes_on_from_the_very_weights():
    x, y = samples()
    losses = [
        fit(model_of(get_optimizer("momentum", 0.1, ema=MOMENTUM)), x, y, epochs=3, **more).history["loss"]
        for more in ({}, {"validation_data": (x, y), "callbacks": [ValidateAverages()]})
    ]
    assert losses[0] == losses[1]


def test_an_optimizer_without_averages_is_refused():
    with pytest.raises(ValueError, match="ValidateAverages needs an optimizer that keeps averages"):
        fit(model_of(keras.optimizers.SGD(0.1)), *samples(), callbacks=[ValidateAverages()])
