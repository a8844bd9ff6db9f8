"""Optimizers made like others, built for other variables, and put in a model's place."""

import copy
from typing import Any

import keras

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


def refuse_what_copies_cannot_have(model: keras.Model) -> None:
    """Refuses models whose steps would not train a copy in the model's place.

    Raises:
        ValueError: says what is in the way.
    """
    others = [
        name
        for name, value in vars(model).items()
        if isinstance(value, keras.optimizers.Optimizer) and value is not model.optimizer
    ]
    if others:
        raise ValueError(
            f"{type(model).__name__} keeps other optimizers beside model.optimizer ({', '.join(others)}): which "
            "of them is to be compared cannot be known. Let train_step use self.optimizer alone."
        )
    if model.optimizer is not None and "_get_current_learning_rate" in vars(leaf_optimizer(model.optimizer)):
        raise ValueError("another callback sets the learning rate in every step: find the rates first, then compare.")
    methods = {"train_step": type(model).train_step, "test_step": type(model).test_step}
    methods |= {f"{layer.name}.call": type(layer).call for layer in model._flatten_layers() if hasattr(layer, "call")}
    for name, method in methods.items():
        if hasattr(method, "get_concrete_function"):
            raise ValueError(
                f"{name} is a tf.function, which keeps to the variables of its first trace. Leave that out: "
                "model.fit compiles it anyway."
            )
