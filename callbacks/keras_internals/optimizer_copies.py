"""Optimizers made like others, built for other variables, and put in a model's place."""

import copy
from typing import Any

import keras

from .fit_session import refuse_tf_function
from .model_parts import leaf_optimizer

_EXCLUDED, _PATTERN = "_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"


def fresh_optimizer(pattern: keras.optimizers.Optimizer, own: Any) -> keras.optimizers.Optimizer:
    """An optimizer like another, without its state, and wrapped for the scaling of losses as a model's own is.

    Args:
        pattern: to be like.
        own: the model's.

    Raises:
        ValueError: for an optimizer that cannot be made from its configuration.
    """
    try:
        optimizer = type(pattern).from_config(pattern.get_config())
    except (TypeError, NotImplementedError) as error:
        raise ValueError(
            f"{type(pattern).__name__} cannot be copied: its get_config and from_config do not go together."
        ) from error
    leaf, like = leaf_optimizer(optimizer), leaf_optimizer(pattern)
    for name in (_EXCLUDED, _PATTERN):
        if hasattr(like, name):
            setattr(leaf, name, getattr(like, name))
    return scaling_like(own, optimizer)


def scaling_like(own: Any, optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """An optimizer, wrapped for the scaling of losses if `own` is."""
    scaled = keras.optimizers.LossScaleOptimizer
    if isinstance(own, scaled) and not isinstance(optimizer, scaled):
        return scaled(optimizer, own.initial_scale, own.dynamic_growth_steps, name=own.name)
    return optimizer


def variables_without_decay(optimizer: keras.optimizers.Optimizer, variables: list[Any]) -> list[Any]:
    """The variables that were excluded from weight decay one by one, and not by their names."""
    leaf = leaf_optimizer(optimizer)
    excluded = getattr(leaf, _EXCLUDED, None) or ()
    return [one for one in variables if leaf._var_key(one) in excluded]


def build_optimizer(optimizer: keras.optimizers.Optimizer, variables: list[Any], without_decay: list[Any]) -> None:
    """Builds an optimizer for variables by whose present identities it will find what belongs to them."""
    leaf = leaf_optimizer(optimizer)
    if without_decay:
        setattr(leaf, _EXCLUDED, {leaf._var_key(one) for one in without_decay})
    optimizer.build(variables)


def give_optimizer(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Compiles the model with an optimizer, without touching anything else."""
    model.optimizer = optimizer
    model._compile_config = compiled_with(model, optimizer)


def compiled_with(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Any:
    """What a model's file says about how it was compiled, with another optimizer."""
    compiled = copy.copy(model._compile_config)
    given = compiled.config["optimizer"]  # `compile` wraps it in mixed_float16
    as_given = hasattr(given, "inner_optimizer") or not hasattr(optimizer, "inner_optimizer")
    compiled.config = {**compiled.config, "optimizer": optimizer if as_given else optimizer.inner_optimizer}
    return compiled


def refuse_stateful_layers(model: keras.Model, who: str) -> None:
    """Refuses layers with states that are none of the model's variables: they can be neither copied nor put back.

    Raises:
        ValueError: names the first one.
    """
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False) is True:
            raise ValueError(
                f"{who} cannot take part: {layer.name} keeps its states from batch to batch, apart from the model's "
                "variables. Make it with stateful=False."
            )


def other_optimizers(model: keras.Model) -> list[str]:
    """The attributes in which a model keeps optimizers beside `model.optimizer`, by name."""
    return [
        name
        for name, value in vars(model).items()
        if isinstance(value, keras.optimizers.Optimizer) and value is not model.optimizer
    ]


def refuse_what_copies_cannot_have(model: keras.Model) -> None:
    """Refuses models whose steps would not train a copy in the model's place.

    Raises:
        ValueError: says what is in the way.
    """
    others = other_optimizers(model)
    if others:
        raise ValueError(
            f"{type(model).__name__} keeps other optimizers beside model.optimizer ({', '.join(others)}): which "
            "of them is to be compared cannot be known. Let train_step use self.optimizer alone."
        )
    if model.optimizer is not None and "_get_current_learning_rate" in vars(leaf_optimizer(model.optimizer)):
        raise ValueError("another callback sets the learning rate in every step: find the rates first, then compare.")
    kind = type(model)
    methods: dict[str, Any] = {f"{kind.__name__}.{name}": getattr(kind, name) for name in ("train_step", "test_step")}
    methods |= {f"{layer.name}.call": type(layer).call for layer in model._flatten_layers() if hasattr(layer, "call")}
    for name, method in methods.items():
        refuse_tf_function(name, method)
