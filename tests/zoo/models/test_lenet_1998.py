"""LeNet-5 of 1998 against the paper's figures, its table I, and the same net in plain NumPy."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.layers.class_codes import class_codes
from gradschool.zoo.models.lenet_1998 import CONNECTIONS, LeNet5In1998

# The paper's section II.B: trainable parameters and connections of each layer, output shape
PAPER = {
    "C1": (156, 122_304, (28, 28, 6)),
    "S2": (12, 5_880, (14, 14, 6)),
    "C3": (1_516, 151_600, (10, 10, 16)),
    "S4": (32, 2_000, (5, 5, 16)),
    "C5": (48_120, 48_120, (1, 1, 120)),
    "F6": (10_164, 10_164, (84,)),
    "output": (0, 840, (10,)),
}

# Table I, as it is printed: rows are the maps of S2, columns those of C3
TABLE_I = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""


def test_trainable_parameters_are_the_paper_s():
    model = LeNet5In1998()
    counts = {name: sum(np.prod(w.shape) for w in model.get_layer(name).trainable_weights) for name in PAPER}
    assert counts == {name: parameters for name, (parameters, _, _) in PAPER.items()}
    assert sum(counts.values()) == sum(np.prod(weight.shape) for weight in model.trainable_weights) == 60_000


def test_connections_are_the_paper_s():
    """A connection there is a product with a weight, or a bias; a subsampling unit's four inputs count as four."""
    connections = {}
    for row in layer_table(LeNet5In1998()):
        outputs = int(np.prod(row.output_shape))
        biases = outputs if row.name in ("C1", "S2", "C3", "S4", "C5", "F6") else 0
        each = 4 if row.name in ("S2", "S4") else 1
        connections[row.name] = row.multiply_adds * each + biases
    assert {name: connections[name] for name in PAPER} == {name: count for name, (_, count, _) in PAPER.items()}
    assert sum(connections.values()) == 340_908


def test_output_shapes_are_the_paper_s():
    model = LeNet5In1998()
    assert {name: model.get_layer(name).output.shape[1:] for name in PAPER} == {k: v[2] for k, v in PAPER.items()}


def test_connections_are_table_i_s():
    printed = np.array([list(row) for row in TABLE_I.split()]) == "X"  # (6, 16)
    ours = np.array([[c in inputs for inputs in CONNECTIONS] for c in range(6)])
    np.testing.assert_array_equal(ours, printed)


# === The same in NumPy ===
def squash(a):
    return 1.7159 * np.tanh(2 / 3 * a)


def convolve(x, kernel, bias):
    patches = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))  # (B, H', W', in, 5, 5)
    return np.einsum("bhwcij,ijcm->bhwm", patches, kernel) + bias


def subsample(x, coefficient, bias):
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).sum((2, 4)) * coefficient + bias


def in_numpy(images, weights):
    """Section II.B step by step; `weights` in the model's order."""
    weights = iter(weights)
    x = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0))) * 1.275 - 0.1
    x = squash(convolve(x, next(weights), next(weights)))
    x = squash(subsample(x, next(weights), next(weights)))
    kernels, full, pair = next(weights), np.zeros((5, 5, 6, 16)), 0
    for m, inputs in enumerate(CONNECTIONS):
        for c in inputs:
            full[:, :, c, m] = kernels[..., pair]
            pair += 1
    x = squash(convolve(x, full, next(weights)))
    x = squash(subsample(x, next(weights), next(weights)))
    x = squash(convolve(x, next(weights), next(weights))).reshape(len(images), 120)
    x = squash(x @ next(weights) + next(weights))
    return -((x[:, None] - class_codes(10)) ** 2).sum(-1)


def test_answers_equal_the_paper_s_steps_in_numpy():
    images = np.random.default_rng(0).random((3, 28, 28, 1), "float32")
    model = LeNet5In1998()
    rng = np.random.default_rng(1)
    weights = [rng.normal(scale=0.2, size=weight.shape) for weight in model.trainable_weights]
    for variable, value in zip(model.trainable_weights, weights, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(convert_to_numpy(model(images)), in_numpy(images, weights), rtol=1e-4)


# === The rest of the contract ===
def test_an_image_already_in_the_field_answers_as_the_same_image_padded_by_the_model():
    images = np.random.default_rng(0).random((3, 28, 28, 1), "float32")
    padding, field = LeNet5In1998(), LeNet5In1998(input_shape=(32, 32, 1))
    field.set_weights(padding.get_weights())
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    np.testing.assert_allclose(convert_to_numpy(field(padded)), convert_to_numpy(padding(images)), rtol=1e-5)


def test_paper_becomes_minus_a_tenth_and_ink_1_175():
    model = LeNet5In1998()
    scaled = keras.Model(model.inputs[0], model.get_layer("scale").output)
    paper, ink = (convert_to_numpy(scaled(np.full((1, 28, 28, 1), value, "float32"))) for value in (0, 1))
    np.testing.assert_allclose(paper, -0.1, atol=1e-6)
    np.testing.assert_allclose(ink[0, 2:-2, 2:-2], 1.175, atol=1e-6)


def test_initial_weights_follow_the_paper_s_rule():
    for name, inputs in {"C1": 25, "C5": 400, "F6": 120}.items():
        kernel = convert_to_numpy(LeNet5In1998().get_layer(name).kernel)
        assert 0.9 * 2.4 / inputs < np.abs(kernel).max() <= 2.4 / inputs


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": (30, 30, 1)}, r"takes images of 28x28 or 32x32 pixels; got input_shape=\(30, 30, 1\)"),
        ({"input_shape": (28, 28)}, r"input_shape=\(height, width, channels\)"),
        ({"classes": 1}, "classes must be a whole number of at least 2; got 1"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        LeNet5In1998(**config)
