"""Grad-CAM against class activation maps, against its formula by hand, and against PyTorch."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from gradschool.zoo.inspection.grad_cam import grad_cam
from gradschool.zoo.inspection.layer_access import giving
from gradschool.zoo.models.cifar_resnet import CIFARResNet
from gradschool.zoo.models.lenet import LeNet5
from gradschool.zoo.models.mlp import MLP


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def maps_of(model, name, images):
    return ops.convert_to_numpy(keras.Model(model.inputs[0], model.get_layer(name).output)(images))


@pytest.mark.slow
@pytest.mark.every_backend
@settings(max_examples=10)
@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 1000))
def test_with_a_mean_over_maps_and_a_dense_layer_it_is_the_class_activation_map(channels, classes, seed):
    """Zhou et al. (2016): sum_k w_kc A_k; the mean brings in 1 / (h w)."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((7, 9, 2)),
            layers.Conv2D(channels, 3, activation="relu", name="conv"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, name="head"),
        ]
    )
    images = noise(3, 7, 9, 2, seed=seed)
    weights = ops.convert_to_numpy(model.get_layer("head").kernel)  # (K, C)
    for chosen in range(classes):
        by_hand = np.maximum(maps_of(model, "conv", images) @ weights[:, chosen], 0) / (5 * 7)
        np.testing.assert_allclose(grad_cam(model, images, classes=chosen), by_hand, rtol=1e-4, atol=1e-7)


def test_with_a_dense_layer_on_the_maps_by_hand():
    """Behind Flatten, the derivative of the score by the maps is the row of weights itself."""
    model = keras.Sequential(
        [
            keras.Input((6, 5, 1)),
            layers.Conv2D(3, 2, activation="tanh", name="conv"),
            layers.Flatten(),
            layers.Dense(4, name="head"),
        ]
    )
    images = noise(5, 6, 5, 1)
    maps = maps_of(model, "conv", images)  # (5, 5, 4, 3)
    slopes = ops.convert_to_numpy(model.get_layer("head").kernel).reshape(5, 4, 3, 4)
    classes = [0, 1, 2, 3, 1]
    alpha = slopes.mean(axis=(0, 1))[:, classes].T  # (5, K)
    by_hand = np.maximum((maps * alpha[:, np.newaxis, np.newaxis]).sum(axis=-1), 0)
    np.testing.assert_allclose(grad_cam(model, images, classes=classes, batch_size=2), by_hand, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_lenet_in_pytorch():
    """The whole net once more in PyTorch, whose hooks give the derivative."""
    torch = pytest.importorskip("torch")
    model, images = LeNet5((16, 12, 1), classes=3), noise(4, 16, 12, 1)
    weights = {weight.path: torch.tensor(ops.convert_to_numpy(weight)) for weight in model.weights}

    def convolve(x, name, padding):
        kernel = weights[f"{name}/kernel"].permute(3, 2, 0, 1)
        return torch.tanh(torch.nn.functional.conv2d(x, kernel, weights[f"{name}/bias"], padding=padding))

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    pool = torch.nn.functional.avg_pool2d
    first = pool(convolve(torch.tensor(images).permute(0, 3, 1, 2), "conv1", 2), 2)
    maps = convolve(first, "conv2", 0).detach().requires_grad_(True)  # (4, 16, 4, 2)
    x = pool(maps, 2).permute(0, 2, 3, 1).flatten(1)  # in Keras's order
    logits = dense(torch.tanh(dense(torch.tanh(dense(x, "dense1")), "dense2")), "logits")
    logits.max(dim=-1).values.sum().backward()
    alpha = maps.grad.mean(dim=(2, 3), keepdim=True)
    by_torch = torch.relu((alpha * maps).sum(dim=1)).detach().numpy()
    np.testing.assert_allclose(grad_cam(model, images, "conv2"), by_torch, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_between_the_branches_of_a_residual_net():
    """The derivative at a layer that a shortcut goes around, against a small step along every map."""
    model, images = (
        CIFARResNet((8, 8, 3), classes=3, depth=8, width=2, activation="tanh"),
        noise(1, 8, 8, 3),
    )
    name, step = "stage1_block1_conv1", 0.03
    maps = maps_of(model, name, images)

    def score(values):
        with giving(model, name, ops.convert_to_tensor(values)):
            return float(ops.convert_to_numpy(model(images, training=False))[0, 1])

    alpha = [
        (score(maps + step * np.eye(2)[k]) - score(maps - step * np.eye(2)[k])) / (2 * step) / 64 for k in range(2)
    ]
    by_hand = np.maximum((maps * np.array(alpha)).sum(axis=-1), 0)
    np.testing.assert_allclose(grad_cam(model, images, name, 1), by_hand, rtol=0.03, atol=1e-5)
    assert by_hand.max() > 1e-3


def test_the_last_layer_with_maps_is_the_default():
    model, images = LeNet5(), noise(2, 28, 28, 1)
    np.testing.assert_array_equal(grad_cam(model, images), grad_cam(model, images, "pool2"))
    assert grad_cam(model, images).shape == (2, 5, 5)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy):
    model, images = LeNet5(), noise(2, 28, 28, 1)
    half = LeNet5(dtype=policy)
    half.set_weights(model.get_weights())
    exact, found = grad_cam(model, images, classes=1), grad_cam(half, images, classes=1)
    assert np.abs(exact - found).max() < 0.1 * exact.max()


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="mlp has no layer that gives maps; grad-cam is for convolutional networks"):
        grad_cam(MLP(name="mlp"), noise(2, 28, 28, 1))
    with pytest.raises(ValueError, match="'dense1' is no layer of lenet5 that gives maps; these do: conv1, pool1"):
        grad_cam(LeNet5(name="lenet5"), noise(2, 28, 28, 1), "dense1")
    with pytest.raises(ValueError, match="classes must be a number from 0 to 9"):
        grad_cam(LeNet5(), noise(2, 28, 28, 1), classes=10)
