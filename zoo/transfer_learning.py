"""Transfer learning: what one net has learned to see is where another begins (Yosinski et al. 2014).

    take_features    a net begins with another's weights, all but those of its head, the last layer
    freeze           layers keep their weights while the others learn
    unfreeze         they learn again
    learning_rates   a factor for each layer's rate, smaller towards the input (Howard & Ruder 2018)
    transfer         the first two in one call

A frozen layer of batch normalisation works with its running statistics, as in inference.

Reference:
    Yosinski et al. (2014), "How transferable are features in deep neural networks?"; Howard & Ruder (2018), "Universal
    Language Model Fine-tuning for Text Classification", section 3.2.
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import keras

from .checks import check_number
from .engine.opening import open_model
from .errors import unknown_name
from .models.base import ZooModel


def transfer(source: keras.Model | Path | str, *, freeze_features: bool = False, **overrides: Any) -> ZooModel:
    """A new model with a trained one's features and a head of its own.

    Args:
        source: a zoo model; or the name of a preset, a run folder or a `.keras` file of one.
        freeze_features: whether only the head learns, until `unfreeze`.
        **overrides: constructor arguments that differ from the source's: `classes`, `input_shape`, `dropout`, `name`,
            ...

    Returns:
        The model, not compiled.

    Raises:
        ValueError: if the source is no zoo model, or its weights do not fit.
        TypeError: for an argument that the model does not take; names the nearest.

    Example:
        >>> model = transfer("lenet5_mnist", classes=26, freeze_features=True)
        >>> [weight.path for weight in model.trainable_variables]
        ['logits/kernel', 'logits/bias']
    """
    source = source if isinstance(source, keras.Model) else open_model(source).model
    _check_zoo_model(source)
    config = {key: value for key, value in source.get_config().items() if key not in ("trainable", "frozen")}
    model = type(source)(**{**config, **overrides})
    take_features(model, source)
    if freeze_features:
        freeze(model)
    return model


def head_of(model: keras.Model) -> keras.layers.Layer:
    """The last layer that learns, which turns features into answers; the layers before it find the features.

    What stands behind it has nothing to learn: the shape of an image, or LeNet-5's fixed codes of 1998.

    Raises:
        ValueError: if there is none, or it is a network of its own, as in a DCGAN.

    Example:
        >>> from .registry import create_model
        >>> head_of(create_model("autoencoder")).name
        'logits'
    """
    learning = [layer for layer in model.layers if layer.trainable_variables or (layer.weights and not layer.trainable)]
    if not learning or isinstance(learning[-1], keras.Model):
        raise ValueError(
            f"{model.name} has no layer that turns features into answers: name the layers that are meant, or take all "
            "weights (head=True)."
        )
    return learning[-1]


def _features(model: keras.Model) -> list[keras.layers.Layer]:
    return model.layers[: model.layers.index(head_of(model))]


def take_features(model: keras.Model, source: keras.Model, head: bool = False) -> list[str]:
    """Copies the weights of the layers that both models have, by their names.

    Args:
        model: that begins with them; all its layers with weights, but its head, must be the source's too.
        source: that has learned them.
        head: whether the head's weights are taken as well.

    Returns:
        The names of the layers whose weights were taken.

    Raises:
        ValueError: if a layer is not in the source, or its weights have other shapes there; then nothing is changed.

    Example:
        >>> from .registry import create_model
        >>> take_features(create_model("mlp", classes=26), create_model("mlp"))
        ['hidden1', 'hidden2']
    """
    theirs = {layer.name: layer for layer in source.layers}
    taken = [layer for layer in (model.layers if head else _features(model)) if layer.weights]
    for layer in taken:
        _check_fits(layer, theirs.get(layer.name), source)
    for layer in taken:
        layer.set_weights(theirs[layer.name].get_weights())
    return [layer.name for layer in taken]


def _check_fits(layer: keras.layers.Layer, other: keras.layers.Layer | None, source: keras.Model) -> None:
    if other is None:
        raise ValueError(
            f"{source.name} has no layer {layer.name}: features can be taken from a model of the same kind. It has: "
            f"{', '.join(one.name for one in source.layers if one.weights)}."
        )
    ours, theirs = ([tuple(weight.shape) for weight in one.weights] for one in (layer, other))
    if ours != theirs:
        raise ValueError(
            f"the weights of {layer.name} have the shapes {theirs} in the model that has learned ({source.name}), and "
            f"{ours} in the one that is to begin with them: both must take images of as many channels and, where an "
            "image is flattened, of one size; other arguments must be alike too."
        )


# === Freezing ===
def freeze(model: keras.Model, *patterns: str) -> list[str]:
    """Lets layers keep their weights in training; compile the model afterwards.

    Args:
        model: whose layers they are.
        *patterns: names of layers or shell patterns, such as "stage2_*"; without any, all layers before the head.

    Returns:
        The names of the layers with weights that are frozen now.

    Raises:
        ValueError: if no layer fits a pattern, with the nearest names; or, without patterns, as `head_of`.

    Example:
        >>> from .registry import create_model
        >>> freeze(create_model("lenet5"), "conv*")
        ['conv1', 'conv2']
    """
    for layer in _layers(model, patterns):
        layer.trainable = False
    return [layer.name for layer in model.layers if layer.weights and not layer.trainable]


def unfreeze(model: keras.Model, *patterns: str) -> list[str]:
    """Lets layers learn again; compile the model afterwards.

    Args:
        model: whose layers they are.
        *patterns: as `freeze` takes them; without any, all layers.

    Returns:
        The names of the layers that learn now.

    Raises:
        ValueError: as `freeze`.
    """
    chosen = _layers(model, patterns) if patterns else model.layers
    for layer in chosen:
        layer.trainable = True
    return [layer.name for layer in model.layers if layer.trainable_variables]


def _layers(model: keras.Model, patterns: tuple[str, ...]) -> list[keras.layers.Layer]:
    """The layers that fit the patterns; without any, those before the head."""
    if not patterns:
        return _features(model)
    names = [layer.name for layer in model.layers if layer.weights]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise unknown_name(f"layer of {model.name}", pattern, names)
    return [layer for layer in model.layers if any(fnmatchcase(layer.name, pattern) for pattern in patterns)]


# === Rates ===
def learning_rates(model: keras.Model, decay: float) -> dict[str, float]:
    """A factor for each layer's learning rate: 1 for the head, and `decay` times smaller with every step inwards.

        eta_g = eta decay^(G - g)        for group g of G

    A group is a layer with all that goes with it, such as its normalisation and its activation; the blocks of a stage
    are one group, and so are the mean and the variance of a Gaussian code.

    Args:
        model: whose layers they are.
        decay: in (0, 1]; Howard & Ruder take 1 / 2.6.

    Returns:
        The factors by the layers' names, as `get_optimizer(..., rates=...)` takes them.

    Raises:
        ValueError: if `decay` is not in (0, 1], or the model consists of models, whose layers have no names here.

    Example:
        >>> from .registry import create_model
        >>> learning_rates(create_model("mlp"), decay=0.5)
        {'hidden1': 0.25, 'hidden2': 0.5, 'logits': 1.0}
    """
    check_number("decay", decay, "(0, 1]")
    if inner := [layer.name for layer in model.layers if layer.weights and isinstance(layer, keras.Model)]:
        raise ValueError(f"{', '.join(inner)} in {model.name}: learning_rates is for layers, not for models in one.")
    group_of: dict[str, str] = {}
    last = ""
    for layer in model.layers:
        if layer.weights:
            belongs_to_the_last = layer.name == "log_variance" or isinstance(layer, keras.layers.PReLU)
            last = last if last and belongs_to_the_last else layer.name.partition("_")[0]
            group_of[layer.name] = last
    groups = list(dict.fromkeys(group_of.values()))
    factors = {group: decay ** (len(groups) - 1 - number) for number, group in enumerate(groups)}
    return {name: factors[group] for name, group in group_of.items()}


def _check_zoo_model(source: Any) -> None:
    if not isinstance(source, ZooModel):
        raise ValueError(
            f"features are taken from a model of the zoo; got {source!r}. (take_features copies weights between any "
            "two Keras models with the same layers.)"
        )
