"""Which pictures a training run gets."""

from collections.abc import Sequence

import keras
import numpy as np
from matplotlib.figure import Figure

from .boundary import decision_boundary
from .confusion import confusion_matrix
from .curves import learning_curves
from .filters import draw_filters, first_layer_filters
from .forecast import forecast
from .mistakes import worst_mistakes
from .reconstructions import COLUMNS, code_map, image_grid, reconstructions
from .samples import image_samples, series_samples
from .sequences import sequence_samples

GENERATED = 5 * COLUMNS  # images


def draw_run(model, predictions, description, history: Sequence[dict[str, float]]) -> dict[str, Figure]:
    """The pictures that suit a model and its data, by file name.

    Args:
        model: the trained model.
        predictions: its answers on the test part, as `engine.evaluation.Predictions`.
        description: of the data.
        history: the rows of `history.csv`; may be empty.

    Returns:
        `curves` always (if an epoch was finished); `confusion`, `mistakes` and `first_layer` for images;
        `forecast` for a series; `boundary` where there are two inputs; `reconstructions`, `first_layer` and, of codes
        of two values, `codes` for an autoencoder; `generated` for what makes up images.
    """
    figures: dict[str, Figure] = {}
    if history:
        figures["curves"] = learning_curves(history)
    if hasattr(model, "generate"):
        figures["generated"] = image_grid(model.generate(GENERATED))
    task = getattr(model, "task", description.task)
    if task == "generation":
        return figures
    if task == "reconstruction":
        figures |= _autoencoder(model, predictions, description)
    elif description.task == "regression":
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
            figures["first_layer"] = draw_filters(filters, "first layer")
    return figures


def _autoencoder(model, predictions, description) -> dict[str, Figure]:
    images, seed = predictions.inputs, 0
    chosen = np.random.default_rng(seed).permutation(len(images))[:COLUMNS]
    spoilt = model.spoil(images[chosen], seed) if hasattr(model, "spoil") else None
    shown = images[chosen] if spoilt is None else spoilt
    figures = {"reconstructions": reconstructions(images[chosen], model.reconstruct(shown), spoilt)}
    if model.encoder.output_shape[1:] == (2,):
        figures["codes"] = code_map(model.encode(images), predictions.targets, description.class_names)
    if (filters := _first_filters(model, description.input_shape)) is not None:
        figures["first_layer"] = draw_filters(filters, "first layer")
    return figures


def draw_samples(inputs, targets, description) -> Figure:
    """A look at some samples of a data set.

    Args:
        inputs: images, shape `(N, H, W, channels)`, windows of a series, shape `(N, days)`, or sequences of vectors,
            shape `(N, T, D)`.
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
    if len(description.input_shape) == 2 and description.task == "classification":
        return sequence_samples(inputs, targets, description.class_names)
    raise ValueError(f"{description.name} has neither images nor a series to draw.")


def _yes_or_no(outputs: np.ndarray) -> np.ndarray:
    """One answer for each sample, shape `(N, 1)`: the output itself, or the number of the likelier of two classes."""
    return outputs if outputs.shape[-1] == 1 else outputs.argmax(axis=-1, keepdims=True)


def _first_filters(model, image_shape):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    return first_layer_filters(keras.ops.convert_to_numpy(kernels[0]), image_shape) if kernels else None
