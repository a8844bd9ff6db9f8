"""The DCGAN against PyTorch's usual form with two optimizers, against counts by hand, and what it makes."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.layers.metrics import get_metric
from gradschool.zoo.models.dcgan import DCGAN
from model_case import model_case
from torch_twin import in_torch_s_order


def counts(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.weights}


def test_parameters_of_each_layer():
    model = DCGAN()
    sizes = {"dense": 64 * 7 * 7 * 64, "dense_bn": 4 * 64, "deconv2": 16 * 64 * 32, "deconv2_bn": 4 * 32}
    sizes |= {"deconv1": 16 * 32 + 1}
    assert counts(model.generator) == sizes
    sizes = {"conv1": 16 * 32 + 32, "conv2": 16 * 32 * 64, "conv2_bn": 4 * 64, "logit": 7 * 7 * 64 + 1}
    assert counts(model.discriminator) == sizes
    assert model.count_params() == model.generator.count_params() + model.discriminator.count_params()


@pytest.mark.parametrize("side", [1, 4, 9, 30])
def test_images_of_every_size_are_made(side):
    assert DCGAN((side, 2 * side + 1, 2), latent_size=3, width=2).generate(2).shape == (2, side, 2 * side + 1, 2)


# === PyTorch ===
def torch_networks(latent_size, width, rows, columns):
    """Generator and discriminator in PyTorch, for images of one channel."""
    from torch import nn

    class Generator(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(latent_size, rows * columns * 2 * width, bias=False)
            self.bn1 = nn.BatchNorm2d(2 * width)
            self.deconv2 = nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.deconv1 = nn.ConvTranspose2d(width, 1, 4, 2, 1)

        def forward(self, z):
            x = self.dense(z).reshape(-1, rows, columns, 2 * width).permute(0, 3, 1, 2)  # maps come last in Keras
            x = self.deconv2(self.bn1(x).relu())
            return self.deconv1(self.bn2(x).relu()).sigmoid()

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, width, 4, 2, 1)
            self.conv2 = nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(2 * width)
            self.logit = nn.Linear(rows * columns * 2 * width, 1)

        def forward(self, images):
            leaky = nn.LeakyReLU(0.2)
            x = leaky(self.bn2(self.conv2(leaky(self.conv1(images)))))
            return self.logit(x.permute(0, 2, 3, 1).flatten(1))

    return Generator(), Discriminator()


def copied(model, network):
    """Gives a PyTorch network the weights of a Keras one; its parameters in the order of Keras's variables."""
    import torch

    parameters = list(network.parameters())
    with torch.no_grad():
        for parameter, variable in zip(parameters, model.trainable_variables, strict=True):
            parameter.copy_(torch.tensor(in_torch_s_order(convert_to_numpy(variable))))
    return parameters


