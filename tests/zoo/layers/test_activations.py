"""Each activation against its formula and against PyTorch, and the one lookup that finds them."""

import json

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import input_gradient
from gradschool.zoo.layers.activations import (
    ACTIVATIONS,
    NoisyReLU,
    ParametricReLU,
    activated,
    activation_layer,
    get_activation,
    hardlim,
    hardlims,
    serialize_activation,
)

X = np.array([-7.0, -2.0, -0.5, 0.25, 1.0, 3.0], "float32")  # not zero, where the derivative of some is a convention


def logistic(x):
    return 1 / (1 + np.exp(-x))


# name -> (a(x), da/dx); the derivatives by hand
FORMULAS = {
    "linear": (lambda x: x, np.ones_like),
    "logistic": (logistic, lambda x: logistic(x) * (1 - logistic(x))),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "scaled_tanh": (
        lambda x: 1.7159 * np.tanh(2 * x / 3),
        lambda x: 1.7159 * 2 / 3 * (1 - np.tanh(2 * x / 3) ** 2),
    ),
    "relu": (lambda x: np.maximum(0, x), lambda x: (x > 0) * 1.0),
    "noisy_relu": (lambda x: np.maximum(0, x), lambda x: (x > 0) * 1.0),  # outside training
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.2 * x), lambda x: np.where(x > 0, 1, 0.2)),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda x: np.where(x > 0, 1, np.exp(x))),
    "selu": (
        lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * (np.exp(x) - 1)),
        lambda x: 1.05070098 * np.where(x > 0, 1, 1.67326324 * np.exp(x)),
    ),
    "hardlim": (lambda x: np.where(x >= 0, 1, 0), np.ones_like),
    "hardlims": (lambda x: np.where(x >= 0, 1, -1), np.ones_like),
}


def run(activation, x):
    return convert_to_numpy(activation(keras.ops.convert_to_tensor(x)))


@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_derivatives_follow_the_formula(name):
    activation, (formula, derivative) = get_activation(name), FORMULAS[name]
    np.testing.assert_allclose(run(activation, X), formula(X), atol=1e-6)
    np.testing.assert_allclose(input_gradient(activation, X), derivative(X), atol=1e-6)


def test_the_formulas_miss_only_those_tested_apart():
    assert set(ACTIVATIONS) - set(FORMULAS) == {"softmax", "parametric_relu"}


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("logistic", "sigmoid"),
        ("tanh", "tanh"),
        ("relu", "relu"),
        ("elu", "elu"),
        ("selu", "selu"),
        ("softmax", "softmax"),
        ("leaky_relu", "leaky_relu"),
    ],
)
def test_values_and_derivatives_equal_pytorch_s(name, theirs):
    torch = pytest.importorskip("torch")
    options = {"softmax": {"dim": -1}, "leaky_relu": {"negative_slope": 0.2}}.get(name, {})
    ours, weights = get_activation(name), np.arange(1, 13, dtype="float32").reshape(2, 6)  # softmax sums to a constant
    x = torch.tensor(np.stack([X, X[::-1]]), requires_grad=True)
    expected = getattr(torch.nn.functional, theirs)(x, **options)
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(run(ours, x.detach().numpy()), expected.detach(), atol=1e-6)
    slope = input_gradient(lambda x: ours(x) * keras.ops.convert_to_tensor(weights), x.detach().numpy())
    np.testing.assert_allclose(slope, x.grad, atol=1e-5)


# === Steps ===
@pytest.mark.parametrize(("step", "below"), [(hardlim, 0), (hardlims, -1)])
def test_a_step_is_exact_however_large_its_input(step, below):
    x = np.array([-np.inf, -3e38, -1e8, -1e-30, 0.0, 1e-30, 1e8, 3e38, np.inf], "float32")
    np.testing.assert_array_equal(run(step, x), [below] * 4 + [1] * 5)
    assert np.isnan(run(step, np.array([np.nan], "float32")))


# === Noisy ReLU ===
def test_noise_has_the_logistic_as_its_variance():
    x = np.repeat(np.array([3.5, 8.0], "float32")[:, None], 200_000, axis=1)  # so far up that almost none is cut off
    noise = convert_to_numpy(NoisyReLU(seed=3)(x, training=True)) - x
    np.testing.assert_allclose(noise.mean(axis=1), 0, atol=0.01)
    np.testing.assert_allclose(noise.var(axis=1), logistic(x[:, 0]), rtol=0.01)


def test_noise_lets_a_unit_at_rest_fire_sometimes():
    fires = convert_to_numpy(NoisyReLU(seed=3)(np.zeros(10_000, "float32"), training=True)) > 0
    assert 0.48 < fires.mean() < 0.52


def test_noise_is_repeated_by_its_seed_and_differs_from_call_to_call():
    layer, same = NoisyReLU(seed=3), NoisyReLU.from_config(NoisyReLU(seed=3).get_config())
    first, second, again = (convert_to_numpy(unit(X, training=True)) for unit in (layer, layer, same))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != second)


