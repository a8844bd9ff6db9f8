"""What is known about a set of data before, and after, it is loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
class Description:
    """One set of data in words and numbers; `load_data` fills in what only the data can tell.

    Args:
        name: as `load_data` takes it, or the user's path.
        kind: where it comes from: "embedded", "tensorflow-datasets", "generated" or "files".
        task: "classification" or "regression".
        summary: one sentence.
        input_shape: of one sample: (height, width, channels) of an image, (days,) of a window, (inputs,) of a gate.
        classes: number of classes; None for regression.
        class_names: in the order of the labels 0, 1, ...
        samples: number of samples of "train", "validation" and "test" with the default arguments, or as loaded.
        licence: under which it may be used.
        source: who made it.
        homepage: where to read more.
        scale: of a series; None for everything else.
    """

    name: str
    kind: str
    task: str
    summary: str
    input_shape: tuple[int, ...]
    classes: int | None
    class_names: tuple[str, ...]
    samples: Mapping[str, int] = field(hash=False)
    licence: str
    source: str
    homepage: str = ""
    scale: Scale | None = None

    def check_inputs(self, shape: Sequence[int | None]) -> None:
        """Refuses a model that takes samples of another shape.

        Raises:
            ValueError: names both shapes.
        """
        if tuple(shape) != tuple(self.input_shape):
            raise ValueError(
                f"the model takes inputs of shape {tuple(shape)}; those of {self.name} are {tuple(self.input_shape)}."
            )
