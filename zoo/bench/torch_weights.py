"""A Keras model's weights in its PyTorch twin."""

from collections.abc import Mapping

import numpy as np

_KINDS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "bias": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "embeddings": "weight",
}
_OF_LSTM = {"kernel": "weight_ih_l0", "recurrent_kernel": "weight_hh_l0", "bias": "bias_ih_l0"}
SECOND_BIAS = ".bias_hh_l0"  # an LSTM of PyTorch's adds two of them, where Keras has one
_AXES = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}  # (in, out) -> (out, in), (H, W, in, out) -> (out, in, H, W)


def load_keras_weights(twin, weights: Mapping[str, np.ndarray]) -> None:
    """Copies the weights of a Keras model into its twin from `torch_models.py`.

    Args:
        twin: a `torch.nn.Module`.
        weights: by their Keras paths, such as "conv1/kernel".

    Raises:
        ValueError: if the twin has other weights.
    """
    import torch

    flattened = getattr(twin, "flattened", {})
    values = {torch_name(path): torch_order(path, value, flattened) for path, value in weights.items()}
    state = {key: tensor for key, tensor in twin.state_dict().items() if not key.endswith("num_batches_tracked")}
    own = {flat_name(key): tensor for key, tensor in state.items()}
    values |= {name: np.zeros(tensor.shape) for name, tensor in own.items() if name.endswith(SECOND_BIAS)}
    if different := own.keys() ^ values.keys():
        some = ", ".join(sorted(different)[:4])
        raise ValueError(f"{len(different)} weights are either in the twin or in the Keras model only, such as {some}.")
    with torch.no_grad():
        for name, tensor in own.items():
            if tensor.shape != values[name].shape:
                shapes = f"{tuple(tensor.shape)} and {values[name].shape}"
                raise ValueError(f"{name} has other shapes in the twin and in the Keras model: {shapes}.")
            tensor.copy_(torch.tensor(values[name]))


def torch_name(path: str) -> str:
    """The name of a Keras weight as a twin's, without the twin's blocks.

    Example:
        >>> torch_name("stage1_block1_conv1_bn/gamma")
        'stage1_block1_conv1_bn.weight'
        >>> torch_name("lstm1/lstm_cell/kernel")
        'lstm1.weight_ih_l0'
    """
    layer, _, kind = path.rpartition("/")
    if layer.endswith("/lstm_cell"):
        return f"{layer.removesuffix('/lstm_cell')}.{_OF_LSTM[kind]}"
    return f"{layer.replace('/', '_')}.{_KINDS[kind]}"


def flat_name(key: str) -> str:
    """The name of a twin's weight, without its blocks.

    Example:
        >>> flat_name("stage1_block1.conv1_bn.weight")
        'stage1_block1_conv1_bn.weight'
    """
    layer, _, kind = key.rpartition(".")
    return f"{layer.replace('.', '_')}.{kind}"


def torch_order(path: str, value: np.ndarray, flattened: Mapping[str, tuple[int, ...]]) -> np.ndarray:
    """A Keras weight, or its gradient, with the axes in PyTorch's order.

    Args:
        path: its Keras path.
        value: the weight.
        flattened: shape `(H, W, C)` of the map whose flat form a dense layer takes, by the layer's name.
    """
    layer, _, kind = path.rpartition("/")
    if kind == "kernel" and layer in flattened:
        maps = value.reshape(*flattened[layer], -1)  # (H, W, C, out)
        value = maps.transpose(2, 0, 1, 3).reshape(value.shape)  # (C * H * W, out)
    return value if kind == "embeddings" else value.transpose(_AXES[value.ndim])
