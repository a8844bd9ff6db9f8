"""How good a trained model is: figures on one part of the data, and what they rest on."""

from collections.abc import Mapping
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


def errors_in_units(predictions: Predictions, description, baselines: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Errors of predicted values in their own units, beside those of forecasts that need no model.

    Args:
        predictions: on the test part; targets and outputs of shape `(N, outputs)`.
        description: of the data, with `outputs`.
        baselines: forecasts of the same targets, standardised as they are, by name.

    Returns:
        `mean_absolute_error`, its `unit`, and the same error of every baseline under its name; over all outputs if
        these have one unit, else such a dict for every output, by its name.
    """
    outputs = description.outputs
    answers = {"mean_absolute_error": predictions.outputs, **baselines}
    spread = np.array([one.std for one in outputs])
    errors = {  # by output, in its unit
        name.replace(" ", "_"): (np.abs(values - predictions.targets) * spread).mean(axis=0)
        for name, values in answers.items()
    }
    units = [one.unit for one in outputs]
    if len(set(units)) == 1:
        return {"unit": units[0], **{name: float(error.mean()) for name, error in errors.items()}}
    return {
        output.name: {"unit": output.unit, **{name: float(error[place]) for name, error in errors.items()}}
        for place, output in enumerate(outputs)
    }


def majority_accuracy(train_labels: np.ndarray, test_labels: np.ndarray) -> float:
    """The accuracy of answering the training part's most frequent class to everything.

    Args:
        train_labels: class numbers, shape `(N,)`.
        test_labels: likewise, of the part that is measured.

    Example:
        >>> majority_accuracy(np.array([0, 1, 1]), np.array([1, 0, 1, 1]))
        0.75
    """
    return float((test_labels == np.bincount(train_labels).argmax()).mean())