def test_gradients_equal_those_of_two_losses_in_pytorch(monkeypatch):
    """The usual loop: D on real and on made images that are detached; G through D, whose gradients are then dropped."""
    torch = pytest.importorskip("torch")
    keras.utils.set_random_seed(0)
    model = DCGAN((8, 12, 1), latent_size=5, width=3)
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.3, size=variable.shape))
    latent, images = rng.normal(size=(7, 5)).astype("float32"), rng.random((7, 8, 12, 1), "float32")
    monkeypatch.setattr(model.get_layer("latent"), "_draw", lambda shape: keras.ops.convert_to_tensor(latent))

    generator, discriminator = torch_networks(5, 3, 2, 3)
    of_generator, of_discriminator = copied(model.generator, generator), copied(model.discriminator, discriminator)
    cost, one = torch.nn.functional.binary_cross_entropy_with_logits, torch.ones(7, 1)
    real, made = torch.tensor(images).permute(0, 3, 1, 2), generator(torch.tensor(latent))
    cost_d = cost(discriminator(real), one) + cost(discriminator(made.detach()), 0 * one)
    cost_g = cost(discriminator(made), one)
    expected = dict(zip(map(id, of_discriminator), torch.autograd.grad(cost_d, of_discriminator), strict=True))
    expected |= dict(zip(map(id, of_generator), torch.autograd.grad(cost_g, of_generator), strict=True))

    loss = get_loss("adversarial")
    labels = np.zeros(7, "int32")
    found = gradients(model, images, labels, loss, training=True)
    assert len(found) == len(expected) == len(model.trainable_variables)
    order = {variable.path: parameter for part, parameters in (
        (model.generator, of_generator), (model.discriminator, of_discriminator)
    ) for variable, parameter in zip(part.trainable_variables, parameters, strict=True)}  # fmt: skip
    assert order.keys() == found.keys()
    for path, gradient in found.items():
        theirs = expected[id(order[path])]
        np.testing.assert_allclose(in_torch_s_order(gradient), theirs, atol=2e-5, err_msg=path)
        assert np.abs(gradient).max() > 0 or path.endswith("bias")

    logits = convert_to_numpy(model(images, training=True))
    total = float(loss(labels, keras.ops.convert_to_tensor(logits)))
    np.testing.assert_allclose(total, (cost_d + cost_g).item(), rtol=1e-4)
    for name, theirs in (("discriminator_loss", cost_d), ("generator_loss", cost_g)):
        ours = convert_to_numpy(get_metric(name)(labels, keras.ops.convert_to_tensor(logits))).mean()
        np.testing.assert_allclose(ours, theirs.item(), rtol=1e-4)


# === One model, two networks ===
def test_what_is_judged_leaves_the_running_statistics_as_two_looks_leave_them():
    """The discriminator's statistics move by the real and by the made images, and not by the third look."""
    model = DCGAN((8, 12, 1), latent_size=5, width=3)
    images = np.random.default_rng(0).random((7, 8, 12, 1), "float32")
    normalization = model.discriminator.get_layer("conv2_bn")
    seen = []
    call = normalization.call
    normalization.call = lambda x, **kwargs: (seen.append(x), call(x, **kwargs))[1]
    model(images, training=True)
    assert len(seen) == 3
    expected = np.zeros(6)
    for x in seen[:2]:
        expected = 0.9 * expected + 0.1 * convert_to_numpy(x).mean(axis=(0, 1, 2))
    np.testing.assert_allclose(convert_to_numpy(normalization.moving_mean), expected, atol=1e-6)
    np.testing.assert_allclose(convert_to_numpy(seen[1]), convert_to_numpy(seen[2]), atol=1e-6)


def test_answers_outside_of_training_judge_the_middle_of_the_latent_vectors():
    model = model_case("dcgan").build()
    images = np.random.default_rng(0).random((3, 13, 11, 3), "float32")
    answers = convert_to_numpy(model(images))
    np.testing.assert_allclose(answers[:, 0], model.belief(images), atol=1e-5)
    middle = model.belief(convert_to_numpy(model.generator(np.zeros((3, 7), "float32"), training=False)))
    np.testing.assert_allclose(answers[:, 1], middle, atol=1e-5)
    np.testing.assert_allclose(answers[:, 2], middle, atol=1e-5)


def test_judging_counts_what_the_discriminator_is_right_about():
    model = model_case("dcgan").build()
    images = np.random.default_rng(0).random((9, 13, 11, 3), "float32")
    found = model.judge(images, seed=3)
    assert found == model.judge(images, seed=3)
    assert found["real_accuracy"] == (model.belief(images) > 0).mean()
    assert found["made_accuracy"] == (model.belief(model.generate(9, seed=3)) <= 0).mean()
    made = model.belief(model.generate(9, seed=3)).astype("float64")
    np.testing.assert_allclose(found["generator_loss"], np.log1p(np.exp(-made)).mean(), rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"latent_size": 0}, "latent_size must be a whole number of at least 1; got 0"),
        ({"width": 2.5}, "width must be a whole number of at least 1; got 2.5"),
        ({"input_shape": (28, 28)}, r"DCGAN takes images, input_shape=\(height, width, channels\)"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        DCGAN(**config)
