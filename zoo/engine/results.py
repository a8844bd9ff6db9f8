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

from ..data.description import EVERY_STEP
from ..models.base import WITHOUT_LABELS
from ..pictures.run import draw_run
from .evaluation import errors_in_units, majority_accuracy, predict_test, score

SAMPLE_LENGTH = 1000  # tokens
TRANSLATED = 2000  # sentences, at most
_MUCH = 1.5  # times as many samples as an even share: only then is the majority class worth a word


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
    task = getattr(model, "task", description.task)
    predictions = None if task in EVERY_STEP else predict_test(model, data)
    if task == "translation":
        metrics["test"] |= _translations(model, data, texts)
    elif task == "language_modelling":
        texts |= _sample(model, description)
    elif predictions is not None and task not in WITHOUT_LABELS and description.task == "regression":
        metrics["test_in_units"] = errors_in_units(predictions, description, data.baselines)
    if task not in WITHOUT_LABELS and (found := _baselines(data)):
        metrics["baselines"] = found
    metrics["epochs"] = len(history)
    return Results(metrics, draw_run(model, predictions, description, history), texts)


def _baselines(data) -> dict[str, dict[str, float]]:
    """By metric: what is known to be reached without a memory, and the majority class's accuracy if it is much."""
    description = data.description
    found = {metric: {"baseline": value} for metric, value in description.baselines.items()}
    if description.task == "classification" and not data.streamed and not found:
        accuracy = majority_accuracy(data.labels("train"), data.labels("test"))
        if accuracy * description.classes > _MUCH:
            found["accuracy"] = {"majority class": accuracy}
    return found


def _translations(model, data, texts: dict[str, str]) -> dict[str, float]:
    """How well sentences of the test part are translated; some of them go to `translations.txt`."""
    from ..generation.bleu import translation_results

    results = translation_results(model, data, most=TRANSLATED)
    texts["translations.txt"] = results.as_text()
    return results.scores


def _sample(model, description) -> dict[str, str]:
    """Some text that the model writes."""
    if description.input_tokenizer is None:
        return {}
    from ..generation.sampling import Sampling
    from ..generation.writing import write

    pieces = write(model, description.input_tokenizer, "", SAMPLE_LENGTH, Sampling(temperature=0.8))
    return {"sample.txt": "".join(piece for (piece,) in pieces) + "\n"}
