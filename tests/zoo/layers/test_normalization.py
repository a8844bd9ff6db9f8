"""Normalisation of maps by name, against PyTorch, and the layers that a `Style` makes with it."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.normalization import NORMALIZATIONS, normalized
from gradschool.zoo.layers.style import Style


def maps(channels=6):
    return np.random.default_rng(0).normal(2, 3, size=(4, 5, 7, channels)).astype("float32")


def model_of(kind, channels=6):
    x = keras.Input((5, 7, channels))
    return keras.Model(x, normalized(x, kind, name="conv"))


@pytest.mark.parametrize(("kind", "axes"), [("batch", (0, 1, 2)), ("layer", (1, 2, 3))])
def test_maps_have_mean_zero_and_variance_one(kind, axes):
    y = convert_to_numpy(model_of(kind)(maps(), training=True))
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(axes), 1, atol=1e-4)


@pytest.mark.parametrize(("kind", "channels", "groups"), [("layer", 6, 1), ("group", 6, 6), ("group", 64, 32)])
def test_values_equal_pytorch_s_group_normalisation(kind, channels, groups):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.GroupNorm(groups, channels, eps=1e-5)(torch.tensor(maps(channels)).permute(0, 3, 1, 2))
    ours = convert_to_numpy(model_of(kind, channels)(maps(channels)))
    np.testing.assert_allclose(ours, theirs.detach().permute(0, 2, 3, 1), atol=1e-5)


@pytest.mark.parametrize(("channels", "groups"), [(48, 24), (32, 32), (37, 1), (5, 5), (256, 32)])
def test_groups_are_the_most_up_to_32_that_share_the_maps(channels, groups):
    assert model_of("group", channels).layers[-1].groups == groups


def test_none_adds_no_layer_and_others_are_named_after_the_convolution():
    assert [model_of(kind).layers[-1].name for kind in NORMALIZATIONS[:3]] == ["conv_bn", "conv_ln", "conv_gn"]
    x = keras.Input((5, 7, 6))
    assert normalized(x, "none", name="conv") is x
    with pytest.raises(ValueError, match="unknown normalization 'bach'; did you mean 'batch'"):
        model_of("bach")


@pytest.mark.parametrize(("height", "width"), [(7, 5), (8, 6), (1, 1)])
@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_style_s_kernel_stands_over_every_sth_pixel(height, width, size, stride):
    style = Style("relu", "he_normal", "batch", "float32")
    x = keras.Input((height, width, 2))
    model = keras.Model(x, style.convolve(x, 2, size, stride, name="conv"))
    kernel = np.zeros((size, size, 2, 2), "float32")
    kernel[size // 2, size // 2] = np.eye(2)
    model.get_layer("conv").kernel.assign(kernel)
    images = np.random.default_rng(0).normal(size=(3, height, width, 2)).astype("float32")
    np.testing.assert_allclose(convert_to_numpy(model(images)), images[:, ::stride, ::stride], atol=1e-6)


def test_a_style_s_convolution_has_a_bias_only_without_normalisation():
    for normalization, weights in (("batch", 1), ("none", 2)):
        x = keras.Input((5, 5, 2))
        model = keras.Model(x, Style("relu", "he_normal", normalization, "float32").convolve(x, 3, name="conv"))
        assert len(model.get_layer("conv").weights) == weights


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rleu", "he_normal", "batch"), "unknown activation 'rleu'"),
        (("relu", "he_norml", "batch"), "unknown initializer 'he_norml'"),
        (("relu", "he_normal", "batsh"), "unknown normalization 'batsh'"),
    ],
)
def test_a_style_refuses_unknown_names(arguments, message):
    with pytest.raises(ValueError, match=message):
        Style(*arguments, dtype="float32")
