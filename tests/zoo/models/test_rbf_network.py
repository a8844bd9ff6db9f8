"""The radial basis function network against NumPy, SciPy's own units, scikit-learn's centres, and counts by hand."""

import tracemalloc

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.gaussian_units import GaussianUnits, squared_distances
from gradschool.zoo.models.rbf_network import RBFNetwork, k_means, widths

RNG = np.random.default_rng(0)


def groups(count=3, each=20):
    """Samples in well separated groups, and the middles of these."""
    middles = np.array([[0, 0], [5, 0], [0, 5], [5, 5]], "float32")[:count]
    spread = RNG.normal(scale=0.1, size=(each, count, 2)).astype("float32")
    return (middles + spread).reshape(-1, 2), (middles + spread).mean(axis=0)


def test_parameters_by_hand():
    model = RBFNetwork()
    assert {layer.name: layer.count_params() for layer in model.layers if layer.weights} == {
        "units": 200 * 784 + 200,
        "logits": 200 * 10 + 10,
    }
    fixed = RBFNetwork(learn_centres=False)
    assert [variable.name for variable in fixed.trainable_variables] == ["kernel", "bias"]


def test_distances_by_scipy():
    from scipy.spatial.distance import cdist

    x, centres = RNG.random((5, 7), "float32"), RNG.random((3, 7), "float32")
    found = convert_to_numpy(squared_distances(keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(centres)))
    np.testing.assert_allclose(found, cdist(x, centres, "sqeuclidean"), rtol=1e-5)
    assert convert_to_numpy(squared_distances(*[keras.ops.convert_to_tensor(x)] * 2)).min() >= 0


def test_units_by_numpy():
    layer = GaussianUnits(3)
    x = RNG.random((5, 7), "float32")
    layer(x)
    layer.log_widths.assign([-1.0, 0.0, 1.0])
    centres = convert_to_numpy(layer.centres)
    apart = ((x[:, None] - centres) ** 2).sum(-1)
    np.testing.assert_allclose(convert_to_numpy(layer(x)), np.exp(-apart / (2 * np.exp([-2, 0, 2]))), rtol=1e-4)


def test_no_unit_starts_out_silent():
    layer = GaussianUnits(20)
    answers = convert_to_numpy(layer((RNG.random((9, 784)) < 0.2).astype("float32")))
    assert answers.min() > 0.1
    assert answers.max() < 1


# === Centres and widths ===
def test_centres_lie_in_the_middle_of_the_groups_and_widths_reach_the_neighbours():
    samples, middles = groups()
    model = RBFNetwork((2,), classes=3, units=3)
    model.pretrain(samples, neighbours=1)
    layer = model.get_layer("units")
    centres = convert_to_numpy(layer.centres)
    found = centres[np.argsort(centres @ [1, 2])]
    np.testing.assert_allclose(found, middles[np.argsort(middles @ [1, 2])], atol=1e-5)
    apart = np.linalg.norm(centres[:, None] - centres, axis=-1)
    np.testing.assert_allclose(np.exp(convert_to_numpy(layer.log_widths)), np.sort(apart)[:, 1], rtol=1e-5)


def test_the_seed_decides_over_the_centres():
    samples = RNG.random((200, 5)).astype("float32")
    np.testing.assert_array_equal(k_means(samples, 20, 1), k_means(samples, 20, 1))
    assert np.any(k_means(samples, 20, 1) != k_means(samples, 20, 2))


def test_centres_on_the_same_place_have_a_width():
    np.testing.assert_array_equal(widths(np.array([[0.0], [0.0], [3.0]]), 1), [1.5, 1.5, 3.0])
    np.testing.assert_array_equal(widths(np.zeros((3, 1)), 1), np.ones(3))


def test_it_learns_what_no_linear_model_can():
    """Exclusive or: two of four groups belong to each class."""
    samples, _ = groups(4)
    labels = np.tile([0, 1, 1, 0], 20)
    model = RBFNetwork((2,), classes=2, units=4, learn_centres=False)
    model.pretrain(samples)
    model.compile(keras.optimizers.Adam(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(samples, labels, epochs=30, batch_size=16, verbose=0)
    np.testing.assert_array_equal(model.predict(samples, verbose=0).argmax(-1), labels)


def test_many_centres_need_no_memory_for_all_their_differences():
    centres = np.random.default_rng(2).random((300, 200)).astype("float32")
    widths(centres[:3], neighbours=1)  # imports what it needs
    tracemalloc.start()
    found = widths(centres, neighbours=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * centres.size * 8  # all differences are 300 times the centres
    by_hand = [np.sort(np.square(centres - one).sum(-1))[1:3].mean() ** 0.5 for one in centres]
    np.testing.assert_allclose(found, by_hand, rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        ({"units": 0}, None, "units must be a whole number of at least 1; got 0"),
        ({"learn_centres": 1}, None, "learn_centres is True or False; got 1"),
        ({"units": 5}, {"neighbours": 5}, "neighbours must be less than units=5; got 5"),
        ({"units": 61}, {}, "there are 60 samples for units=61 centres"),
    ],
)
def test_what_is_impossible_is_refused(config, options, message):
    with pytest.raises(ValueError, match=message):
        RBFNetwork((2,), **config).pretrain(groups()[0], **options)
