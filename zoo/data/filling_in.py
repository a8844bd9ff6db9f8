"""Filling in: a missing number follows from its neighbours, the one before it and the one after it.

    shown    7  3  ?  6  1  ?  4  4
    wanted   7  3  9  6  1  5  4  4      rule "sum":     ? = before + after
    wanted   7  3  1  6  1  5  4  4      rule "modulo":  ? = (before + after) mod K, here K = 8

Every block of four steps has one gap, at its second or third place, so that both neighbours are shown; all other
numbers are uniform from 0 to K - 1. The number after a gap is then independent of everything before it, and whatever
stands before, K answers are equally likely: a model that sees only the past fills one gap in K correctly, however good
its memory. Its ceiling, over all steps, is an accuracy of 3/4 + 1/(4 K), 78.1 % for K = 8, and log(K) / 4 = 0.520 nats.

A bidirectional network sees what it needs. One layer of it adds up what the past and the future say for each number,

    logit_k = f_k(past) + g_k(future)

which is enough for a sum: -(k - before - after)^2 is 2 k before - k^2 / 2 and 2 k after - k^2 / 2, but for what is the
same for all k. It is not enough for a sum modulo K (for K = 2, the exclusive or): there a second layer, which reads
both directions, is needed.

Reference:
    M. Schuster and K. K. Paliwal (1997), Bidirectional Recurrent Neural Networks, for what the future is good for;
    A. Graves, A. Mohamed and G. Hinton (2013), Speech Recognition with Deep Recurrent Neural Networks, for stacking
    them. The task is this package's own.
"""

from dataclasses import replace

import numpy as np

from ..checks import whole_number
from ..errors import unknown_name
from .description import Description
from .generated import LICENCE, SAMPLES, SIZES, draws
from .samples import Samples

BLOCK = 4  # steps, of which one is a gap
STEPS, NUMBERS = 32, 8
RULES = ("sum", "modulo")


def baseline(numbers: int) -> dict[str, float]:
    """The ceiling of a model that sees only the past, by metric.

    Args:
        numbers: K.

    Example:
        >>> {name: round(value, 4) for name, value in baseline(8).items()}
        {'token_accuracy': 0.7812, 'nats': 0.5199}
    """
    return {"token_accuracy": (BLOCK - 1 + 1 / numbers) / BLOCK, "nats": float(np.log(numbers) / BLOCK)}


def _classes(numbers: int, rule: str) -> int:
    return numbers if rule == "modulo" else 2 * numbers - 1


def _summary(numbers: int) -> str:
    best = baseline(numbers)["token_accuracy"]
    return f"Gaps that follow from both neighbours; the past alone gives at most {best:.1%} of all numbers."


DESCRIPTION = Description(
    name="filling_in",
    kind="generated",
    task="tagging",
    summary=_summary(NUMBERS),
    input_shape=(STEPS,),
    classes=_classes(NUMBERS, "sum"),
    class_names=tuple(map(str, range(_classes(NUMBERS, "sum")))),
    samples=SIZES,
    licence=LICENCE,
    source="generated from a formula and a seed",
    input_tokens=NUMBERS + 2,
    baselines=baseline(NUMBERS),
)


def gaps_and_numbers(
    samples: int, steps: int, numbers: int, rule: str, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences with gaps, and without.

    Args:
        samples: N.
        steps: T, a multiple of 4.
        numbers: K, at least 2.
        rule: one of `RULES`.
        generator: of the draws.

    Returns:
        x, tokens: 1 + number, and K + 1 for a gap; and y, numbers from 0 to 2 K - 2, or to K - 1 modulo K. Both int32,
        shape `(N, T)`.
    """
    wanted = generator.integers(0, numbers, (samples, steps))
    gaps = np.arange(0, steps, BLOCK) + generator.integers(1, BLOCK - 1, (samples, steps // BLOCK))  # (N, T / 4)
    before, after = (np.take_along_axis(wanted, gaps + side, axis=1) for side in (-1, 1))
    shown = wanted + 1
    np.put_along_axis(shown, gaps, numbers + 1, axis=1)
    np.put_along_axis(wanted, gaps, (before + after) % _classes(numbers, rule), axis=1)
    return shown.astype("int32"), wanted.astype("int32")


def load(
    *,
    rule: str = "sum",
    steps: int = STEPS,
    numbers: int = NUMBERS,
    samples: int = SAMPLES,
    data_seed: int = 0,
) -> Samples:
    """Filling in.

    Args:
        rule: "sum", which one bidirectional layer can learn, or "modulo", which takes two.
        steps: T, the length of every sequence: a multiple of 4.
        numbers: K, how many different ones are shown, at least 2.
        samples: of the training part, at least 10; a tenth as many validate, and test.
        data_seed: of the numbers, apart from the training seed.

    Example:
        >>> x, y = load(steps=8, samples=10).parts["train"]
        >>> " ".join("?" if token == NUMBERS + 1 else str(token - 1) for token in x[0]), " ".join(map(str, y[0]))
        ('6 ? 0 2 6 5 ? 1', '6 6 0 2 6 5 6 1')
    """
    if rule not in RULES:
        raise unknown_name("rule", rule, RULES)
    if whole_number("steps", steps, least=BLOCK) % BLOCK:
        raise ValueError(f"steps must be a multiple of {BLOCK}, one gap for each {BLOCK} steps; got {steps}.")
    whole_number("numbers", numbers, least=2)
    parts = {part: gaps_and_numbers(count, steps, numbers, rule, rng) for part, count, rng in draws(samples, data_seed)}
    classes = _classes(numbers, rule)
    known = replace(
        DESCRIPTION,
        summary=_summary(numbers),
        input_shape=(steps,),
        input_tokens=numbers + 2,
        classes=classes,
        class_names=tuple(map(str, range(classes))),
        baselines=baseline(numbers),
    )
    return Samples(parts, known)
