"""What is known about a set of data before, and after, it is loaded.

The tasks, with N samples, T steps of a sequence, C classes or tokens:

    task                 a target is                                      targets
    classification       a class                                          (N,)
    regression           one or several values, standardised              (N, len(outputs))
    tagging              a class at every step                            (N, T)
    language_modelling   the next token at every step                     (N, T)
    translation          a sequence, given the one before it and the      (N, T)
                         tokens of the target so far
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tokenizer import Tokenizer

TASKS = ("classification", "regression", "tagging", "language_modelling", "translation")
EVERY_STEP = ("tagging", "language_modelling", "translation")  # those with a target at every step of a sequence


@dataclass(frozen=True)
class Scale:
    """How the values of a series were standardised: `standardised = (value - mean) / std`.

    Args:
        mean: of the training part, in `unit`.
        std: standard deviation of the training part, in `unit`.
        unit: what one step of the original values means, such as "views a day".

    Example:
        >>> Scale(mean=100.0, std=20.0, unit="views a day").restore(1.5)
        130.0
    """

    mean: float
    std: float
    unit: str

    def restore(self, standardised):
        """Standardised values, a number or an array, back in the unit; an error in std is `error * std`."""
        return standardised * self.std + self.mean


@dataclass(frozen=True)
class Output:
    """One of the values that a regression predicts, and how it was standardised: `(value - mean) / std`.

    Args:
        name: what it is, such as "steering angle".
        unit: of its values, such as "degrees".
        mean: of the training part, in `unit`.
        std: standard deviation of the training part, in `unit`.

    Example:
        >>> Output("speed", "m/s", mean=10.0, std=2.0).restore(0.5)
        11.0
    """

    name: str
    unit: str
    mean: float = 0.0
    std: float = 1.0

    def restore(self, standardised):
        """Standardised values, a number or an array, back in the unit; an error in std is `error * std`."""
        return standardised * self.std + self.mean


@dataclass(frozen=True)
class Description:
    """One set of data in words and numbers; `load_data` fills in what only the data can tell.

    Args:
        name: as `load_data` takes it, or the user's path.
        kind: where it comes from: "embedded", "tensorflow-datasets", "generated" or "files".
        task: one of `TASKS`.
        summary: one sentence.
        input_shape: of one sample: (height, width, channels) of an image, (days,) of a window, (inputs,) of a gate,
            (steps,) of a sequence of tokens, (steps, features) of a sequence of vectors; None where lengths differ.
        classes: number of classes, or of the tokens that can come next; None for regression.
        class_names: in the order of the labels 0, 1, ...
        samples: number of samples of "train", "validation" and "test" with the default arguments, or as loaded.
        licence: under which it may be used.
        source: who made it.
        homepage: where to read more.
        scale: of a series that is itself the input; None for everything else.
        input_scales: how the columns that the windows of a series show were standardised; features of the calendar,
            which follow them, are not.
        outputs: what a regression predicts, in the order of the targets' columns.
        input_tokens: number of different tokens in the inputs, which are whole numbers from 0, the padding, up; None
            for inputs that are no tokens.
        input_tokenizer: that made tokens of the inputs' text; None if they never were text.
        target_tokenizer: the same of a translation's targets.
        baselines: of a generated task: what a model reaches that has no memory, or cannot see what it would need, by
            metric, such as {"token_accuracy": 0.125, "nats": 2.08}.
        step: of a series: what lies between two values, such as "day" or "hour"; "" for everything else.
        features: of a series of several columns: what the numbers of one step are; the first is what is predicted.
    """

    name: str
    kind: str
    task: str
    summary: str
    input_shape: tuple[int | None, ...]
    classes: int | None
    class_names: tuple[str, ...]
    samples: Mapping[str, int] = field(hash=False)
    licence: str
    source: str
    homepage: str = ""
    scale: Scale | None = None
    input_scales: tuple[Scale, ...] = ()
    outputs: tuple[Output, ...] = ()
    input_tokens: int | None = None
    input_tokenizer: "Tokenizer | None" = field(default=None, repr=False, compare=False)
    target_tokenizer: "Tokenizer | None" = field(default=None, repr=False, compare=False)
    baselines: Mapping[str, float] = field(default_factory=dict, hash=False)
    step: str = ""
    features: tuple[str, ...] = ()

    def check_inputs(self, shape: Sequence[int | None]) -> None:
        """Refuses a model that takes samples of another shape; None, in either, stands for any size.

        Raises:
            ValueError: names both shapes.
        """
        pairs = zip(shape, self.input_shape, strict=False)
        if len(shape) != len(self.input_shape) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise ValueError(
                f"the model takes inputs of shape {tuple(shape)}; those of {self.name} are {tuple(self.input_shape)}."
            )
