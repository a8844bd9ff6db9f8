"""Which layers a user wants to watch, and what is said where there is nothing to see."""

import fnmatch
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ..diagnostic import check_patterns
from ..keras_internals import Node
from .layers import Seen, UnitLayer

_SHOWN = 8  # layers in a sentence


def as_list(layers: Any) -> list[Any]:
    """The names, patterns or layers that were given, as a list.

    Raises:
        ValueError: if they are something else, or none.

    Example:
        >>> as_list("block_*")
        ['block_*']
    """
    given = list(layers) if isinstance(layers, list | tuple | set) else [layers]
    for one in given:
        if not isinstance(one, str | keras.Operation):
            raise ValueError(f"layers are names, patterns or Keras layers; got {one!r}.")
    if not given:
        raise ValueError("layers is empty: leave it out to watch all layers.")
    return given


def select(wanted: Sequence[Any], tree: Sequence[Node], seen: Seen) -> list[UnitLayer]:
    """Those of the layers seen that were asked for, by themselves or by what they lie in.

    Args:
        wanted: names, patterns or layers.
        tree: of the model.
        seen: in it.

    Raises:
        ValueError: if one of these names nothing (says the nearest), or nothing that can be watched.
    """
    found: set[int] = set()
    below = tree[1:]
    for one in wanted:
        fitting = [node for node in below if _fits(node, one)]
        if not fitting and isinstance(one, str):
            check_patterns("layers", [one], [name for node in below for name in _names(node)])
        if not fitting:
            raise ValueError(f"layers: {one.name!r} is no layer of the model {tree[0].path!r}.")
        inside = [each for each in seen.layers if any(_lies_in(each.node.path, node.path) for node in fitting)]
        if not inside:
            raise ValueError(f"layers: {_why_not(one, fitting[0].path, seen)}.")
        found |= {id(each) for each in inside}
    return [one for one in seen.layers if id(one) in found]


def nothing_to_track(model_name: str, seen: Seen) -> str:
    """The message for a model without units that could be dead or saturated."""
    looked = [f"{path} ({words})" for path, words in seen.others.items()]
    unseen = [f"{path} ({words})" for path, words in seen.unseen.items()]
    return (
        f"DeadUnitTracker has nothing to track in {model_name!r}: none of its layers has an activation that rectifies, "
        "such as relu, or saturates, such as tanh."
        + (f" There are {', '.join(looked[:_SHOWN])}." if looked else "")
        + (f" Not to be seen are {', '.join(unseen[:_SHOWN])}." if unseen else "")
    )


def warn_of_suspects(suspects: Mapping[str, Sequence[str]]) -> None:
    """Says, once, which functions in a user's code look like activations that cannot be seen."""
    if suspects:
        where = "; ".join(f"{', '.join(names)} in {path}" for path, names in list(suspects.items())[:_SHOWN])
        warnings.warn(
            f"DeadUnitTracker cannot see functions that a `call` of your own applies by itself: {where}. Put them into "
            "layers, such as keras.layers.Activation, to have their units counted.",
            stacklevel=2,
        )


def _fits(node: Node, wanted: Any) -> bool:
    if not isinstance(wanted, str):
        return node.operation is wanted
    return any(fnmatch.fnmatch(name, wanted) for name in _names(node))


def _names(node: Node) -> list[str]:
    return list(dict.fromkeys((node.path, node.operation.name)))


def _lies_in(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}/")


def _why_not(wanted: Any, path: str, seen: Seen) -> str:
    why = seen.unseen.get(path) or f"{seen.others.get(path, 'what it does')} neither rectifies nor saturates"
    return f"{getattr(wanted, 'name', wanted)!r} has no units that can be watched: {why}"
