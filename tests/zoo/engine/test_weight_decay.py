"""Weight decay against torch.optim, update for update, and in a fit against Keras's own penalties on weights."""

import keras
import numpy as np
import pytest

from fitting_ways import FEW, SAMPLES, fit, samples
from gradschool.zoo.engine.averages import ValidateAverages
from gradschool.zoo.engine.optimizers import get_optimizer
from gradschool.zoo.engine.weight_decay import is_kernel, with_weight_decay
from gradschool.zoo.layers.activations import ParametricReLU
from gradschool.zoo.layers.gaussian_units import GaussianUnits
from gradschool.zoo.models.lenet import LeNet5

DECAY, RATE = 0.05, 0.1
RNG = np.random.default_rng(0)
START = [RNG.normal(size=shape).astype("float32") for shape in ((3, 2), (2,))]
GRADIENTS = [[RNG.normal(size=value.shape).astype("float32") for value in START] for _ in range(7)]


def ours(name, **arguments):
    """Kernel and bias after every update."""
    variables, places = [keras.Variable(value) for value in START], []
    optimizer = get_optimizer(name, RATE, **arguments)
    for gradients in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(one) for one in gradients], variables)
        places.append([np.array(keras.ops.convert_to_numpy(one)) for one in variables])
    return places


def theirs(make, on="all"):
    torch = pytest.importorskip("torch")
    kernel, bias = (torch.nn.Parameter(torch.tensor(value)) for value in START)
    decays = [DECAY, DECAY if on == "all" else 0.0]
    optimizer = make(
        torch.optim, [{"params": [one], "weight_decay": d} for one, d in zip((kernel, bias), decays, strict=True)]
    )
    places = []
    for gradients in GRADIENTS:
        kernel.grad, bias.grad = (torch.tensor(one) for one in gradients)
        optimizer.step()
        places.append([kernel.detach().numpy().copy(), bias.detach().numpy().copy()])
    return places


TWINS = {
    "sgd": lambda optim, groups: optim.SGD(groups, RATE),
    "momentum": lambda optim, groups: optim.SGD(groups, RATE, momentum=0.9),
    "nesterov": lambda optim, groups: optim.SGD(groups, RATE, momentum=0.9, nesterov=True),
    "adam": lambda optim, groups: optim.Adam(groups, RATE, eps=1e-7),
    "adamw": lambda optim, groups: optim.AdamW(groups, RATE, eps=1e-7),
}


@pytest.mark.parametrize("on", ["all", "kernels"])
@pytest.mark.parametrize("name", TWINS)
def test_every_update_is_pytorch_s(name, on):
    for mine, expected in zip(ours(name, weight_decay=DECAY, weight_decay_on=on), theirs(TWINS[name], on), strict=True):
        for one, other in zip(mine, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


def test_keras_s_own_decay_is_another_one():
    """Which is why there is one here: if this fails, Keras's argument has come to mean what the papers mean."""
    variables = [keras.Variable(value) for value in START]
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9, weight_decay=DECAY)
    for gradients in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(one) for one in gradients], variables)
    difference = keras.ops.convert_to_numpy(variables[0]) - ours("momentum", weight_decay=DECAY)[-1][0]
    assert np.abs(difference).max() > 0.01


@pytest.mark.parametrize("name", ["adagrad", "adadelta", "rmsprop", "nadam", "lion"])
def test_the_others_pull_weights_to_zero_too(name):
    plain, decayed = ours(name), ours(name, weight_decay=DECAY)
    assert not np.allclose(plain[-1][0], decayed[-1][0], atol=1e-5)


def test_none_and_zero():
    assert type(get_optimizer("momentum", RATE, weight_decay=0)) is type(keras.optimizers.SGD(RATE))
    assert get_optimizer("adamw", RATE).weight_decay == 0.004
    assert get_optimizer("adamw", RATE, weight_decay=0).weight_decay == 0
    with pytest.raises(ValueError, match="weight_decay is for the optimizers of get_optimizer; got Ftrl"):
        with_weight_decay(keras.optimizers.Ftrl, 0.1)


