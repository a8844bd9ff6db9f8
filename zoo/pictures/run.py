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
from .frames import frame_samples
from .mistakes import worst_mistakes
from .reconstructions import COLUMNS, code_map, image_grid, reconstructions
from .samples import image_samples, series_samples
from .sequences import sequence_samples

GENERATED = 5 * COLUMNS  # images


def draw_run(model, predictions, description, history: Sequence[dict[str, float]]) -> dict[str, Figure]:
    """The pictures that suit a model and its data, by file name.

    Args:
        model: the trained model.
        predictions: its answers on the test part, as `engine.evaluation.Predictions`; None if it answers at every step
            of a sequence.
        description: of the data.
        history: the rows of `history.csv`; may be empty.

    Returns:
        `curves` always (if an epoch was finished); `confusion`, `mistakes` and `first_layer` for images; `forecast` for
        values, and `answers` to some frames that they are predicted from; `boundary` where there are two inputs;
        `reconstructions`, `first_layer` and, of codes of two values, `codes` for an autoencoder; `generated` for what
        makes up images.
    """
    figures: dict[str, Figure] = {}
    if history:
        figures["curves"] = learning_curves(history)
    if hasattr(model, "generate"):
        figures["generated"] = image_grid(model.generate(GENERATED))
    task = getattr(model, "task", description.task)
    if task == "generation" or predictions is None:
        return figures
    if task == "reconstruction":
        figures |= _autoencoder(model, predictions, description)
    elif description.task == "regression":
        figures["forecast"] = _forecast(predictions, description)
        if shows_frames(description):
            figures["answers"] = frame_samples(
                predictions.inputs, predictions.targets, description.outputs, predictions.outputs
            )
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
        if len(description.input_shape) != 3:
            return figures
        figures["mistakes"] = worst_mistakes(predictions.inputs, predictions.targets, predictions.probabilities, names)
        if (filters := _first_filters(model, description.input_shape)) is not None:
            figures["first_layer"] = draw_filters(filters, "first layer")
    return figures


def shows_frames(description) -> bool:
    """Whether values are predicted from images, or from sequences of them."""
    return description.task == "regression" and len(description.input_shape) in (3, 4)


def _forecast(predictions, description) -> Figure:
    # The outputs of a series are one quantity at several steps; others may be of different kinds.
    steps = description.outputs if description.step else description.outputs[:1]
    targets, outputs = (_restored(values, steps) for values in (predictions.targets, predictions.outputs))
    return forecast(targets, outputs, steps[0].unit, description.step or "sample")


def _restored(values: np.ndarray, outputs) -> np.ndarray:
    """Standardised values, shape `(N, outputs)`, in their units."""
    return np.stack([output.restore(values[:, place]) for place, output in enumerate(outputs)], axis=1)


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
        inputs: images, shape `(N, H, W, channels)`, sequences of frames, shape `(N, T, H, W, channels)`, windows of a
            series, shape `(N, steps)`, or `(N, steps, features)`, of which the first is predicted, or sequences of
            vectors, shape `(N, T, D)`.
        targets: class numbers, shape `(N,)`, or values, shape `(N, outputs)`.
        description: of the data.

    Raises:
        ValueError: if there is nothing to draw, as for a truth table.
    """
    if shows_frames(description):
        return frame_samples(inputs, targets, description.outputs)
    if len(description.input_shape) == 3:
        return image_samples(inputs, targets, description.class_names)
    if description.step:
        columns = inputs.reshape(*inputs.shape[:2], -1)  # (N, W, D)
        return series_samples(
            description.scale.restore(columns[..., 0]),
            _restored(targets, description.outputs),
            description.scale.unit,
            description.step,
            columns[..., 1:] if columns.shape[-1] > 1 else None,
            description.features[1:],
        )
    if len(description.input_shape) == 2 and description.task == "classification":
        return sequence_samples(inputs, targets, description.class_names)
    raise ValueError(f"{description.name} has neither images nor a series to draw.")


def _yes_or_no(outputs: np.ndarray) -> np.ndarray:
    """One answer for each sample, shape `(N, 1)`: the output itself, or the number of the likelier of two classes."""
    return outputs if outputs.shape[-1] == 1 else outputs.argmax(axis=-1, keepdims=True)


def _first_filters(model, image_shape):
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    return first_layer_filters(keras.ops.convert_to_numpy(kernels[0]), image_shape) if kernels else None
