"""Which layers a user wants to have measured."""

import fnmatch
from collections.abc import Sequence
from typing import Any

import keras

from ..diagnostic import check_patterns
from ..keras_internals import layer_tree
from .watch import layer_names


def chosen_names(model: keras.Model, wanted: Sequence[Any] | None) -> set[str]:
    """The names, as in `layer_names`, of the layers asked for, by themselves or by what they lie in.

    Args:
        model: that they belong to.
        wanted: layers' own names, paths, patterns of either, or layers; None for all.

    Raises:
        ValueError: for one that fits no layer that is trained.

    Example:
        >>> inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="deep")], name="encoder")
        >>> model = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1, name="head")])
        >>> chosen_names(model, ["deep"]), chosen_names(model, ["enc*"])
        ({'encoder/deep'}, {'encoder/deep'})
    """
    variables = model.trainable_variables
    names = layer_names(model, variables)
    if wanted is None:
        return set(names)
    known = _known_by(model, variables, names)
    chosen: set[str] = set()
    for one in wanted:
        if isinstance(one, str):
            check_patterns("layers", [one], [name for name, _ in known])
            held = {each for name, ids in known if fnmatch.fnmatch(name, one) for each in ids}
        else:
            held = {id(each) for each in getattr(one, "trainable_variables", ())}
        inside = {name for name, variable in zip(names, variables, strict=True) if id(variable) in held}
        if not inside:
            raise ValueError(f"layers: {one.name!r} has no weights that are trained in {model.name!r}.")
        chosen |= inside
    return chosen


def _known_by(model: keras.Model, variables: Sequence[Any], names: Sequence[str]) -> list[tuple[str, set[int]]]:
    """Names that a user may call layers by, each with the `id`s of the trained variables that it stands for."""
    trained = {id(one) for one in variables}
    known = [(name, {id(one)}) for name, one in zip(names, variables, strict=True)]
    known += [(name.rpartition("/")[2], ids) for name, ids in known]
    for node in layer_tree(model)[1:]:
        held = trained & {id(one) for one in getattr(node.operation, "trainable_variables", ())}
        known += [(name, held) for name in (node.path, node.operation.name) if held]
    return known
