"""What `gradschool bench` measures: one case for each model, with its goals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import unknown_name
from ..registry import create_model, model_entry

GRADSCHOOL, KERAS, TORCH, TORCH_CHANNELS_LAST = "gradschool", "keras", "torch", "torch channels_last"
KERAS_APPLICATIONS = "keras.applications"


@dataclass(frozen=True)
class BenchCase:
    """One model and how its training is measured; the optimizer is Adam, everything else a default.

    Args:
        model: its name in the registry.
        input_shape: shape of one sample.
        classes: how many the targets are drawn from.
        batch: samples per step.
        steps: per epoch; one round is a whole number of epochs, so that what an epoch costs besides its steps counts.
        goals: how many times faster than a contender the zoo's `fit` is to be, where there is a goal.
        contenders: who takes part, the zoo's own `fit` first.
        tokens: inputs are whole numbers below `classes`, with a target at every place, instead of values in [0, 1)
            with a class for each sample.
        learning_rate: Adam's.
        loss: by its name in `layers/losses.py`.
        config: constructor arguments in place of the model's own.
        multiply_adds: of one sample, forward, in that size; None for the registry's.
        with_callbacks: whether `--callbacks` measures it where no model is named.
    """

    model: str
    input_shape: tuple[int, ...]
    classes: int
    batch: int
    steps: int
    goals: Mapping[str, float]
    contenders: tuple[str, ...] = (GRADSCHOOL, KERAS, TORCH)
    tokens: bool = False
    learning_rate: float = 1e-3
    loss: str = "cross_entropy"
    config: Mapping[str, Any] = field(default_factory=dict)
    multiply_adds: int | None = None
    with_callbacks: bool = True

    def make_model(self):
        """The zoo's model, in the case's size; imports Keras."""
        return create_model(self.model, **self.config)

    @property
    def gflop_per_step(self) -> float:
        """Floating-point operations of a training step, in thousand millions."""
        return 3 * 2 * (self.multiply_adds or model_entry(self.model).multiply_adds) * self.batch / 1e9

    @property
    def samples(self) -> int:
        """Samples of an epoch: whole batches."""
        return self.batch * self.steps


_CASES = (
    BenchCase("mlp", (28, 28, 1), 10, batch=128, steps=468, goals={KERAS: 4.0, TORCH: 1.8}),
    BenchCase("lenet5", (28, 28, 1), 10, batch=128, steps=120, goals={KERAS: 1.7, TORCH: 1.2}),
    BenchCase(
        "resnet20",
        (32, 32, 3),
        10,
        batch=128,
        steps=12,
        goals={KERAS: 1.05, TORCH: 1.1},
        contenders=(GRADSCHOOL, KERAS, TORCH, TORCH_CHANNELS_LAST),
    ),
    BenchCase(
        "resnet50",
        (64, 64, 3),
        1000,
        batch=32,
        steps=4,
        goals={KERAS_APPLICATIONS: 1.0},
        contenders=(GRADSCHOOL, KERAS, KERAS_APPLICATIONS),
        config={"input_shape": (64, 64, 3), "stride_on": "conv1"},  # where that of keras.applications lies
        multiply_adds=316_817_408,
        with_callbacks=False,
    ),
    BenchCase(
        "char_lstm",
        (100,),
        68,
        batch=64,
        steps=8,
        goals={KERAS: 1.4, TORCH: 1.0},
        tokens=True,
        config={"tokens": 68, "units": 256},
        multiply_adds=34_508_800,  # 100 steps
        with_callbacks=False,
    ),
)
CASES = {case.model: case for case in _CASES}


def find_case(model: str) -> BenchCase:
    """The case of a model.

    Raises:
        ValueError: if there is none; names the nearest.

    Example:
        >>> find_case("lenet5").samples
        15360
    """
    if model not in CASES:
        raise unknown_name("model to bench", model, CASES)
    return CASES[model]
