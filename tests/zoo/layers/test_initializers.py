"""Each initialiser's values against the variance or bound that it promises."""

import json

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.initializers import INITIALIZERS, get_initializer, serialize_initializer

N_IN, N_OUT = 397, 601
XAVIER, HE = 2 / (N_IN + N_OUT), 2 / N_IN

# name -> (variance, largest absolute value); a uniform's variance is limit^2 / 3, a normal is cut off at two deviations
# of the normal before the cut, whose deviation is larger by 1 / 0.87962566 to end at the variance wanted
CUT = 2 / 0.87962566
PROMISES = {
    "zeros": (0, 0),
    "constant": (0, 0.1),
    "gaussian": (0.05**2, np.inf),
    "uniform": (0.05**2 / 3, 0.05),
    "xavier_uniform": (XAVIER, np.sqrt(6 / (N_IN + N_OUT))),
    "glorot_uniform": (XAVIER, np.sqrt(6 / (N_IN + N_OUT))),
    "xavier_normal": (XAVIER, CUT * np.sqrt(XAVIER)),
    "glorot_normal": (XAVIER, CUT * np.sqrt(XAVIER)),
    "kaiming_uniform": (HE, np.sqrt(6 / N_IN)),
    "he_uniform": (HE, np.sqrt(6 / N_IN)),
    "kaiming_normal": (HE, CUT * np.sqrt(HE)),
    "he_normal": (HE, CUT * np.sqrt(HE)),
    "inverse_fan_in": ((2.4 / N_IN) ** 2 / 3, 2.4 / N_IN),
    "orthogonal": (1 / N_OUT, np.inf),
}


def draw(identifier, shape=(N_IN, N_OUT)):
    return convert_to_numpy(get_initializer(identifier)(shape, dtype="float32"))


def test_every_name_has_a_promise():
    assert set(INITIALIZERS) == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_variance_and_bound(name):
    variance, largest = PROMISES[name]
    values = draw(name)
    np.testing.assert_allclose(values.var(), variance, rtol=0.02, atol=1e-12)
    beyond = np.mean(np.abs(values) > largest * (1 + 1e-6))
    assert beyond < 1e-4  # Keras cuts on PyTorch by trying four times, which leaves 4 values in a million uncut
    if 0 < largest < np.inf and variance > 0:
        assert np.abs(values).max() > 0.99 * largest


def test_constant_is_a_tenth():
    np.testing.assert_allclose(draw("constant"), 0.1)


def test_rows_of_orthogonal_are_orthonormal():
    values = draw("orthogonal")
    np.testing.assert_allclose(values @ values.T, np.eye(N_IN), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "limit"), [("he_uniform", np.sqrt(6 / 150)), ("inverse_fan_in", 2.4 / 150)], ids=["he", "inverse"]
)
def test_a_convolution_s_inputs_are_those_of_its_whole_patch(name, limit):
    values = draw(name, (5, 5, 6, 160))  # 5 * 5 * 6 = 150 inputs of each unit
    assert 0.99 * limit < np.abs(values).max() <= limit


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"zeros", "constant"}))
def test_one_object_given_to_two_layers_draws_twice(name):
    given = get_initializer(name)
    assert np.any(draw(given) != draw(given))


@pytest.mark.parametrize("kind", ["GlorotUniform", "HeNormal", "RandomNormal", "Orthogonal"])
def test_a_seed_repeats_the_draw_also_after_json(kind):
    seeded = getattr(keras.initializers, kind)(seed=5)
    kept = json.loads(json.dumps(serialize_initializer(seeded)))
    np.testing.assert_array_equal(draw(seeded), draw(kept))


@pytest.mark.parametrize("name", [*INITIALIZERS, "lecun_normal", "HeNormal"])
def test_names_are_kept_as_they_are(name):
    assert serialize_initializer(name) == name
    assert json.dumps(serialize_initializer(get_initializer(name)))


@pytest.mark.parametrize(
    ("name", "near"), [("xavier", "'xavier_"), ("kaiming_norm", "'kaiming_normal'"), ("orthogonl", "'orthogonal'")]
)
def test_unknown_names_get_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"unknown initializer {name!r}; did you mean .*{near}"):
        get_initializer(name)


def test_a_lambda_is_refused_before_it_is_lost_in_a_save():
    with pytest.raises(ValueError, match="must not be a lambda"):
        serialize_initializer(lambda shape, dtype=None: keras.ops.ones(shape, dtype))


@pytest.mark.parametrize("identifier", [3, None, []])
def test_what_is_no_initializer_is_refused(identifier):
    with pytest.raises(ValueError, match="initializer"):
        get_initializer(identifier)
