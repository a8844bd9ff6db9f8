"""The multilayer perceptron against the same net in PyTorch, and against its table."""

import keras
import numpy as np
import pytest

from gradschool.zoo.models.mlp import MLP
from torch_twin import assert_twins

COUNTS = {
    (128, 32): {"hidden1": 100_480, "hidden2": 4_128, "logits": 330},
    (16, 16): {"hidden1": 12_560, "hidden2": 272, "logits": 170},
    (): {"logits": 7_850},
}


@pytest.mark.parametrize(("hidden", "counts"), COUNTS.items(), ids=str)
def test_parameters_of_each_layer(hidden, counts):
    model = MLP(hidden=hidden)
    assert {layer.name: layer.count_params() for layer in model.layers if layer.weights} == counts


@pytest.mark.parametrize(("activation", "theirs"), [("relu", "ReLU"), ("logistic", "Sigmoid"), ("elu", "ELU")])
def test_answers_and_gradients_equal_pytorch_s(activation, theirs):
    torch = pytest.importorskip("torch")
    rng, nn = np.random.default_rng(0), torch.nn
    images, labels = rng.random((13, 5, 7, 3), "float32"), rng.integers(0, 11, 13)
    twin = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(105, 17), getattr(nn, theirs)()),
        *(nn.Linear(17, 19), getattr(nn, theirs)()),
        nn.Linear(19, 11),
    )
    assert_twins(MLP((5, 7, 3), 11, hidden=(17, 19), activation=activation), twin, images, labels)


def test_dropout_stands_behind_every_hidden_layer_and_acts_in_training_only():
    model, images = MLP(dropout=0.5), np.ones((2, 28, 28, 1), "float32")
    dropped = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert dropped == ["dropout1", "dropout2"]
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(model(images)) for _ in range(2)))
    first, second = (keras.ops.convert_to_numpy(model(images, training=True)) for _ in range(2))
    assert np.any(first != second)


def test_the_initializer_serves_every_kernel_with_a_draw_of_its_own():
    model = MLP((17,), 17, hidden=(17, 17), kernel_initializer=keras.initializers.HeNormal())
    kernels = [keras.ops.convert_to_numpy(layer.kernel) for layer in model.layers if layer.weights]
    assert len(kernels) == 3
    assert len(np.unique(kernels)) == 3 * 17 * 17
    assert not any(np.any(w) for w in MLP(kernel_initializer="zeros").get_weights())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"classes": 1}, "classes must be a whole number of at least 2; got 1"),
        ({"hidden": (128, 0)}, r"every part of hidden=\(128, 0\) must be a whole number of at least 1"),
        ({"hidden": 128}, "hidden must be a tuple of whole numbers of at least 1; got 128"),
        ({"activation": "rleu"}, "unknown activation 'rleu'; did you mean 'relu'"),
        ({"kernel_initializer": "he"}, "unknown initializer 'he'"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\); got 1.0"),
        ({"dtype": "float7"}, "dtype must be one of .*; got 'float7'"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        MLP(**config)