def test_noise_is_a_constant_to_the_derivative_also_far_below_zero():
    layer = NoisyReLU(seed=3)
    slopes = input_gradient(lambda x: layer(x, training=True), np.array([-500.0, -90.0, 500.0], "float32"))
    np.testing.assert_array_equal(slopes, [0, 0, 1])


# === Parametric ReLU ===
def test_parametric_relu_equals_pytorch_s():
    torch = pytest.importorskip("torch")
    ours, theirs = ParametricReLU(), torch.nn.PReLU(5)
    images = np.random.default_rng(0).normal(size=(2, 3, 7, 5)).astype("float32")
    expected = theirs(torch.tensor(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    np.testing.assert_allclose(run(ours, images), expected.detach(), atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 5), (2, 3, 5), (2, 3, 7, 5)])
def test_parametric_relu_has_one_slope_per_channel_that_starts_at_a_quarter(shape):
    layer = ParametricReLU()
    np.testing.assert_allclose(run(layer, -np.ones(shape, "float32")), np.full(shape, -0.25))
    assert layer.count_params() == 5


# === Lookup ===
@pytest.mark.parametrize("name", [*ACTIVATIONS, "gelu", "silu", "swish", "softplus"])
def test_every_name_round_trips_through_json(name):
    x = np.stack([X, X + 1])
    kept = json.loads(json.dumps(serialize_activation(get_activation(name))))
    np.testing.assert_array_equal(run(get_activation(kept), x), run(get_activation(name), x))
    assert serialize_activation(name) == name


@pytest.mark.parametrize(
    ("identifier", "kept"),
    [(None, "linear"), (keras.activations.sigmoid, "logistic"), (hardlim, "hardlim"), (keras.activations.gelu, "gelu")],
)
def test_functions_are_kept_by_name(identifier, kept):
    assert serialize_activation(identifier) == kept


def test_a_layer_is_copied_with_its_settings_so_that_two_places_share_no_weights():
    given = keras.layers.LeakyReLU(negative_slope=0.3)
    copy = get_activation(serialize_activation(given))
    assert copy is not given
    assert get_activation(given) is not given
    np.testing.assert_allclose(run(copy, X), np.where(X > 0, X, 0.3 * X), rtol=1e-6)
    assert isinstance(get_activation(keras.layers.PReLU), keras.layers.PReLU)


@pytest.mark.parametrize(
    ("name", "near"),
    [("sigmiod", "'sigmoid'"), ("noisy relu", "'noisy_relu'"), ("hardlimit", "'hardlim'"), ("Tanh", "'tanh'")],
)
def test_unknown_names_get_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"unknown activation {name!r}; did you mean .*{near}"):
        get_activation(name)


@pytest.mark.parametrize("identifier", [3, [], {"a": 1}])
def test_what_is_no_activation_is_refused(identifier):
    with pytest.raises(ValueError, match="activation"):
        get_activation(identifier)


def test_a_lambda_is_refused_before_it_is_lost_in_a_save():
    with pytest.raises(ValueError, match="must not be a lambda"):
        serialize_activation(lambda x: x)


def test_a_registered_function_of_the_user_s_is_kept():
    @keras.saving.register_keras_serializable(package="a_user")
    def cube(x):
        return x**3

    kept = json.loads(json.dumps(serialize_activation(cube)))
    assert get_activation(kept) is cube


def test_a_function_goes_into_the_layer_and_a_layer_follows_it():
    inside, behind = keras.layers.Dense(3, name="hidden"), keras.layers.Dense(3, name="hidden")
    inputs = keras.Input((2,))
    with_function = keras.Model(inputs, activated(inside, "tanh")(inputs))
    with_layer = keras.Model(inputs, activated(behind, "parametric_relu")(inputs))
    assert [layer.name for layer in with_function.layers[1:]] == ["hidden"]
    assert inside.activation is keras.activations.tanh
    assert [layer.name for layer in with_layer.layers[1:]] == ["hidden", "hidden_activation"]
    assert with_layer.count_params() == with_function.count_params() + 3


def test_a_layer_without_an_activation_of_its_own_is_followed_by_one():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, activated(keras.layers.BatchNormalization(name="norm"), "relu")(inputs))
    assert [layer.name for layer in model.layers[1:]] == ["norm", "norm_activation"]


def test_a_following_layer_computes_in_the_precision_of_the_layer():
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(3, dtype="mixed_bfloat16", name="hidden")
    model = keras.Model(inputs, activated(hidden, "noisy_relu")(inputs))
    assert model.layers[-1].dtype_policy.name == "mixed_bfloat16"


def test_any_activation_can_be_a_layer_of_its_own():
    assert run(activation_layer("hardlims", name="step", dtype="float16"), X).dtype == np.float16
    assert activation_layer(keras.layers.PReLU(), name="bend").name == "bend"
