"""What a recipe is: everything that is needed to repeat a result, and the result."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from ..checks import check_number, check_regularization, check_schedule

# What a recipe says in place of data that are a user's own file or folder -> what that holds, as
# `data.catalogue.kind_of_file` calls it.
YOUR_OWN = {
    "YOUR-TEXT": "text_file",
    "YOUR-NAMES": "text_folder",
    "YOUR-PAIRS": "sentence_pairs",
    "YOUR-SENTENCES": "labelled_sentences",
    "YOUR-SERIES": "csv_series",
    "YOUR-DRIVE": "drive_folder",
}


@dataclass(frozen=True)
class Measured:
    """A result as it was measured.

    Args:
        metric: what was measured on the test samples, such as "accuracy".
        mean: over the runs.
        spread: the sample standard deviation over the runs; None of a single run, which takes long.
        runs: how many, and what differs between them: "3 seeds", "5 folds".
        command: the line that gives these figures.
        unit: of mean and spread, such as "nats a character"; none of a share, such as an accuracy.
    """

    metric: str
    mean: float
    spread: float | None
    runs: str
    command: str
    unit: str = ""


@dataclass(frozen=True)
class Recipe:
    """Model, data and settings of one training run.

    Args:
        name: as the tables show it.
        model: a name of `list_models()`.
        data: a name of `list_data()`, a path of the user's, or one of `YOUR_OWN`, for any file of that kind.
        epochs: passes over the training samples.
        batch_size: samples per step.
        optimizer: a Keras optimizer's name.
        learning_rate: at the start, or behind the warm-up.
        schedule: "constant"; "cosine", which falls to zero along half a cosine over the whole run (Loshchilov and
            Hutter 2017, equation 5, without restarts); or "steps".
        schedule_options: of "steps": `at`, the epochs after which the rate falls, and `factor`, by which (0.1).
        warmup: epochs, or a fraction of one, in which the rate rises to its full height.
        weight_decay: of the kind that belongs to the optimizer: for SGD and its momentum the papers', which is in the
            gradient; see `engine/weight_decay.py`. None, the default, is Keras's: 0.004 for AdamW, else none.
        weight_decay_on: "all" weights, or "kernels": matrices, filters and embeddings.
        label_smoothing: share of a target's weight that is spread over all classes, in [0, 1), for cross_entropy.
        ema: momentum of a moving average of the weights, in [0, 1), such as 0.999; the averages are what is validated,
            tested and saved. 0 for none.
        start: preset, run folder, `.keras` file, or file of `keras.applications`' weights, whose features the model
            begins with; see `zoo/transfer_learning.py`. The head too, if it learned from the same data.
        freeze: whether the features keep their weights, so that only the head learns.
        rate_decay: by which the learning rate is smaller with every layer, or stage, towards the input; in (0, 1].
        loss: a name that `layers.losses.get_loss` knows.
        metrics: Keras metrics' names; the first is the one that tables show.
        augment: random changes to the training images, and mixup, as `load_data` takes them.
        model_config: constructor arguments in place of the variant's own.
        data_options: further arguments of `load_data`.
        clip: arguments of `callbacks.GradientClipping`, such as `{"global_norm": 1.0}`; none for no clipping.
        pretrain: options of the model's `pretrain` method, such as `{"epochs": 20}`, which is called with the training
            samples, and without their labels, before the fit; none for no pre-training.
        seed: of the weights, the order of the samples, dropout and augmentation.
        measured: what came out, if this is a recipe of the results table.

    Raises:
        ValueError: if a number is not in its range, the schedule is unknown, or settings do not go together.
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
    pretrain: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    warmup: float = 0.0
    weight_decay: float | None = None
    weight_decay_on: str = "all"
    label_smoothing: float = 0.0
    ema: float = 0.0
    start: str | None = None
    freeze: bool = False
    rate_decay: float = 1.0
    measured: Measured | None = None

    def __post_init__(self):
        for argument, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            if getattr(self, argument) < least:
                raise ValueError(f"{argument} must be at least {least}; got {getattr(self, argument)}.")
        check_number("learning_rate", self.learning_rate, "(0, inf)")
        check_schedule(self.schedule, self.schedule_options, self.warmup, self.epochs)
        check_regularization(self)

    def settings(self) -> dict[str, Any]:
        """The recipe as plain values for `config.json`, without what was measured."""
        values = asdict(self)
        del values["measured"]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def complete_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as an earlier version wrote them into `config.json`, with the defaults of those that it did not know.

    Example:
        >>> complete_settings({"model": "mlp"})["label_smoothing"]
        0.0
    """
    known = {one.name: one.default for one in fields(Recipe) if one.default is not MISSING}
    known |= {one.name: one.default_factory() for one in fields(Recipe) if one.default_factory is not MISSING}
    del known["measured"]
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in known.items()}
    return {**values, **settings}