@pytest.mark.parametrize(
    ("layer", "shape", "kernels"),
    [
        (keras.layers.Conv2D(3, 1), (None, 5, 5, 1), ["kernel"]),
        (keras.layers.Embedding(7, 2), (None, 5), ["embeddings"]),
        (keras.layers.GRU(3), (None, 5, 2), ["kernel", "recurrent_kernel"]),  # its bias has two axes
        (keras.layers.LayerNormalization((1, 2)), (None, 5, 2), []),
        (ParametricReLU(), (None, 5, 5, 3), []),
        (GaussianUnits(3), (None, 2), []),
    ],
)
def test_what_counts_as_a_kernel(layer, shape, kernels):
    layer.build(shape)
    assert [weight.name for weight in layer.weights if is_kernel(weight)] == kernels


def test_slopes_do_not_decay_with_the_kernels():
    layer = ParametricReLU()
    layer.build((None, 5, 5, 3))
    optimizer = get_optimizer("momentum", RATE, weight_decay=DECAY, weight_decay_on="kernels")
    optimizer.apply([keras.ops.zeros((1, 1, 3))], layer.trainable_variables)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer.alpha), np.full((1, 1, 3), 0.25, "float32"))


# === In a fit ===
def model_with(optimizer, kernel=None, bias=None, **compile_arguments):
    keras.utils.set_random_seed(1)
    of_both = {"kernel_regularizer": kernel, "bias_regularizer": bias}
    model = keras.Sequential([
        keras.Input((6,)), keras.layers.Dense(5, activation="tanh", **of_both), keras.layers.Dense(1, **of_both)
    ])  # fmt: skip
    model.compile(optimizer, "mse", **compile_arguments)
    return model


def weights_after(model, way):
    model = way(model)
    fit(model, *samples())
    return [keras.ops.convert_to_numpy(one) for one in model.weights]


@pytest.mark.slow
@pytest.mark.parametrize(("way", "settings"), FEW)
@pytest.mark.parametrize("on", ["all", "kernels"])
def test_in_a_fit_it_is_the_gradient_of_a_penalty(way, settings, on):
    penalty = keras.regularizers.L2(DECAY / 2)
    optimizer = get_optimizer("momentum", RATE, weight_decay=DECAY, weight_decay_on=on)
    decayed = weights_after(model_with(optimizer, **settings), way)
    bias = penalty if on == "all" else None
    penalised = weights_after(model_with(get_optimizer("momentum", RATE), penalty, bias, **settings), way)
    for one, other in zip(decayed, penalised, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_rows_of_an_embedding_that_nobody_looked_up_decay_as_well():
    tokens, targets = np.arange(SAMPLES)[:, None] % 3, np.ones((SAMPLES, 1), "float32")

    def trained(optimizer, penalty=None):
        keras.utils.set_random_seed(2)
        embedding = keras.layers.Embedding(7, 2, embeddings_regularizer=penalty)
        model = keras.Sequential([keras.Input((1,)), embedding, keras.layers.Flatten(), keras.layers.Dense(1)])
        model.compile(optimizer, "mse")
        fit(model, tokens, targets)
        return keras.ops.convert_to_numpy(embedding.embeddings)

    decayed = trained(get_optimizer("momentum", RATE, weight_decay=DECAY, weight_decay_on="kernels"))
    dense = trained(get_optimizer("momentum", RATE), keras.regularizers.L2(DECAY / 2))
    assert np.abs(decayed[3:] / dense[3:] - 1).max() < 1e-4  # 0, 1 and 2 depend on the dense layer's decay as well


def test_a_saved_model_goes_on_as_if_it_had_not_been_saved(tmp_path):
    images = np.random.default_rng(3).random((16, 12, 12, 1)).astype("float32")
    labels = np.arange(16) % 3

    def make():
        keras.utils.set_random_seed(4)
        model = LeNet5((12, 12, 1), classes=3)
        optimizer = get_optimizer("momentum", RATE, weight_decay=DECAY, weight_decay_on="kernels", ema=0.9)
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def go_on(model):
        model.fit(images, labels, batch_size=8, epochs=1, shuffle=False, verbose=0, callbacks=[ValidateAverages()])
        return [keras.ops.convert_to_numpy(one) for one in model.weights]

    model = make()
    go_on(model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for one, other in zip(go_on(again), go_on(model), strict=True):
        np.testing.assert_array_equal(one, other)
