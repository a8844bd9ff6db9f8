"""The autoencoders against the same nets in PyTorch, against counts by hand, and what their codes are for."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.layers.image_losses import pixel_cross_entropy
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.models.autoencoder import Autoencoder
from gradschool.zoo.models.conv_autoencoder import ConvAutoencoder
from gradschool.zoo.models.denoising_autoencoder import DenoisingAutoencoder
from gradschool.zoo.models.variational_autoencoder import VariationalAutoencoder
from gradschool.zoo.registry import create_model
from model_case import model_case
from torch_twin import in_torch_s_order

NAMES = ("autoencoder", "conv_autoencoder", "denoising_autoencoder", "variational_autoencoder")


def images(model, count=5):
    return np.random.default_rng(0).random((count, *model.input_shape[1:]), "float32")


def counts(model):
    return {layer.name: layer.count_params() for layer in model.layers if layer.weights}


# === Counts by hand ===
def test_parameters_of_each_dense_layer():
    sizes = {"encode1": 784 * 128 + 128, "code": 128 * 32 + 32, "decode1": 32 * 128 + 128, "logits": 128 * 784 + 784}
    assert counts(Autoencoder()) == sizes
    assert counts(Autoencoder(hidden=())) == {"code": 784 * 32 + 32, "logits": 32 * 784 + 784}


def test_the_decoder_mirrors_the_encoder():
    model = Autoencoder(hidden=(50, 20), code_size=3)
    units = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert units == [50, 20, 3, 20, 50, 784]


def test_parameters_of_each_convolution():
    sizes = {"encode1": 9 * 16 + 16, "encode2": 9 * 16 * 32 + 32, "code": 7 * 7 * 32 * 32 + 32}
    sizes |= {"spread": 32 * 7 * 7 * 32 + 7 * 7 * 32, "decode1": 9 * 32 * 16 + 16, "pixels": 9 * 16 + 1}
    assert counts(ConvAutoencoder()) == sizes


@pytest.mark.parametrize("side", [1, 2, 7, 13, 28, 30])
def test_convolutions_give_back_images_of_every_size(side):
    model = ConvAutoencoder((side, 2 * side + 1, 2), filters=(2, 3, 5, 3), code_size=2)  # of 1x3, two levels are 1x1
    assert model.output_shape == (None, side, 2 * side + 1, 2)


def test_parameters_of_the_variational_autoencoder():
    head = 256 * 8 + 8
    sizes = {"encode1": 784 * 256 + 256, "mean": head, "log_variance": head}
    assert counts(VariationalAutoencoder()) == sizes | {"decode1": 8 * 256 + 256, "logits": 256 * 784 + 784}


# === Encoder and decoder ===
@pytest.mark.parametrize("name", NAMES)
def test_encoder_and_decoder_are_the_model_in_two(name):
    model = model_case(name).build()
    shown = images(model)
    codes = model.encode(shown)
    assert codes.shape == (5, *model.encoder.output_shape[1:])
    logits = convert_to_numpy(model(shown))
    np.testing.assert_allclose(convert_to_numpy(model.decoder(codes)), logits, atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(shown), 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(model.decode(codes), model.reconstruct(shown), atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_encoder_and_decoder_share_the_weights_and_are_no_part_of_a_save(name, tmp_path):
    model = model_case(name).build()
    before, paths = model.count_params(), [weight.path for weight in model.weights]
    assert model.encoder.count_params() + model.decoder.count_params() <= before
    assert model.encoder is model.encoder
    assert (model.count_params(), [weight.path for weight in model.weights]) == (before, paths)
    model.save_weights(tmp_path / "with.weights.h5")
    other = create_model(name, **model_case(name).small)
    other.load_weights(tmp_path / "with.weights.h5")
    np.testing.assert_array_equal(other.encode(images(model)), model.encode(images(model)))


@pytest.mark.slow
def test_a_linear_autoencoder_spans_the_principal_components():
    """Baldi & Hornik 1989: with squared errors, the best linear code of J values keeps what the J components keep."""
    rng = np.random.default_rng(0)
    shown = (rng.normal(size=(64, 2)) @ rng.normal(size=(2, 7)) + 0.1 * rng.normal(size=(64, 7))).astype("float32")
    shown -= shown.mean(axis=0)
    keras.utils.set_random_seed(0)
    model = Autoencoder((7,), hidden=(), code_size=2)
    falling = keras.optimizers.schedules.CosineDecay(0.05, 2000)
    model.compile(keras.optimizers.Adam(falling), "mse")
    many_times = np.tile(shown, (2000, 1))
    model.fit(many_times, many_times, batch_size=64, shuffle=False, verbose=0)  # every batch is all samples
    _, sizes, _ = np.linalg.svd(shown)
    np.testing.assert_allclose(model.evaluate(shown, shown, verbose=0), (sizes[2:] ** 2).sum() / shown.size, rtol=0.1)


# === PyTorch ===
def copy_weights(model, parameters):
    import torch

    with torch.no_grad():
        for parameter, variable in zip(parameters, model.trainable_variables, strict=True):
            parameter.copy_(torch.tensor(in_torch_s_order(convert_to_numpy(variable))))


def assert_equal_gradients(model, shown, parameters, training=False):
    found = gradients(model, shown, shown, get_loss("pixel_cross_entropy"), training)
    for (path, gradient), parameter in zip(found.items(), parameters, strict=True):
        np.testing.assert_allclose(in_torch_s_order(gradient), parameter.grad, atol=2e-5, err_msg=path)


def torch_loss(logits, shown):
    """Nats an image, by PyTorch's own loss."""
    import torch

    total = torch.nn.functional.binary_cross_entropy_with_logits(logits, shown, reduction="sum")
    return total / len(shown)


