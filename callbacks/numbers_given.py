"""Telling the numbers among what users give: those of Python, of NumPy, of any library; but no truth values."""

from numbers import Integral, Real
from typing import Any


def is_number(value: Any) -> bool:
    """Whether this is a real number.

    Example:
        >>> import numpy as np
        >>> is_number(2), is_number(np.float32(0.5)), is_number(True), is_number("2")
        (True, True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def is_whole(value: Any, least: int) -> bool:
    """Whether this is a whole number of at least `least`.

    Example:
        >>> is_whole(2, 1), is_whole(0, 1), is_whole(2.5, 1), is_whole(True, 1)
        (True, False, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
