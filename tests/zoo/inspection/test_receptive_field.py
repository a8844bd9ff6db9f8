"""Receptive fields against published ones, against arithmetic by hand, and against what really moves a unit."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from alexnet_layers import alexnet
from gradschool.zoo.inspection.measured_field import measured_field
from gradschool.zoo.inspection.receptive_field import receptive_field, receptive_fields
from gradschool.zoo.models.cifar_resnet import CIFARResNet
from gradschool.zoo.models.lenet import LeNet5
from gradschool.zoo.models.lenet_1998 import LeNet5In1998
from gradschool.zoo.models.mlp import MLP


def fields(model):
    return {one.layer: one for one in receptive_fields(model)}


def noise(model, count=16):
    return np.random.default_rng(0).random((count, *model.input_shape[1:]), "float32")


# === Published, and by hand ===
@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "layer", "size", "padding"),
    [("VGG16", "block5_pool", 212, 90), ("MobileNet", "conv_pw_13_relu", 315, 126)],
)
def test_the_fields_of_araujo_et_al(model, layer, size, padding):
    """The table in "Discussion: receptive fields of modern networks"; every one of these has a stride of 32."""
    net = getattr(keras.applications, model)(weights=None, include_top=False, input_shape=(224, 224, 3))
    field = receptive_field(net, layer)
    assert (field.size, field.stride) == ((size, size), (32, 32))
    assert field.start == (-padding, -padding)


def test_alexnet_by_hand():
    """Sizes 11, 19, 51, 67, 99, 131, 163, 195: each kernel reaches (k - 1) strides further."""
    names = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    found = fields(alexnet())
    assert [found[name].size[0] for name in names] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert [found[name].stride[0] for name in names] == [4, 8, 8, 16, 16, 16, 16, 32]
    assert str(found["pool5"]) == "195x195"
    assert [str(found[name]) for name in ("dense6", "dense8")] == ["whole image", "whole image"]


def test_a_pixel_that_no_window_covers_is_not_seen():
    """Pooling 2 by 2 leaves out the last of 29 pixels, so that not even the dense layer sees the whole image."""
    model = keras.Sequential([keras.Input((28, 29, 1)), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3)])
    field = receptive_fields(model)[-1]
    assert (field.whole_image, str(field), field.box()) == (False, "28x28", ((0, 27), (0, 27)))


# === Against what moves a unit ===
@pytest.mark.slow
@pytest.mark.parametrize("model_class", [LeNet5, LeNet5In1998, CIFARResNet, MLP])
def test_what_moves_a_unit_is_what_it_sees(model_class):
    model = model_class()
    some = ("stage1_block2_add", "stage2_block1_shortcut", "stage2_block2_add")
    all_fields = fields(model).items()
    found = [
        one for name, one in all_fields if name in some or not name.startswith(("block", "flatten", "act", "conv_"))
    ]
    assert len(found) > 2
    for field in found:
        assert measured_field(model, field.layer, noise(model, 4)).support == field.box(), field.layer


SIZES, STRIDES = st.tuples(st.integers(1, 4), st.integers(1, 3)), st.tuples(st.integers(1, 2), st.integers(1, 2))
PADDING = st.sampled_from(["valid", "same"])
POSITIVE = keras.initializers.RandomUniform(0.5, 1.0, seed=0)  # nothing cancels


def convolution(size, strides, padding, dilation):
    dilation = dilation if strides == (1, 1) else 1
    return layers.Conv2D(3, size, strides, padding, dilation_rate=dilation, kernel_initializer=POSITIVE)


def beside_each_other(size, dilation, join):
    def branches(x):
        wide = layers.Conv2D(3, size, padding="same", dilation_rate=dilation, kernel_initializer=POSITIVE)(x)
        return join()([wide, layers.Conv2D(3, 1, kernel_initializer=POSITIVE)(x)])

    return branches


def depthwise(size, padding):
    return layers.DepthwiseConv2D(size, padding=padding, depthwise_initializer=POSITIVE)


LAYERS = st.one_of(
    st.builds(convolution, SIZES, STRIDES, PADDING, st.integers(1, 2)),
    st.builds(lambda size, strides, padding: layers.AveragePooling2D(size, strides, padding), SIZES, STRIDES, PADDING),
    st.builds(depthwise, st.integers(1, 3), PADDING),
    st.builds(lambda top, left: layers.ZeroPadding2D(((top, 1), (left, 0))), st.integers(0, 2), st.integers(0, 2)),
    st.builds(lambda top, left: layers.Cropping2D(((top, 0), (left, 1))), st.integers(0, 1), st.integers(0, 1)),
    st.builds(beside_each_other, SIZES, st.integers(1, 2), st.sampled_from([layers.Add, layers.Concatenate])),
    st.builds(lambda: layers.Activation("softplus")),
    st.builds(lambda: layers.BatchNormalization()),
    st.builds(lambda: layers.LayerNormalization(axis=-1, center=False)),
)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(LAYERS, min_size=1, max_size=4))
def test_random_stacks(stack):
    images = x = keras.Input((23, 19, 3))
    for layer in stack:
        x = layer(x)
        if min(x.shape[1:3]) < 5:
            break
    model = keras.Model(images, x)
    last = model.layers[-1].name
    field = receptive_field(model, last)
    assert measured_field(model, last, noise(model, 2)).support == field.box()
    assert tuple(axis.units for axis in field.axes) == tuple(x.shape[1:3])


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_sequences(padding):
    model = keras.Sequential(
        [
            keras.Input((31, 2)),
            layers.Conv1D(2, 3, padding=padding, kernel_initializer=POSITIVE),
            layers.Conv1D(2, 3, dilation_rate=2, padding=padding, kernel_initializer=POSITIVE, name="last"),
        ]
    )
    field = receptive_field(model, "last")
    assert (field.size, field.stride) == ((7,), (1,))
    assert measured_field(model, "last", noise(model, 1)).support == field.box()


def test_max_pooling_lets_through_one_pixel_an_image_and_all_in_many():
    model = keras.Sequential([keras.Input((9, 9, 1)), layers.MaxPooling2D(2, name="pool")])
    one, many = (measured_field(model, "pool", noise(model, count)).support for count in (1, 64))
    assert [last - first for first, last in one] == [0, 0]
    assert many == receptive_field(model, "pool").box() == ((8, 8), (8, 8)) or many == ((4, 5), (4, 5))


def test_operations_and_nested_models_are_gone_through():
    inner_images = keras.Input((15, 15, 3))
    inner = keras.Model(inner_images, layers.Conv2D(3, 3, padding="same", name="conv")(inner_images), name="inner")
    images = keras.Input((15, 15, 3))
    sum_of_both = keras.ops.relu(inner(images) + images) * 2.0
    found = fields(keras.Model(images, layers.Conv2D(2, 3, name="last")(sum_of_both)))
    assert {name: field.size for name, field in found.items()} == {"inner/conv": (3, 3), "last": (5, 5)}


def test_a_gate_from_the_whole_image_lets_every_unit_see_it():
    images = keras.Input((8, 8, 3))
    gate = layers.Reshape((1, 1, 3))(layers.Dense(3)(layers.GlobalAveragePooling2D()(images)))
    field = receptive_fields(keras.Model(images, layers.Multiply(name="gated")([images, gate])))[-1]
    assert (field.layer, str(field)) == ("gated", "whole image")


# === What is not known ===
class Odd(layers.Layer):
    def call(self, x):
        return x[:, ::-1]

    def compute_output_shape(self, shape):
        return shape


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (Odd(name="odd"), "there is no rule for Odd"),
        (layers.Conv2DTranspose(2, 3, 2, name="odd"), "there is no rule for Conv2DTranspose"),
        (layers.Permute((2, 1, 3), name="odd"), "there is no rule for Permute"),
        (layers.Softmax(axis=1, name="odd"), "Softmax works along the axis 1, which holds positions"),
    ],
)
def test_a_layer_without_a_rule_is_unknown_and_so_is_what_lies_behind_it(layer, why):
    model = keras.Sequential([keras.Input((9, 9, 3)), layers.Conv2D(3, 3, name="conv"), layer, layers.ReLU(name="act")])
    conv, odd, act = receptive_fields(model)
    assert [str(one) for one in (conv, odd, act)] == ["3x3", "unknown", "unknown"]
    assert (odd.unknown, act.unknown) == (why, "it lies behind odd")
    with pytest.raises(ValueError, match=f"what the units of odd see is unknown: {why}"):
        receptive_field(model, "odd")


def test_paths_of_different_strides_are_unknown():
    images = keras.Input((8, 8, 2))
    small = layers.MaxPooling2D(2)(images)
    large = layers.Cropping2D(2)(images)
    model = keras.Model(images, layers.Add(name="sum")([small, large]))
    assert receptive_fields(model)[-1].unknown == "paths of different strides meet: 1, 2 pixels"


def test_dense_on_the_whole_sees_the_whole_whatever_comes_after():
    stack = [keras.Input((4, 6, 1)), layers.Flatten(), layers.Dense(24), layers.Reshape((4, 6, 1))]
    model = keras.Sequential([*stack, layers.Conv2DTranspose(2, 3, 2), layers.GaussianNoise(0.1)])
    assert [str(one) for one in receptive_fields(model)][1:] == ["whole image"] * 4


def test_a_layer_says_its_window_itself():
    class Blur(Odd):
        def window(self):
            return 3, 2

        def compute_output_shape(self, shape):
            return (shape[0], 4, 4, shape[-1])

    (field,) = receptive_fields(keras.Sequential([keras.Input((9, 9, 1)), Blur()]))
    assert (field.size, field.stride, field.start) == ((3, 3), (2, 2), (0, 0))


def test_what_has_no_receptive_fields():
    with pytest.raises(ValueError, match=r"inputs, of shape \(5,\), have no places"):
        receptive_fields(keras.Sequential([keras.Input((5,)), layers.Dense(3)]))
    left, right = keras.Input((5, 5, 1)), keras.Input((5, 5, 1))
    with pytest.raises(ValueError, match="the model takes 2"):
        receptive_fields(keras.Model([left, right], layers.Add()([left, right])))
    with pytest.raises(ValueError, match="unknown layer of lenet5 'conv3'; did you mean 'conv"):
        receptive_field(LeNet5(name="lenet5"), "conv3")


def test_the_model_is_left_as_it_was():
    model = LeNet5()
    receptive_fields(model)
    assert not any("compute_output_spec" in vars(layer) for layer in model.layers)
