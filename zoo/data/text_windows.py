"""A running text as samples for a language model: windows of tokens, and the tokens that come next.

    text    t0 t1 t2 t3 t4 t5 t6 ...
    x       t0 t1 t2 | t3 t4 t5 | ...        W = 3
    y       t1 t2 t3 | t4 t5 t6 | ...

The parts follow one another in the text: no token that is predicted to validate or to test is in a training window.

Shapes:
    N  number of windows
    W  tokens of a training window
    E  tokens of a window to evaluate on
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .description import Description
from .samples import Samples
from .splits import check_share
from .token_arrays import check_option, make_tokenizer

TEST_SHARE = 0.1  # of a text, where nobody has set a test part aside
_PURPOSE = {"train": "train on", "validation": "validate on", "test": "test on"}


def split_text(text: str, validation_share: float) -> dict[str, str]:
    """The parts of a text in its order: to train, then to validate, the last tenth to test.

    Args:
        text: the whole.
        validation_share: share of it, in [0, 0.9).

    Raises:
        ValueError: if nothing would be left to train on.

    Example:
        >>> split_text("0123456789", validation_share=0.2)
        {'train': '0123456', 'validation': '78', 'test': '9'}
    """
    check_share(validation_share)
    if validation_share + TEST_SHARE >= 1:
        raise ValueError(
            f"validation_share={validation_share:g} leaves nothing to train on beside the tenth of the text to test on."
        )
    test = len(text) - round(TEST_SHARE * len(text))
    validation = test - round(validation_share * len(text))
    return {"train": text[:validation], "validation": text[validation:test], "test": text[test:]}


def training_windows(ids: np.ndarray, window: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows that begin every `stride` tokens; what is left at the end and fills none is left out.

    Args:
        ids: of the text, shape `(n,)`.
        window: W.
        stride: as `window`, every token is predicted once an epoch; less shows it in several places.

    Returns:
        x and y, int32, shape `(N, W)`.

    Example:
        >>> x, y = training_windows(np.arange(8), window=3, stride=3)
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
    """
    both = np.lib.stride_tricks.sliding_window_view(np.asarray(ids, "int32"), window + 1)[::stride]  # (N, W + 1)
    return both[:, :-1].copy(), both[:, 1:].copy()


def evaluation_windows(ids: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows side by side; the last one is padded with zeros. Every token but the first is predicted exactly once.

    Args:
        ids: of the text, shape `(n,)`.
        window: E, if the text is as long.

    Returns:
        x and y, int32, shape `(N, E)`.

    Example:
        >>> x, y = evaluation_windows(np.arange(1, 7), window=3)
        >>> x.tolist(), y.tolist()
        ([[1, 2, 3], [4, 5, 0]], [[2, 3, 4], [5, 6, 0]])
    """
    window = min(window, len(ids) - 1)
    rows = -(-(len(ids) - 1) // window)
    x, y = np.zeros((2, rows * window), "int32")
    x[: len(ids) - 1], y[: len(ids) - 1] = ids[:-1], ids[1:]
    return x.reshape(rows, window), y.reshape(rows, window)


def language_samples(
    texts: Mapping[str, str],
    description: Description,
    level: str = "characters",
    window: int = 128,
    stride: int | None = None,
    evaluation_window: int = 512,
    vocabulary: int | None = None,
) -> Samples:
    """The parts of a text as samples; the vocabulary is that of the training part.

    Args:
        texts: "train", "validation" and "test"; an empty one has no samples.
        description: of the source; classes, tokens and tokenizers are filled in.
        level: "characters", "words" or "byte_pairs".
        window: W, tokens that are predicted from at most W - 1 before them, at least 2.
        stride: tokens between the beginnings of training windows; W by default.
        evaluation_window: E. Longer than W, so that few tokens are predicted with little before them.
        vocabulary: words that are kept, or the number of byte pairs; see `make_tokenizer`.

    Raises:
        ValueError: if an option makes no sense, or a part is shorter than it needs to be.
    """
    check_option("window", window, 2)
    stride = check_option("stride", window if stride is None else stride)
    check_option("evaluation_window", evaluation_window, 2)
    tokenizer = make_tokenizer(level, [texts["train"]], vocabulary)
    parts = {}
    for part, text in texts.items():
        ids = np.array(tokenizer.encode(text), "int32")
        least = window + 1 if part == "train" else 2
        if len(ids) < least and (text or part == "train"):
            raise ValueError(
                f"{description.name}: the text to {_PURPOSE[part]} has {len(ids)} {level.replace('_', ' ')}, and needs "
                f"{least}, a window and one more. Give a longer text or a smaller window (--data-option window=16)."
            )
        if part == "train":
            parts[part] = training_windows(ids, window, stride)
        else:
            empty = np.zeros((0, 1), "int32")
            parts[part] = evaluation_windows(ids, evaluation_window) if len(ids) else (empty, empty)
    size = tokenizer.size
    known = replace(description, input_shape=(None,), classes=size, input_tokens=size, input_tokenizer=tokenizer)
    return Samples(parts, known)
