"""What a recipe is: everything that is needed to repeat a result, and the result."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Measured:
    """A result as it was measured.

    Args:
        metric: what was measured on the test samples, such as "accuracy".
        mean: over the runs.
        spread: the sample standard deviation over the runs.
        runs: how many, and what differs between them: "3 seeds", "5 folds".
        command: the line that gives these figures.
    """

    metric: str
    mean: float
    spread: float
    runs: str
    command: str


@dataclass(frozen=True)
class Recipe:
    """Model, data and settings of one training run.

    Args:
        name: as the tables show it.
        model: a name of `list_models()`.
        data: a name of `list_data()`, or a path of the user's.
        epochs: passes over the training samples.
        batch_size: samples per step.
        optimizer: a Keras optimizer's name.
        learning_rate: at the start.
        schedule: "constant", or "cosine": falls to zero along half a cosine over the whole run
            (Loshchilov and Hutter 2017, equation 5, without restarts).
        loss: a name that `layers.losses.get_loss` knows.
        metrics: Keras metrics' names; the first is the one that tables show.
        augment: random changes to each training image, as `load_data` takes them.
        model_config: constructor arguments in place of the variant's own.
        data_options: further arguments of `load_data`.
        clip: arguments of `callbacks.GradientClipping`, such as `{"global_norm": 1.0}`; none for no clipping.
        seed: of the weights, the order of the samples, dropout and augmentation.
        measured: what came out, if this is a recipe of the results table.

    Raises:
        ValueError: if a number is not in its range or the schedule is unknown.
    """

    name: str
    model: str
    data: str
    epochs: int
    batch_size: int = 128
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    loss: str = "cross_entropy"
    metrics: tuple[str, ...] = ("accuracy",)
    augment: Mapping[str, Any] = field(default_factory=dict)
    model_config: Mapping[str, Any] = field(default_factory=dict)
    data_options: Mapping[str, Any] = field(default_factory=dict)
    clip: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    measured: Measured | None = None

    def __post_init__(self):
        for argument, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            if getattr(self, argument) < least:
                raise ValueError(f"{argument} must be at least {least}; got {getattr(self, argument)}.")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be a positive number; got {self.learning_rate}.")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}; got {self.schedule!r}.")

    def settings(self) -> dict[str, Any]:
        """The recipe as plain values for `config.json`, without what was measured."""
        values = asdict(self)
        del values["measured"]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
