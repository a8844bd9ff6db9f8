"""Which pictures a training run gets."""

from collections.abc import Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from .boundary import decision_boundary
from .confusion import confusion_matrix
from .curves import learning_curves
from .filters import first_layer_filters, first_layer_weights
from .forecast import forecast
from .mistakes import worst_mistakes
from .samples import image_samples, series_samples


def draw_run(model, predictions, description, history: Sequence[dict[str, float]]) -> dict[str, Figure]:
    """The pictures that suit a model and its data, by file name.

    Args:
        model: the trained model.
        predictions: its answers on the test part, as `engine.evaluation.Predictions`.
        description: of the data.
        history: the rows of `history.csv`; may be empty.

    Returns:
        `curves` always (if an epoch was finished); `confusion`, `mistakes` and `first_layer` for images;
        `forecast` for a series; `boundary` where there are two inputs.
    """
    figures: dict[str, Figure] = {}
    if history:
        figures["curves"] = learning_curves(history)
    if description.task == "regression":
        targets, outputs = map(description.scale.restore, (predictions.targets[:, 0], predictions.outputs[:, 0]))
        figures["forecast"] = forecast(targets, outputs, description.scale.unit)
    elif description.input_shape == (2,):
        figures["boundary"] = decision_boundary(
            lambda points: _yes_or_no(model.predict_on_batch(points)),
            predictions.inputs,
            predictions.targets,
            threshold=0.5,
        )
    else:
        names = description.class_names
        figures["confusion"] = confusion_matrix(predictions.targets, predictions.classes, names)
        figures["mistakes"] = worst_mistakes(predictions.inputs, predictions.targets, predictions.probabilities, names)
        if (filters := _first_filters(model, description.input_shape)) is not None:
            figures["first_layer"] = first_layer_weights(filters)
    return figures


def draw_samples(inputs, targets, description) -> Figure:
    """A look at some samples of a data set.

    Args:
        inputs: images, shape `(N, H, W, channels)`, or windows of a series, shape `(N, days)`.
        targets: class numbers, shape `(N,)`, or values, shape `(N, 1)`.
        description: of the data.

    Raises:
        ValueError: if there is nothing to draw, as for a truth table.
    """
    if len(description.input_shape) == 3:
        return image_samples(inputs, targets, description.class_names)
    if description.task == "regression":
        restore = description.scale.restore
        return series_samples(restore(inputs), restore(targets[:, 0]), description.scale.unit)
    raise ValueError(f"{description.name} has neither images nor a series to draw.")


def _yes_or_no(outputs: np.ndarray) -> np.ndarray:
    """One answer for each sample, shape `(N, 1)`: the output itself, or the number of the likelier of two classes."""
    return outputs if outputs.shape[-1] == 1 else outputs.argmax(axis=-1, keepdims=True)


def _first_filters(model, image_shape):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    return first_layer_filters(keras.ops.convert_to_numpy(kernels[0]), image_shape) if kernels else None
