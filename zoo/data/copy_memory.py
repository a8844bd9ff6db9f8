"""The copy task: ten symbols, then T blanks, then, when asked, the ten symbols again.

    step     0 ... 9       10 ... T+8     T+9    T+10 ... T+19
    input    s_1 ... s_10  blank          go     blank
    target   blank         blank          blank  s_1 ... s_10       s uniform among 8 symbols

A model that remembers nothing can say the blanks, and for the ten symbols no better than one in eight: a cross-entropy
of 10 log 8 / (T + 20) nats a step, 0.297 for T = 50, and an accuracy of (T + 10 + 10/8) / (T + 20).

Reference:
    S. Hochreiter and J. Schmidhuber (1997), Long Short-Term Memory, where the idea is from; this form is that of
    M. Arjovsky, A. Shah and Y. Bengio (2016), Unitary Evolution Recurrent Neural Networks, section 5.1.
"""

from dataclasses import replace

import numpy as np

from ..checks import whole_number
from .description import Description
from .generated import LICENCE, SAMPLES, SIZES, draws
from .samples import Samples

STEPS = 50  # T
COPIED, SYMBOLS = 10, 8
BLANK, GO = SYMBOLS + 1, SYMBOLS + 2  # tokens; the symbols are 1 to 8, and there is no padding
NO_SYMBOL = 0  # the class of all other steps; those of the symbols are 1 to 8


def baseline(steps: int) -> dict[str, float]:
    """Figures of a model without memory, by metric.

    Example:
        >>> {name: round(value, 4) for name, value in baseline(50).items()}
        {'nats': 0.2971, 'token_accuracy': 0.875}
    """
    length = steps + 2 * COPIED
    return {
        "nats": float(COPIED * np.log(SYMBOLS) / length),
        "token_accuracy": (length - COPIED + COPIED / SYMBOLS) / length,
    }


def _summary(steps: int) -> str:
    found = baseline(steps)["nats"]
    return f"Ten symbols to be said again after {steps} blank steps; without memory {found:.4f} nats a step."


DESCRIPTION = Description(
    name="copy_memory",
    kind="generated",
    task="tagging",
    summary=_summary(STEPS),
    input_shape=(STEPS + 2 * COPIED,),
    classes=SYMBOLS + 1,
    class_names=("blank", *map(str, range(1, SYMBOLS + 1))),
    samples=SIZES,
    licence=LICENCE,
    source="Arjovsky, Shah and Bengio (2016), Unitary Evolution Recurrent Neural Networks",
    input_tokens=GO + 1,
    baselines=baseline(STEPS),
)


def copied_symbols(samples: int, steps: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and what is to be said at each step.

    Args:
        samples: N.
        steps: T, at least 1.
        generator: of the symbols.

    Returns:
        x, tokens from 1 to 10, and y, classes from 0 to 8; both int32, shape `(N, T + 20)`.
    """
    symbols = generator.integers(1, SYMBOLS + 1, (samples, COPIED))
    shown = np.full((samples, steps + 2 * COPIED), BLANK, "int32")  # (N, T + 20)
    said = np.full_like(shown, NO_SYMBOL)
    shown[:, :COPIED] = said[:, -COPIED:] = symbols
    shown[:, -COPIED - 1] = GO
    return shown, said


def load(*, steps: int = STEPS, samples: int = SAMPLES, data_seed: int = 0) -> Samples:
    """The copy task.

    Args:
        steps: T, between the last symbol and the first of its copy, at least 1; the papers' are 100 to 2 000.
        samples: of the training part, at least 10; a tenth as many validate, and test.
        data_seed: of the symbols, apart from the training seed.

    Example:
        >>> x, y = load(steps=3, samples=10).parts["test"]
        >>> x[0].tolist(), y[0].tolist()  # doctest: +NORMALIZE_WHITESPACE
        ([6, 7, 4, 1, 8, 5, 2, 6, 5, 2, 9, 9, 10, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
         [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 7, 4, 1, 8, 5, 2, 6, 5, 2])
    """
    whole_number("steps", steps, least=1)
    parts = {part: copied_symbols(count, steps, rng) for part, count, rng in draws(samples, data_seed)}
    known = replace(DESCRIPTION, input_shape=(steps + 2 * COPIED,), summary=_summary(steps), baselines=baseline(steps))
    return Samples(parts, known)
