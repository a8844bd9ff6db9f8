"""Temporal order: which of X and Y came first, and which second, in a long sequence of other letters?

    E ... (a, b, c or d) ... X or Y ... (a, b, c or d) ... X or Y ... (a, b, c or d) ... B

    class    0    1    2    3
    letters  XX   XY   YX   YY

Of a length drawn from T to 1.1 T, the first of the two letters stands at 0.1 T to 0.2 T, the other at
0.5 T to 0.6 T; with T = 100 this is the paper's task. The last letter is always B, so a model without memory can
only guess: one in four is right, and its cross-entropy is log 4 = 1.386 nats.

Reference:
    S. Hochreiter and J. Schmidhuber (1997), Long Short-Term Memory, section 5.6, task 6a.
"""

from dataclasses import replace

import numpy as np

from ..checks import whole_number
from .description import Description
from .generated import LICENCE, SAMPLES, SIZES, draws
from .samples import Samples

STEPS = 100  # T
LETTERS = "abcdXYEB"  # the tokens 1 to 8; 0 is padding
ORDERS = ("XX", "XY", "YX", "YY")
BASELINE = {"accuracy": 1 / len(ORDERS), "loss": float(np.log(len(ORDERS)))}
_X, _BEGIN, _END = LETTERS.index("X") + 1, LETTERS.index("E") + 1, LETTERS.index("B") + 1

DESCRIPTION = Description(
    name="temporal_order",
    kind="generated",
    task="classification",
    summary="In which order X and Y, or twice the same, stood among 100 other letters; a guess is right one time in 4.",
    input_shape=(None,),
    classes=len(ORDERS),
    class_names=ORDERS,
    samples=SIZES,
    licence=LICENCE,
    source="Hochreiter and Schmidhuber (1997), Long Short-Term Memory",
    input_tokens=len(LETTERS) + 1,
    baselines=BASELINE,
)


def orders(samples: int, steps: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sequences, classes and lengths.

    Args:
        samples: N.
        steps: T, the shortest length, at least 10.
        generator: of the draws.

    Returns:
        x, tokens, int32, shape `(N, 1.1 T)`, zeros behind the shorter ones; y, int32, shape `(N,)`; and the lengths,
        `(N,)`.
    """
    tenth, longest = steps // 10, steps + steps // 10
    lengths = generator.integers(steps, longest + 1, samples)
    letters = generator.integers(1, 5, (samples, longest))  # a, b, c, d
    first = generator.integers(tenth, 2 * tenth + 1, samples)
    second = generator.integers(5 * tenth, 6 * tenth + 1, samples)
    which = generator.integers(0, 2, (samples, 2))  # 0 for X, 1 for Y
    row = np.arange(samples)
    letters[row, first], letters[row, second] = _X + which[:, 0], _X + which[:, 1]
    letters[:, 0] = _BEGIN
    letters[row, lengths - 1] = _END
    letters[np.arange(longest) >= lengths[:, np.newaxis]] = 0
    return letters.astype("int32"), (2 * which[:, 0] + which[:, 1]).astype("int32"), lengths


def load(*, steps: int = STEPS, samples: int = SAMPLES, data_seed: int = 0) -> Samples:
    """Temporal order.

    Args:
        steps: T, the shortest length, at least 10; the longest is a tenth more.
        samples: of the training part, at least 10; a tenth as many validate, and test.
        data_seed: of the letters, apart from the training seed.

    Example:
        >>> x, y = load(steps=10, samples=10).parts["train"]
        >>> "".join(LETTERS[token - 1] for token in x[0] if token), ORDERS[y[0]]
        ('EYdabdYbccB', 'YY')
    """
    whole_number("steps", steps, least=10)
    parts, lengths = {}, {}
    for part, count, rng in draws(samples, data_seed):
        x, y, lengths[part] = orders(count, steps, rng)
        parts[part] = x, y
    return Samples(parts, replace(DESCRIPTION, summary=DESCRIPTION.summary.replace("100", str(steps))), lengths)
