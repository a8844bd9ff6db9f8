"""Greedy layer-wise pre-training (Hinton et al. 2006; Bengio et al. 2007): a deep network learns one layer at a time.

Each hidden layer is trained as the encoder of an autoencoder of what the layers below it give; no label is looked at.
Then the whole network is trained as ever ("fine-tuning"), from these weights instead of random ones.

Shapes:
    N  number of samples
    H  number of units of the layer below, and of the layer
"""

import contextlib
import inspect
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.ops import convert_to_numpy

from ..checks import check_number
from ..errors import unknown_name
from ..layers.corruption import Corruption, check_corruption
from ..layers.image_losses import PixelCrossEntropy
from .use import use_engine

_AT_ONCE = 512  # samples, when codes are computed


def pretrain_greedily(
    model: keras.Model,
    inputs: np.ndarray,
    epochs: int = 20,
    *,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    corruption: float = 0.0,
    seed: int = 0,
    tell: Callable[[str], object] = lambda _: None,
) -> list[float]:
    """Trains the hidden layers of a network, one after the other, as autoencoders.

    For each hidden layer a(W h + b), from the first:

        c = a(W h + b),   z = V c + d                 h: what the layers below give for the samples, h = x for the first
        make the cost of z against h small over W, b, V, d; keep W and b, forget V and d

    The cost is the cross-entropy of h and the logistic of z where h lies in [0, 1], as pixels and the outputs of a
    logistic do, and the squared error elsewhere.

    Args:
        model: a functional or sequential model whose `Dense` layers stand one behind the other, such as a zoo `MLP`.
            All but the last of them are trained, in place.
        inputs: array of training samples, shape `(N, ...)`.
        epochs: passes over the samples for each layer; 0 leaves everything as it is.
        batch_size: samples in a step.
        learning_rate: of Adam.
        corruption: share of h that is set to zero in training, in [0, 1): above 0 these are denoising autoencoders.
        seed: of V, the order of the samples and the corruption.
        tell: called with a line for every layer.

    Returns:
        The cost of each layer's autoencoder in its last epoch.

    Raises:
        ValueError: if the model has no hidden dense layer, or an argument is out of its range.

    Example:
        >>> from gradschool import zoo
        >>> model = zoo.MLP((4,), classes=2, hidden=(3, 3), activation="logistic")
        >>> len(pretrain_greedily(model, np.random.default_rng(0).random((64, 4)).astype("float32"), epochs=1))
        2

    Reference:
        Bengio et al. (2007), "Greedy Layer-Wise Training of Deep Networks", section 4; Vincent et al. (2010), "Stacked
        Denoising Autoencoders", section 3.4. Unlike there: Adam, and weights V of their own.
    """
    from ..models.arguments import whole_number

    epochs = whole_number("pretrain epochs", epochs, least=0)
    batch_size = whole_number("pretrain batch_size", batch_size, least=1)
    check_number("pretrain learning_rate", learning_rate, "(0, inf)")
    check_corruption("masking", corruption)
    hidden = hidden_layers(model)
    costs = []
    for number, layer in enumerate(hidden if epochs else (), start=1):
        h = _answers(keras.Model(model.inputs[0], layer.input), inputs)  # (N, H)
        with _scope(model):
            autoencoder = _autoencoder_of(model, layer, h.shape[-1], corruption, seed + number)
            autoencoder.compile(keras.optimizers.Adam(learning_rate), _cost(h))
        fitted = autoencoder.fit(_batches(h, batch_size, seed + number), epochs=epochs, shuffle=False, verbose=0)
        for one in _with_activation(model, layer):
            one.set_weights([convert_to_numpy(weight) for weight in autoencoder.get_layer(one.name).weights])
        costs.append(fitted.history["loss"][-1])
        tell(f"pre-trained layer {number} of {len(hidden)}, {layer.name}: cost {costs[-1]:.4g}")
    return costs


def hidden_layers(model: keras.Model) -> list[keras.layers.Dense]:
    """The dense layers of a model, but for the last, which answers.

    Raises:
        ValueError: if there is none.
    """
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) < 2:
        raise ValueError(f"{model.name} has no hidden dense layer that could be pre-trained greedily.")
    return dense[:-1]


def _autoencoder_of(model, layer, size: int, corruption: float, seed: int) -> keras.Model:
    """The chain h -> a(W h + b) -> z, from the weights that the layer has now; in float32 under every policy."""
    dtype = "float64" if layer.compute_dtype == "float64" else "float32"
    codes = keras.Input((size,), dtype=dtype)
    x = Corruption("masking", corruption, seed, dtype=dtype)(codes) if corruption else codes
    for one in _with_activation(model, layer):
        copy = type(one).from_config({**one.get_config(), "dtype": dtype})
        x = copy(x)  # (B, H)
        copy.set_weights([convert_to_numpy(weight) for weight in one.weights])
    start = keras.initializers.GlorotUniform(seed)
    return use_engine(keras.Model(codes, keras.layers.Dense(size, kernel_initializer=start, dtype=dtype)(x)))


def _with_activation(model, layer) -> list[keras.layers.Layer]:
    """The layer, and what stands between it and the next dense one; without dropout."""
    behind = model.layers[model.layers.index(layer) + 1 :]
    between = itertools.takewhile(lambda one: not isinstance(one, keras.layers.Dense), behind)
    return [layer, *(one for one in between if not isinstance(one, keras.layers.Dropout))]


def _cost(h: np.ndarray):
    return PixelCrossEntropy() if h.min() >= 0 and h.max() <= 1 else keras.losses.MeanSquaredError()


def _batches(h: np.ndarray, batch_size: int, seed: int):
    if keras.backend.backend() == "tensorflow":
        from ..data.pipeline import training_pipeline

        return training_pipeline(h, h, batch_size, seed, parallel=False)
    from ..data.batches import Batches

    return Batches(h, h, batch_size, seed, shuffle=True)


def _answers(model, inputs: np.ndarray) -> np.ndarray:
    parts = (inputs[first : first + _AT_ONCE] for first in range(0, len(inputs), _AT_ONCE))
    return np.concatenate([convert_to_numpy(ops.cast(model(part, training=False), "float32")) for part in parts])


def _scope(model):
    """That of the strategy which the model was made under, if there is one."""
    strategy = getattr(model, "distribute_strategy", None)  # TensorFlow's
    return strategy.scope() if strategy is not None else contextlib.nullcontext()


# === For recipes ===
def check_pretrain(model: keras.Model, options: Mapping[str, Any]) -> None:
    """Refuses options for a model that does not take them.

    Args:
        model: to be trained.
        options: keyword arguments of its `pretrain` method; none for no pre-training.

    Raises:
        ValueError: as said.
    """
    if not options:
        return
    method = getattr(model, "pretrain", None)
    if method is None:
        raise ValueError(f"--pretrain: {model.name} has no pre-training; leave it out, or say --pretrain none.")
    known = [name for name in inspect.signature(method).parameters if name not in ("inputs", "seed", "tell")]
    for name in options:
        if name not in known:
            raise unknown_name(f"option of {model.name}'s pre-training", name, known)


def pretrain(model: keras.Model, recipe, data, tell: Callable[[str], object] = lambda _: None) -> None:
    """Does what a recipe has before its training: `model.pretrain` on the training samples, without augmentation.

    Args:
        model: of the recipe.
        recipe: whose `pretrain` and `seed` count.
        data: `LoadedData`.
        tell: called with a line on what is going on.
    """
    if recipe.pretrain:
        model.pretrain(data.arrays("train")[0], seed=recipe.seed, tell=tell, **recipe.pretrain)
