"""Layers computed by other operations are Keras's own."""

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.zoo.engine.use import use_engine

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the engine is TensorFlow's")

OPTIONS = [{}, {"scale": False}, {"center": False}, {"momentum": 0.7, "epsilon": 0.01}, {"axis": 3}]
OTHERS = [{"axis": 1}, {"axis": 2}, {"dtype": "float64"}, {"dtype": "mixed_bfloat16"}, {"trainable": False}]
RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 3.0, (11, 7, 5, 3)).astype("float32")
Y = RNG.integers(0, 4, 11)


def model(options, activation="relu"):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((7, 5, 3))
    x = layers.Conv2D(6, 3)(inputs)
    x = layers.Activation(activation)(layers.BatchNormalization(**options)(x))
    made = keras.Model(inputs, layers.Dense(4, dtype="float32")(layers.GlobalAveragePooling2D()(x)))
    made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def operations(made):
    """Names of the operations in the engine's compiled training steps."""
    (compiled, *_) = made._gradschool_loops["train"]._compiled.values()
    graph = compiled._list_all_concrete_functions()[0].graph
    functions = [function.graph for function in graph._functions.values() if hasattr(function, "graph")]
    names = {node.op for function in graph.as_graph_def().library.function for node in function.node_def}
    return names | {operation.type for one in [graph, *functions] for operation in one.get_operations()}


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS + OTHERS, ids=str)
def test_training_is_keras_own(options):
    own, ours = model(options), use_engine(model(options))
    # The last batch has 3 samples; with 15 values in a map, 1/n and 1/(n-1) differ by 7 %.
    histories = [one.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history for one in (own, ours)]
    loose = 1e-2 if "dtype" in options and "bfloat16" in options["dtype"] else 2e-5
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=loose)
    for value, expected in zip(ours.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_allclose(value, expected, rtol=loose, atol=loose)
    assert ("FusedBatchNormV3" in operations(ours)) == (options in OPTIONS)


def test_a_single_value_has_no_variance():
    inputs = keras.Input((1, 1, 3))
    own, ours = (keras.Model(inputs, layers.BatchNormalization()(inputs)) for _ in range(2))
    x = RNG.normal(size=(1, 1, 1, 3)).astype("float32")
    for one in (own, use_engine(ours)):
        one.compile("sgd", "mse")
        one.fit(x, x, verbose=0)
    for value, expected in zip(ours.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-6)


def test_gradients_are_those_of_the_formula_in_float64():
    import tensorflow as tf

    from gradschool.zoo.engine.faster_layers import normalize

    layer = layers.BatchNormalization()
    layer.build(X.shape)
    layer.gamma.assign([0.5, 2.0, -1.0])
    weight = RNG.normal(size=X.shape)

    def by_formula(x):
        mean, variance = tf.nn.moments(x, [0, 1, 2])
        return tf.cast(layer.gamma.value, x.dtype) * (x - mean) / tf.sqrt(variance + layer.epsilon)

    found = []
    for function, dtype in ((lambda x: normalize(layer, x), "float32"), (by_formula, "float64")):
        x = tf.constant(X.astype(dtype))
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = function(x)
            total = tf.reduce_sum(outputs * weight.astype(dtype))
        found.append((outputs.numpy(), tape.gradient(total, x).numpy()))
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_allclose(ours, expected, atol=2e-5)


def test_the_layer_is_as_it_was_afterwards():
    made = use_engine(model({}))
    made.fit(X, Y, verbose=0)
    (layer,) = (one for one in made.layers if isinstance(one, layers.BatchNormalization))
    assert "call" not in vars(layer)


# === Average pooling ===
POOLINGS = [{"pool_size": 2}, {"pool_size": (3, 2)}, {"pool_size": 5}]
OTHER_POOLINGS = [
    {"pool_size": 3, "strides": 2},
    {"pool_size": 2, "padding": "same"},
    {"pool_size": 2, "dtype": "float64"},
    {"pool_size": 2, "dtype": "bfloat16"},
]


def pooling_model(options):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((7, 5, 3))
    x = layers.AveragePooling2D(**options)(layers.Conv2D(6, 3, padding="same", activation="tanh")(inputs))
    made = keras.Model(inputs, layers.Dense(4, dtype="float32")(layers.Flatten(dtype="float32")(x)))
    made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


@pytest.mark.parametrize("options", POOLINGS + OTHER_POOLINGS, ids=str)
def test_pooling_is_keras_own(options):
    own, ours = pooling_model(options), use_engine(pooling_model(options))
    histories = [one.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history for one in (own, ours)]
    loose = 1e-2 if options.get("dtype") == "bfloat16" else 1e-5
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=loose)
    for value, expected in zip(ours.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_allclose(value, expected, rtol=loose, atol=loose)
    assert ("AvgPoolGrad" not in operations(ours)) == (options in POOLINGS)
