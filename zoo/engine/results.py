"""What is measured of a trained model, and drawn: by its task.

Beside loss and metrics, and the curves of all:

task                   beside loss and metrics                          pictures
classification         the majority class's accuracy                    confusion matrix, worst mistakes
regression             errors in units, those of naive forecasts        forecast, or values beside targets
tagging
language_modelling                                                      a sample of what it writes (sample.txt)
translation            BLEU, exact matches                              attention; translations.txt
reconstruction, generation                                              images
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from ..models.base import WITHOUT_LABELS
from ..pictures.run import draw_run
from .evaluation import Predictions, errors_in_units, majority_accuracy, predict_test, score

SAMPLE_LENGTH = 1000  # tokens
_MUCH = 1.5  # times as many samples as an even share: only then is the majority class worth a word
_BY_STEP = ("tagging", "language_modelling", "translation")  # an answer for every step of a sequence


@dataclass(frozen=True)
class Results:
    """What came out of a run.

    Args:
        metrics: as in `metrics.json`.
        pictures: by file name, without the suffix.
        texts: by file name.
    """

    metrics: dict[str, Any]
    pictures: dict[str, Figure]
    texts: dict[str, str] = field(default_factory=dict)


def measure(model, data, history: Sequence[dict[str, float]]) -> Results:
    """Measures a trained model on its test and validation part.

    Args:
        model: trained and compiled.
        data: the `LoadedData` that it was trained with.
        history: the rows of `history.csv`.
    """
    description = data.description
    metrics: dict[str, Any] = {"test": score(model, data.test)}
    if data.validation is not None:
        metrics["validation"] = score(model, data.validation)
    texts: dict[str, str] = {}
    predictions: Predictions | None = None
    task = getattr(model, "task", description.task)
    if task not in _BY_STEP:
        predictions = predict_test(model, data)
    if task == "translation":
        metrics["test"] |= _translations(model, data, texts)
    elif task == "language_modelling":
        texts |= _sample(model, description)
    elif predictions is not None and description.task == "regression":
        metrics["test_in_units"] = errors_in_units(predictions, description, data.baselines)
    elif predictions is not None and task not in WITHOUT_LABELS and description.classes:
        metrics |= _majority(data, description.classes)
    metrics["epochs"] = len(history)
    return Results(metrics, draw_run(model, predictions, description, history), texts)


def _majority(data, classes: int) -> dict[str, Any]:
    """The accuracy of the most frequent class, if one is much more frequent than others."""
    if data.streamed:
        return {}
    accuracy = majority_accuracy(data.labels("train"), data.labels("test"))
    return {"baselines": {"accuracy": {"majority class": accuracy}}} if accuracy * classes > _MUCH else {}


def _translations(model, data, texts: dict[str, str]) -> dict[str, float]:
    """How well the test part's sentences are translated; some of them go to `translations.txt`."""
    from ..generation.bleu import translation_scores

    return translation_scores(model, data)


def _sample(model, description) -> dict[str, str]:
    """Some text that the model writes."""
    if description.input_tokenizer is None:
        return {}
    from ..generation.sampling import Sampling
    from ..generation.writing import write

    pieces = write(model, description.input_tokenizer, "", SAMPLE_LENGTH, Sampling(temperature=0.8))
    return {"sample.txt": "".join(piece for (piece,) in pieces) + "\n"}