def test_loss_and_gradients_equal_pytorch_s():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model = Autoencoder((3, 5, 2), hidden=(11,), code_size=7, activation="tanh")
    twin = nn.Sequential(nn.Linear(30, 11), nn.Tanh(), nn.Linear(11, 7), nn.Linear(7, 11), nn.Tanh(), nn.Linear(11, 30))
    parameters = list(twin.parameters())
    copy_weights(model, parameters)
    shown = images(model)
    loss = torch_loss(twin(torch.tensor(shown).flatten(1)), torch.tensor(shown).flatten(1))
    model.compile("sgd", get_loss("pixel_cross_entropy"))
    np.testing.assert_allclose(model.evaluate(shown, shown, verbose=0), loss.item(), rtol=1e-6)
    loss.backward()
    assert_equal_gradients(model, shown, parameters)


@pytest.mark.parametrize("beta", [1.0, 0.25])
def test_the_variational_loss_and_its_gradients_equal_pytorch_s(beta):
    """With `torch.distributions` for the divergence."""
    torch = pytest.importorskip("torch")
    linear, distributions = torch.nn.Linear, torch.distributions
    model = VariationalAutoencoder((3, 5, 2), hidden=(11,), code_size=7, beta=beta, activation="tanh")
    into, mean, log_variance, back, out = twin = [
        linear(30, 11), linear(11, 7), linear(11, 7), linear(7, 11), linear(11, 30)
    ]  # fmt: skip
    parameters = [one for layer in twin for one in layer.parameters()]
    copy_weights(model, parameters)
    shown = images(model)
    flat = torch.tensor(shown).flatten(1)
    hidden = into(flat).tanh()
    code = distributions.Normal(mean(hidden), (log_variance(hidden) / 2).exp())
    divergence = distributions.kl_divergence(code, distributions.Normal(0.0, 1.0)).sum(1).mean()
    loss = torch_loss(out(back(code.mean).tanh()), flat) + beta * divergence
    model.compile("sgd", get_loss("pixel_cross_entropy"))
    np.testing.assert_allclose(model.evaluate(shown, shown, verbose=0), loss.item(), rtol=1e-6)
    loss.backward()
    assert_equal_gradients(model, shown, parameters)


