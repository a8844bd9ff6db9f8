"""A look at data that are texts: some samples as they read."""

from .loading import LoadedData
from .samples import rows_of

LENGTH = 300  # characters that are shown of a text


def sample_texts(data: LoadedData, count: int = 3) -> list[tuple[str, str]]:
    """Some training samples, drawn at random, the same ones every time: the input, and its class or translation.

    Args:
        data: any set of data.
        count: how many.

    Returns:
        Pairs of texts, the second "" for a language model; an empty list of data that are no texts.

    Example:
        >>> from .loading import load_data
        >>> sample_texts(load_data("digits"))
        []
    """
    known = data.description
    if known.input_tokenizer is None:
        return []
    x, y = data.some("train", count)
    pairs = []
    for row in range(len(y)):
        one = rows_of(x, row)
        shown = known.input_tokenizer.decode(one["source"] if isinstance(one, dict) else one)
        pairs.append((_short(shown), _short(_answer(known, y[row]))))
    return pairs


def _answer(known, target) -> str:
    if known.task == "language_modelling":
        return ""
    if known.task == "classification":
        return known.class_names[target] if known.class_names else str(target)
    tokenizer = known.target_tokenizer or known.input_tokenizer
    return tokenizer.decode(target)


def _short(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]} ..."
