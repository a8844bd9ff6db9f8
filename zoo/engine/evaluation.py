"""How good a trained model is: figures on one part of the data, and what they rest on."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Predictions:
    """A model's answers on one part of a data set.

    Args:
        inputs: what it was shown, shape `(N, ...)`; of data too large for memory, what `inputs[number]` looks up.
        targets: the right answers: class numbers, shape `(N,)`, or values, shape `(N, 1)`.
        outputs: the model's answers: logits, shape `(N, C)`, or values, shape `(N, 1)`.
    """

    inputs: np.ndarray
    targets: np.ndarray
    outputs: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """The model's belief in each class, shape `(N, C)`."""
        return softmax(self.outputs)

    @property
    def classes(self) -> np.ndarray:
        """The likeliest class of each sample, shape `(N,)`."""
        return self.outputs.argmax(axis=-1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z_k) / sum_j exp(z_j) over the last axis, shifted by the largest so that nothing overflows.

    Example:
        >>> softmax(np.array([1000.0, 1000.0]))
        array([0.5, 0.5])
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def predict_test(model, data) -> Predictions:
    """The model's answers to every sample of the test part, in order."""
    inputs, targets = data.numbered("test")
    # From the pipeline: given arrays, Keras's own would make TensorFlow complain when its operations are deterministic.
    return Predictions(inputs, targets, model.predict(data.test, verbose=0))


def score(model, pipeline) -> dict[str, float]:
    """The compiled loss and metrics of `model` on a pipeline, as plain numbers.

    Of a model that makes images it is how well its discriminator tells those of the pipeline from made ones.
    """
    if hasattr(model, "judge"):
        return model.judge(np.concatenate([np.asarray(images) for images, _ in pipeline]))
    return {name: float(value) for name, value in model.evaluate(pipeline, verbose=0, return_dict=True).items()}


def forecast_scores(predictions: Predictions, description) -> dict[str, Any]:
    """Errors of a forecast in the series's own units, beside the forecast that knows only the calendar.

    Returns:
        `mean_absolute_error`, its `unit`, and the same error for "as on this weekday last week" (the input seven
        days before the target) where the window holds a week.
    """
    scale = description.scale.std
    errors: dict[str, Any] = {
        "unit": description.scale.unit,
        "mean_absolute_error": float(np.abs(predictions.outputs - predictions.targets).mean() * scale),
    }
    if predictions.inputs.shape[1] >= 7:
        last_week = predictions.inputs[:, -7].reshape(predictions.targets.shape)
        errors["same_day_last_week"] = float(np.abs(last_week - predictions.targets).mean() * scale)
    return errors