# === Noise ===
@pytest.mark.parametrize(("name", "outputs_differ"), list(zip(NAMES, (False, False, True, True), strict=True)))
def test_noise_acts_in_training_only(name, outputs_differ):
    model = model_case(name).build()
    shown = images(model)
    np.testing.assert_array_equal(*(convert_to_numpy(model(shown)) for _ in range(2)))
    first, second = (convert_to_numpy(model(shown, training=True)) for _ in range(2))
    assert np.any(first != second) == outputs_differ


def test_a_denoising_autoencoder_learns_the_clean_image():
    """Every image is one of two; from a spoilt one, the whole clean one can be told."""
    patterns = np.zeros((2, 8, 8, 1), "float32")
    patterns[0, :4], patterns[1, 4:] = 1, 1
    shown = patterns[np.arange(64) % 2]
    model = DenoisingAutoencoder((8, 8, 1), code_size=5, strength=0.5)
    model.compile(keras.optimizers.Adam(0.03), get_loss("pixel_cross_entropy"))
    model.fit(shown, shown, batch_size=16, epochs=50, verbose=0)
    spoilt = model.spoil(shown, seed=3)
    assert 0.2 < np.abs(spoilt - shown).mean() < 0.3  # half of the white pixels
    np.testing.assert_allclose(model.reconstruct(spoilt), shown, atol=0.05)


def test_spoiling_follows_its_seed():
    model = DenoisingAutoencoder((5, 7, 1), code_size=3, corruption="gaussian", strength=0.5)
    shown = np.zeros((400, 5, 7, 1), "float32")
    np.testing.assert_array_equal(model.spoil(shown, 1), model.spoil(shown, 1))
    assert np.any(model.spoil(shown, 1) != model.spoil(shown, 2))
    assert abs(model.spoil(shown, 1).std() - 0.5) < 0.02


def test_generated_images_follow_their_seed():
    model = VariationalAutoencoder(hidden=(5,), code_size=3)
    one, same, other = model.generate(4, 1), model.generate(4, 1), model.generate(4, 2)
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)
    assert one.min() >= 0
    assert one.max() <= 1


def test_cross_entropy_of_pixels_by_numpy():
    rng = np.random.default_rng(0)
    shown, logits = rng.random((3, 5, 7, 2)), rng.normal(scale=5, size=(3, 5, 7, 2))
    p = 1 / (1 + np.exp(-logits))
    expected = -(shown * np.log(p) + (1 - shown) * np.log(1 - p)).sum(axis=(1, 2, 3))
    found = convert_to_numpy(pixel_cross_entropy(shown.astype("float32"), logits.astype("float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert np.isfinite(convert_to_numpy(pixel_cross_entropy([[1.0]], [[-1000.0]])))


# === Arguments ===
@pytest.mark.parametrize(
    ("cls", "config", "message"),
    [
        (Autoencoder, {"code_size": 0}, "code_size must be a whole number of at least 1; got 0"),
        (Autoencoder, {"hidden": (3, 0)}, r"every part of hidden=\(3, 0\) must be a whole number of at least 1"),
        (ConvAutoencoder, {"filters": ()}, "filters must have at least one number"),
        (ConvAutoencoder, {"input_shape": (28, 28)}, r"ConvAutoencoder takes images, input_shape=\(height, width, cha"),
        (DenoisingAutoencoder, {"corruption": "salt"}, "corruption must be one of masking, gaussian; got 'salt'"),
        (DenoisingAutoencoder, {"strength": 1}, r"strength must be a number in \[0, 1\) for the corruption 'masking'"),
        (DenoisingAutoencoder, {"corruption": "gaussian", "strength": -1}, "strength must be a number of at least 0"),
        (VariationalAutoencoder, {"beta": -1}, "beta must be a number of at least 0; got -1"),
        (VariationalAutoencoder, {"beta": True}, "beta must be a number of at least 0; got True"),
    ],
)
def test_impossible_arguments_are_refused(cls, config, message):
    with pytest.raises(ValueError, match=message):
        cls(**config)
