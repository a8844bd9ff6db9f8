"""The sources by name, and what is known about each without loading it."""

import importlib
from collections.abc import Callable

from ..errors import unknown_name
from .description import Description

# name -> the file that loads it; each has DESCRIPTION (or DESCRIPTIONS, by name) and load().
_FILES = {
    "digits": "digits",
}


def describe(name: str) -> Description:
    """What is known about a set of data before it is loaded.

    Raises:
        ValueError: if there is none of that name; names the nearest.

    Example:
        >>> describe("digits").input_shape
        (28, 28, 1)
    """
    if name not in _FILES:
        raise unknown_name("data set", name, _FILES)
    source = _source(name)
    return source.DESCRIPTIONS[name] if hasattr(source, "DESCRIPTIONS") else source.DESCRIPTION


def loader(name: str) -> Callable:
    """The function that loads a set of data."""
    describe(name)
    return _source(name).load


def _source(name: str):
    return importlib.import_module(f".{_FILES[name]}", __package__)


def list_data() -> list[Description]:
    """What is known about every set of data, from stored descriptions; loads nothing.

    Example:
        >>> list_data()[0].name
        'digits'
    """
    return [describe(name) for name in _FILES]
