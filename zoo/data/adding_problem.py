"""The adding problem: two of T numbers are marked, far apart; what is their sum?

    x[t] = (u[t], m[t]),   u[t] uniform in (0, 1],   m = 1 at i and at j, else 0
    y = u[i] + u[j],       i uniform in [0, T/2),  j uniform in [T/2, T)

A model that remembers nothing does best by always saying 1, the mean, and is off by the variance of a sum of two
uniform numbers, 2 / 12: a mean squared error of 1/6 = 0.1667. To be below it, a network must carry the first number
over T/2 steps on average while it ignores all that are not marked. Neither inputs nor targets are standardised, so that
errors read as in the papers.

Reference:
    S. Hochreiter and J. Schmidhuber (1997), Long Short-Term Memory, section 5.4; here with the range and the target of
    Q. V. Le, N. Jaitly and G. E. Hinton (2015), A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units, section 4.1 (whose 0.1767 for the constant 1 is a slip), and one marked number in either half, as in
    M. Arjovsky, A. Shah and Y. Bengio (2016), Unitary Evolution Recurrent Neural Networks, section 5.2.
"""

from dataclasses import replace

import numpy as np

from ..checks import whole_number
from .description import Description, Output
from .generated import LICENCE, SAMPLES, SIZES, draws
from .samples import Samples

STEPS = 200
BASELINE = 1 / 6  # mean squared error of always saying 1
SUM = Output("sum of the two marked numbers", unit="")

DESCRIPTION = Description(
    name="adding_problem",
    kind="generated",
    task="regression",
    summary="The sum of the two marked among 200 numbers; always saying 1 has a mean squared error of 0.1667.",
    input_shape=(STEPS, 2),
    classes=None,
    class_names=(),
    samples=SIZES,
    licence=LICENCE,
    source="Hochreiter and Schmidhuber (1997), Long Short-Term Memory",
    outputs=(SUM,),
    baselines={"mean_squared_error": BASELINE},
)


def marked_numbers(samples: int, steps: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and sums.

    Args:
        samples: N.
        steps: T, at least 2.
        generator: of the draws.

    Returns:
        x, float32, shape `(N, T, 2)`, and y, float32, shape `(N, 1)`.
    """
    numbers = 1 - generator.random((samples, steps))  # (N, T), never 0, which would be padding
    half = steps // 2
    places = np.stack([generator.integers(0, half, samples), generator.integers(half, steps, samples)], axis=1)
    marks = np.zeros((samples, steps))
    np.put_along_axis(marks, places, 1, axis=1)
    sums = np.take_along_axis(numbers, places, axis=1).sum(axis=1, keepdims=True)  # (N, 1)
    return np.stack([numbers, marks], axis=2).astype("float32"), sums.astype("float32")


def load(*, steps: int = STEPS, samples: int = SAMPLES, data_seed: int = 0) -> Samples:
    """The adding problem.

    Args:
        steps: T, the length of every sequence, at least 2; the papers' are 100 to 750.
        samples: of the training part, at least 10; a tenth as many validate, and test.
        data_seed: of the numbers, apart from the training seed.

    Example:
        >>> x, y = load(steps=5, samples=10).parts["train"]
        >>> bool(np.allclose((x[..., 0] * x[..., 1]).sum(axis=1), y[:, 0]))
        True
    """
    whole_number("steps", steps, least=2)
    parts = {part: marked_numbers(count, steps, rng) for part, count, rng in draws(samples, data_seed)}
    summary = DESCRIPTION.summary.replace("200", str(steps))
    return Samples(
        parts,
        replace(DESCRIPTION, input_shape=(steps, 2), summary=summary),
        baselines={"always 1": np.ones_like(parts["test"][1])},
    )
