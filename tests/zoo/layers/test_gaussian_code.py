"""The divergence of a code against a Monte Carlo estimate and PyTorch, and the way it is drawn."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.gaussian_code import GaussianCode, kl_divergence
from gradschool.zoo.layers.global_batch import Part, holding

RNG = np.random.default_rng(0)
MEAN, LOG_VARIANCE = RNG.normal(size=(2, 5, 3)).astype("float32")


def test_the_divergence_is_the_mean_of_the_log_ratio_of_the_densities():
    found = convert_to_numpy(kl_divergence(MEAN, LOG_VARIANCE))
    noise = np.random.default_rng(1).normal(size=(200_000, *MEAN.shape))
    drawn = MEAN + np.exp(LOG_VARIANCE / 2) * noise
    log_ratio = (-(noise**2) - LOG_VARIANCE + drawn**2) / 2  # log q(z) - log p(z); log 2 pi cancels
    np.testing.assert_allclose(found, log_ratio.sum(-1).mean(0), rtol=0.01)


def test_the_divergence_equals_pytorch_s():
    torch = pytest.importorskip("torch")
    normal = torch.distributions.Normal
    ours = normal(torch.tensor(MEAN), torch.tensor(np.exp(LOG_VARIANCE / 2)))
    expected = torch.distributions.kl_divergence(ours, normal(0.0, 1.0)).sum(-1)
    np.testing.assert_allclose(convert_to_numpy(kl_divergence(MEAN, LOG_VARIANCE)), expected, rtol=1e-5)


def test_codes_in_training_have_the_mean_and_the_variance():
    mean, log_variance = np.full((20_000, 1), 2.0, "float32"), np.full((20_000, 1), np.log(9.0), "float32")
    codes = convert_to_numpy(GaussianCode(seed=0)([mean, log_variance], training=True))
    assert abs(codes.mean() - 2) < 0.1
    assert abs(codes.std() - 3) < 0.1
    np.testing.assert_array_equal(convert_to_numpy(GaussianCode()([mean, log_variance])), mean)


@pytest.mark.parametrize("beta", [0, 0.5, 1.0])
def test_the_layer_adds_beta_times_the_mean_divergence(beta):
    layer = GaussianCode(beta)
    layer([MEAN, LOG_VARIANCE])
    expected = beta * convert_to_numpy(kl_divergence(MEAN, LOG_VARIANCE)).mean()
    np.testing.assert_allclose(convert_to_numpy(layer.losses[0]), expected, rtol=1e-6)


def test_replicas_draw_the_rows_of_one_device():
    whole = convert_to_numpy(GaussianCode(seed=7)([MEAN, LOG_VARIANCE], training=True))
    for first, count in ((0, 3), (3, 2)):
        part = slice(first, first + count)
        with holding(Part(first, count, 5)):
            own = convert_to_numpy(GaussianCode(seed=7)([MEAN[part], LOG_VARIANCE[part]], training=True))
        np.testing.assert_allclose(own, whole[part], atol=1e-6)


def test_a_replica_without_samples_adds_nothing():
    layer = GaussianCode()
    layer([ops.zeros((0, 3)), ops.zeros((0, 3))])
    assert float(layer.losses[0]) == 0


def test_the_config_gives_everything_back():
    copy = GaussianCode.from_config(GaussianCode(0.5, seed=3, name="code").get_config())
    assert (copy.beta, copy.seed, copy.name) == (0.5, 3, "code")
    assert isinstance(copy, keras.layers.Layer)
