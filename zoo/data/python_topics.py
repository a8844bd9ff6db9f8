"""A text that needs no network: the chapters on its language that come with every Python, half a million characters.

They are what `help("assignment")` shows, English prose and grammar. Another version of Python has other words here
and there: results of two versions cannot be compared to the last digit.
"""

from collections.abc import Iterator

from .description import Description
from .samples import Samples
from .text_windows import language_samples, split_text

DESCRIPTION = Description(
    name="python_topics",
    kind="embedded",
    task="language_modelling",
    summary="Python's own help on its language, half a million characters: from the characters so far to the next one.",
    input_shape=(None,),
    classes=107,
    class_names=(),
    samples={"train": 2907, "validation": 91, "test": 91},  # of Python 3.11
    licence="PSF-2.0",
    source="Python Software Foundation, The Python Language Reference; shipped with Python",
    homepage="https://docs.python.org/3/reference/",
    input_tokens=107,
)


def load(
    *,
    validation_share: float,
    level: str = "characters",
    window: int = 128,
    stride: int | None = None,
    evaluation_window: int = 512,
    vocabulary: int | None = None,
) -> Samples:
    """The chapters in the order of their names: to train, then to validate, the last tenth to test.

    Args:
        validation_share: share of the text, in [0, 0.9).
        level: as of `language_samples`.
        window: as of `language_samples`.
        stride: as of `language_samples`.
        evaluation_window: as of `language_samples`.
        vocabulary: as of `language_samples`.

    Raises:
        ValueError: if an option makes no sense.
    """
    return language_samples(
        split_text("\n\n".join(chapters()), validation_share),
        DESCRIPTION,
        level,
        window,
        stride,
        evaluation_window,
        vocabulary,
    )


def chapters() -> Iterator[str]:
    """The text of each chapter.

    Raises:
        ModuleNotFoundError: if this Python was installed without its help.
    """
    from pydoc_data.topics import topics

    return (topics[name] for name in sorted(topics))
