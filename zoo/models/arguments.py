"""Checks of what models are given, with messages that say what is possible."""

from collections.abc import Iterable
from typing import Any

from ..checks import check_number, whole_number


def whole_numbers(argument: str, values: Any, least: int, count: int | None = None) -> tuple[int, ...]:
    """`values` as a tuple of ints of at least `least`, `count` of them if that is given.

    Raises:
        ValueError: otherwise.
    """
    wanted = f"a tuple of {'whole numbers' if count is None else f'{count} whole numbers'} of at least {least}"
    if not isinstance(values, Iterable) or isinstance(values, str | bytes):
        raise ValueError(f"{argument} must be {wanted}; got {values!r}.")
    values = tuple(values)
    if count not in (None, len(values)):
        raise ValueError(f"{argument} must be {wanted}; got {values!r}.")
    return tuple(whole_number(f"every part of {argument}={values!r}", value, least) for value in values)


def sample_shape(shape: Any) -> tuple[int, ...]:
    """`shape` as the shape of one sample, of one axis or more.

    Raises:
        ValueError: if it is none.
    """
    checked = whole_numbers("input_shape", shape, least=1)
    if not checked:
        raise ValueError("input_shape must have at least one axis, such as (784,); got ().")
    return checked


def image_shape(model: str, shape: Any, smallest: int = 1) -> tuple[int, int, int]:
    """`shape` as (height, width, channels), if the images are large enough for `model`.

    Raises:
        ValueError: otherwise.

    Example:
        >>> image_shape("LeNet5", (8, 8, 1), smallest=12)
        Traceback (most recent call last):
        ValueError: LeNet5 needs images of at least 12x12 pixels; got input_shape=(8, 8, 1).
    """
    try:
        height, width, channels = whole_numbers("input_shape", shape, least=1, count=3)
    except ValueError as error:
        raise ValueError(f"{model} takes images, input_shape=(height, width, channels): {error}") from None
    if min(height, width) < smallest:
        raise ValueError(
            f"{model} needs images of at least {smallest}x{smallest} pixels; got input_shape={tuple(shape)}."
        )
    return height, width, channels


def clip_shape(model: str, shape: Any, frames: int, smallest: int) -> tuple[int, int, int, int]:
    """`shape` as (frames, height, width, channels), if the frames are many and large enough for `model`.

    Raises:
        ValueError: otherwise.

    Example:
        >>> clip_shape("Conv3DNet", (5, 66, 200, 3), frames=9, smallest=61)
        Traceback (most recent call last):
        ValueError: Conv3DNet needs at least 9 frames of at least 61x61 pixels; got input_shape=(5, 66, 200, 3).
    """
    try:
        count, height, width, channels = whole_numbers("input_shape", shape, least=1, count=4)
    except ValueError as error:
        raise ValueError(
            f"{model} takes sequences of frames, input_shape=(frames, height, width, channels): {error}"
        ) from None
    if count < frames or min(height, width) < smallest:
        raise ValueError(
            f"{model} needs at least {frames} frame{'s' if frames > 1 else ''} of at least {smallest}x{smallest} "
            f"pixels; got input_shape={tuple(shape)}."
        )
    return count, height, width, channels


def sequence_shape(model: str, shape: Any, tokens: int | None) -> tuple[int | None, ...]:
    """`shape` as (steps,) of tokens, or (steps, features) of vectors; steps may be None, any number of them.

    Args:
        model: in words.
        shape: to be checked.
        tokens: number of different tokens; None for vectors.

    Raises:
        ValueError: if it is none.

    Example:
        >>> sequence_shape("SequenceTagger", (None, 3), tokens=None)
        (None, 3)
    """
    axes, other = (
        ("steps,", "vectors give tokens=None") if tokens else ("steps, features", "tokens say how many, tokens=")
    )
    wanted = f"{model} takes {'tokens' if tokens else 'sequences of vectors'}, input_shape=({axes}), steps None where "
    wanted += "lengths differ"
    sizes = tuple(shape) if isinstance(shape, Iterable) and not isinstance(shape, str | bytes) else ()
    if len(sizes) != (1 if tokens else 2):
        raise ValueError(f"{wanted}; got input_shape={shape!r}. For {other}.")
    try:
        known = whole_numbers("input_shape", sizes[1:] if sizes[0] is None else sizes, least=1)
    except ValueError as error:
        raise ValueError(f"{wanted}: {error}") from None
    return (None, *known) if sizes[0] is None else known


def share(argument: str, value: Any) -> float:
    """`value` as a float in [0, 1), such as the share of units that dropout leaves out.

    Raises:
        ValueError: otherwise.
    """
    return check_number(argument, value, "[0, 1)")
