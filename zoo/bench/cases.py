"""What `gradschool bench` measures: one case for each model, with its goals."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import unknown_name

GRADSCHOOL, KERAS, TORCH, TORCH_CHANNELS_LAST = "gradschool", "keras", "torch", "torch channels_last"


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
