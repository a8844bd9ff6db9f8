"""Local response normalisation against the equation, and against PyTorch's."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import input_gradient
from gradschool.zoo.layers.local_response_normalization import LocalResponseNormalization


def maps():
    return np.random.default_rng(0).normal(size=(3, 2, 5, 7)).astype("float32")


def by_hand(a, size, k, alpha, beta):
    b = np.empty_like(a)
    for i in range(a.shape[-1]):
        around = a[..., max(0, i - size // 2) : i + size // 2 + 1]
        b[..., i] = a[..., i] / (k + alpha * np.square(around).sum(-1)) ** beta
    return b


@pytest.mark.parametrize("size", [1, 3, 5, 13])
def test_values_are_those_of_the_equation(size):
    layer = LocalResponseNormalization(size, k=1.5, alpha=0.3, beta=0.6)
    np.testing.assert_allclose(convert_to_numpy(layer(maps())), by_hand(maps(), size, 1.5, 0.3, 0.6), rtol=1e-5)


@pytest.mark.parametrize(("dtype", "relative"), [("float16", 1e-3), ("bfloat16", 8e-3)])
@pytest.mark.parametrize("size", [3.0, 300.0])  # squares beyond float16; shares of k beyond bfloat16's digits
def test_half_precision_rounds_the_result_alone(dtype, relative, size):
    a = np.full((1, 1, 1, 7), size)
    answer = LocalResponseNormalization(dtype=dtype)(a)
    assert keras.backend.standardize_dtype(answer.dtype) == dtype
    expected = by_hand(a, 5, 2.0, 1e-4, 0.75)
    np.testing.assert_allclose(convert_to_numpy(keras.ops.cast(answer, "float32")), expected, rtol=relative)


def test_values_and_gradients_equal_pytorch_s():
    torch = pytest.importorskip("torch")
    x = torch.tensor(maps()).permute(0, 3, 1, 2).requires_grad_()  # (B, H, W, N) -> (B, N, H, W)
    y = torch.nn.LocalResponseNorm(5, alpha=5 * 0.2, beta=0.75, k=2.0)(x)  # theirs divides alpha by n
    y.sum().backward()
    layer = LocalResponseNormalization(alpha=0.2)
    np.testing.assert_allclose(convert_to_numpy(layer(maps())), y.detach().permute(0, 2, 3, 1), atol=1e-6)
    np.testing.assert_allclose(input_gradient(layer, maps()), x.grad.permute(0, 2, 3, 1), atol=1e-6)


def test_defaults_are_the_paper_s_and_the_config_makes_the_same():
    config = LocalResponseNormalization().get_config()
    assert [config[key] for key in ("size", "k", "alpha", "beta")] == [5, 2.0, 1e-4, 0.75]
    copy = LocalResponseNormalization.from_config({**config, "size": 3})
    assert copy.get_config() == {**config, "size": 3}
    assert keras.saving.get_registered_name(LocalResponseNormalization).startswith("gradschool>")


@pytest.mark.parametrize("size", [0, 2, -1])
def test_an_even_number_of_maps_is_refused(size):
    with pytest.raises(ValueError, match=f"size must be an odd whole number of at least 1; got {size}"):
        LocalResponseNormalization(size)
