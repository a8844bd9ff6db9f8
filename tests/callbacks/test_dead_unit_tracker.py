"""`DeadUnitTracker` against outputs that a second model gives batch by batch."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import BACKEND, FEW, GRAPH, WAYS, on_tensorflow
from gradschool.callbacks import DeadUnitTracker, GradientClipping, GradientMonitor, OptimizerComparison
from gradschool.callbacks.units import counts
from gradschool.zoo.layers.activations import NoisyReLU, scaled_tanh
from units_by_hand import dead, frequency, outputs_by_step, saturation

pytestmark = pytest.mark.usefixtures("built_before_they_are_traced")

SAMPLES, BATCH, EPOCHS = 29, 8, 2  # the last batch has 5


def samples(shape=(6,), targets=(1,), count=SAMPLES, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, *shape)).astype("float32"), rng.normal(size=(count, *targets)).astype("float32")


def fit(model, tracker, x, y, epochs=EPOCHS, **arguments):
    """Fits in the order of the samples."""
    callbacks = [*arguments.pop("callbacks", ()), tracker]
    arguments = {"batch_size": BATCH, "epochs": epochs, "shuffle": False, "verbose": 0, **arguments}
    return model.fit(x, y, callbacks=callbacks, **arguments).history


def some_are_dead(layer, spread=3.0, seed=5):
    """Gives biases from a wide range, so that some units are dead, some fire seldom, some always."""
    weights = layer.get_weights()
    weights[-1] = np.random.default_rng(seed).normal(-1.0, spread, weights[-1].shape).astype("float32")
    layer.set_weights(weights)


def mixed_model(optimizer=None, **compile_arguments):
    """Convolutions, a separate activation layer and dense ones, rectifying and saturating."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 5, 2))
    x = layers.Conv2D(7, 3, activation="relu", name="conv", data_format="channels_last")(inputs)
    x = layers.Conv2D(5, 2, name="conv2", data_format="channels_last")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    x = layers.Flatten(name="flat", data_format="channels_last")(x)
    x = layers.Dense(11, activation="relu", name="hidden")(x)
    x = layers.Dense(6, activation="tanh", name="squash")(x)
    x = layers.Dense(3, activation="sigmoid", name="gate")(x)
    model = keras.Model(inputs, layers.Dense(1, name="last", dtype="float32")(x))
    for name, scale in {"conv": 1.0, "conv2": 4.0, "hidden": 1.0, "squash": 2.0, "gate": 3.0}.items():
        layer = model.get_layer(name)
        layer.set_weights([layer.get_weights()[0] * scale, layer.get_weights()[1]])
        some_are_dead(layer)
    model.compile(optimizer or keras.optimizers.SGD(0.05), "mse", **compile_arguments)
    return model


RECTIFYING, SATURATING = ("conv", "leaky", "hidden"), {"squash": (-1, 1), "gate": (0, 1)}


def layer_outputs(model, *names):
    return {name: model.get_layer(name).output for name in names}


def states(tracker, layer, what="dead"):
    """What each unit was in each epoch, shape `(epochs, units)`."""
    return np.array([row[what] for row in tracker.unit_rows if row["layer"] == layer])


def assert_is(tracker, epochs, rectifying=RECTIFYING, saturating=SATURATING, history=None):
    """Compares everything the tracker says with the outputs that were seen."""
    table = tracker.results.set_index(["layer", "epoch"])
    for number, seen in enumerate(epochs, 1):
        for name in rectifying:
            wanted = dead(seen[name])
            np.testing.assert_array_equal(states(tracker, name)[number - 1], wanted)
            row = table.loc[(name, number)]
            assert (row["units"], row["dead"], row["dead_fraction"]) == (len(wanted), wanted.sum(), wanted.mean())
        for name, limits in saturating.items():
            wanted = saturation(seen[name], *limits)
            np.testing.assert_allclose(states(tracker, name, "saturation")[number - 1], wanted, rtol=0, atol=1e-12)
            row = table.loc[(name, number)]
            assert (row["units"], row["saturated"]) == (len(wanted), (wanted > 0.95).sum())
    if history is not None:
        for name in rectifying:
            np.testing.assert_allclose(history[f"dead_fraction/{name}"], [dead(seen[name]).mean() for seen in epochs])
        every = [np.concatenate([dead(seen[name]) for name in rectifying]).mean() for seen in epochs]
        np.testing.assert_allclose(history["dead_fraction"], every)
        for name, limits in saturating.items():
            share = [(saturation(seen[name], *limits) > 0.95).mean() for seen in epochs]
            np.testing.assert_allclose(history[f"saturated_fraction/{name}"], share)


# === Every way of training ===
@pytest.fixture(scope="module")
def seen_by_hand():
    x, y = samples((8, 5, 2))
    twin = mixed_model(**GRAPH)
    return x, y, outputs_by_step(twin, layer_outputs(twin, *RECTIFYING, *SATURATING), x, y, BATCH, EPOCHS)


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), WAYS)
def test_dead_and_saturated_units_are_those_seen_by_hand(seen_by_hand, monkeypatch, use, compile_arguments):
    x, y, seen = seen_by_hand
    monkeypatch.setattr(counts, "_LARGE", 1)  # all layers take the way of large ones; in the other tests, that of small
    tracker = DeadUnitTracker()
    history = fit(use(mixed_model(**compile_arguments)), tracker, x, y)
    assert all(0 < dead(seen[0][name]).sum() < dead(seen[0][name]).size for name in RECTIFYING)
    shares = saturation(seen[0]["squash"], -1, 1)
    assert (shares > 0.95).any()
    assert ((shares > 0) & (shares < 0.95)).any()
    assert_is(tracker, seen, history=history)


@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_frequencies_are_those_seen_by_hand(seen_by_hand, use, compile_arguments):
    x, y, seen = seen_by_hand
    tracker = DeadUnitTracker(frequency=True)
    fit(use(mixed_model(**compile_arguments)), tracker, x, y)
    assert_is(tracker, seen)
    for name in RECTIFYING:
        for number, epoch in enumerate(seen):
            np.testing.assert_allclose(
                states(tracker, name, "frequency")[number], frequency(epoch[name]), rtol=0, atol=1e-12
            )


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_every_batch_counts_where_gradients_are_accumulated(use, compile_arguments):
    x, y = samples((8, 5, 2), count=32)

    def optimizer():
        return keras.optimizers.SGD(0.05, gradient_accumulation_steps=2)

    twin = mixed_model(optimizer(), **GRAPH)
    seen = outputs_by_step(twin, layer_outputs(twin, *RECTIFYING, *SATURATING), x, y, BATCH, EPOCHS)
    tracker = DeadUnitTracker()
    fit(use(mixed_model(optimizer(), **compile_arguments)), tracker, x, y)
    assert_is(tracker, seen)


@pytest.fixture
def half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.usefixtures("half_precision")
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_half_precision_is_counted_as_it_is(use, compile_arguments):
    x, y = samples()

    def model_of(**arguments):
        keras.utils.set_random_seed(1)
        hidden, squash = layers.Dense(9, "relu", name="hidden"), layers.Dense(5, "tanh", name="squash")
        model = keras.Sequential([keras.Input((6,)), hidden, squash, layers.Dense(1, dtype="float32")])
        for layer in (hidden, squash):
            some_are_dead(layer)
        model.compile(keras.optimizers.SGD(0.0), "mse", **arguments)
        return model

    twin = model_of(**GRAPH)
    seen = outputs_by_step(twin, layer_outputs(twin, "hidden", "squash"), x, y, BATCH, EPOCHS)
    tracker = DeadUnitTracker(frequency=True)
    fit(use(model_of(**compile_arguments)), tracker, x, y)
    np.testing.assert_array_equal(states(tracker, "hidden"), [dead(epoch["hidden"]) for epoch in seen])
    for number, epoch in enumerate(seen):  # a compiled product may round one to the next half
        wanted = saturation(epoch["squash"], -1, 1)
        np.testing.assert_allclose(states(tracker, "squash", "saturation")[number], wanted, atol=1 / SAMPLES)


# === Kinds of layers ===
def dense_model(*made):
    """A dense layer of nine units, then layers that `made` makes; some of the units are dead."""
    keras.utils.set_random_seed(1)
    parts = [layers.Dense(9, name="sum"), *(one() for one in made), layers.Dense(1, name="last")]
    model = keras.Sequential([keras.Input((6,)), *parts])
    some_are_dead(parts[0])
    model.compile(keras.optimizers.SGD(0.02), "mse", **GRAPH)
    return model


def seen_by(model, *names, epochs=1):
    return outputs_by_step(model, layer_outputs(model, *names), *samples(), BATCH, epochs)


SIGN_PRESERVING = ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "hard_silu", "mish")


@pytest.mark.parametrize("name", SIGN_PRESERVING)
def test_a_unit_fires_where_its_sum_is_positive(name):
    sums = seen_by(dense_model(lambda: layers.Activation(name)), "sum")[0]["sum"]
    model, tracker = dense_model(), DeadUnitTracker()
    model.layers[0].activation = keras.activations.get(name)
    fit(model, tracker, *samples(), epochs=1)
    assert 0 < dead(sums).sum() < 9
    np.testing.assert_array_equal(states(tracker, "sum")[0], dead(sums))


@pytest.mark.parametrize(
    "activation",
    [
        lambda: layers.ReLU(name="active"),
        lambda: layers.ReLU(max_value=1.0, negative_slope=0.1, name="active"),
        lambda: layers.LeakyReLU(name="active"),
        lambda: layers.ELU(name="active"),
        lambda: layers.PReLU(alpha_initializer=keras.initializers.Constant(-0.5), name="active"),
        lambda: layers.Activation(ops.relu, name="active"),
    ],
    ids=["relu", "relu_between", "leaky", "elu", "prelu", "ops"],
)
def test_activation_layers_fire_where_what_they_take_is_positive(activation):
    sums = seen_by(dense_model(activation), "sum")[0]["sum"]
    tracker = DeadUnitTracker("active")
    fit(dense_model(activation), tracker, *samples(), epochs=1)
    assert 0 < dead(sums).sum() < 9
    np.testing.assert_array_equal(states(tracker, "active")[0], dead(sums))


def test_a_relu_with_a_threshold_fires_from_there_on():
    def activation():
        return layers.ReLU(threshold=1.5, name="active")

    sums = seen_by(dense_model(activation), "sum")[0]["sum"]
    tracker = DeadUnitTracker()
    fit(dense_model(activation), tracker, *samples(), epochs=1)
    assert (dead(sums) != dead(sums - 1.5)).any()
    np.testing.assert_array_equal(states(tracker, "active")[0], dead(sums - 1.5))


SQUASHING = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "tanh": (-1, 1), "hard_tanh": (-1, 1), "softsign": (-1, 1)}


@pytest.mark.parametrize("name", SQUASHING)
def test_saturating_activations_have_their_limits(name):
    def activation():
        return layers.Activation(name, name="active")

    outputs = seen_by(dense_model(activation), "active")[0]["active"]
    tracker = DeadUnitTracker(margin=0.1, saturated_above=0.3)
    fit(dense_model(activation), tracker, *samples(), epochs=1)
    wanted = saturation(outputs, *SQUASHING[name], margin=0.1)
    assert wanted.any()
    np.testing.assert_allclose(states(tracker, "active", "saturation")[0], wanted, atol=1e-12)
    np.testing.assert_array_equal(states(tracker, "active", "saturated")[0], wanted > 0.3)


@pytest.mark.slow
def test_sequences_have_their_units_on_the_last_axis():
    keras.utils.set_random_seed(1)
    x, y = samples((4, 6), (4, 1))

    def model_of():
        keras.utils.set_random_seed(1)
        dense = layers.Dense(7, activation="relu", name="dense")
        conv = layers.Conv1D(5, 2, padding="same", activation="relu", data_format="channels_last", name="conv")
        mapped = layers.TimeDistributed(layers.Dense(3, activation="tanh"), name="mapped")
        einsum = layers.EinsumDense("btd,de->bte", (None, 4), bias_axes="e", activation="relu", name="einsum")
        model = keras.Sequential([keras.Input((4, 6)), dense, conv, mapped, einsum, layers.Dense(1)])
        for layer in (dense, conv, mapped, einsum):
            some_are_dead(layer, 1.0)
        model.compile(keras.optimizers.SGD(0.01), "mse", **GRAPH)
        return model

    twin = model_of()
    seen = outputs_by_step(twin, layer_outputs(twin, "dense", "conv", "mapped", "einsum"), x, y, BATCH, EPOCHS)
    tracker = DeadUnitTracker(saturated_above=0.9)
    fit(model_of(), tracker, x, y)
    assert list(tracker.results["layer"].unique()) == ["dense", "conv", "mapped", "einsum"]
    assert_is(tracker, seen, ("dense", "conv", "einsum"), {})
    np.testing.assert_allclose(states(tracker, "mapped", "saturation")[1], saturation(seen[1]["mapped"], -1, 1))
    assert tracker.unseen == {}


def test_a_mapped_layer_of_any_length_is_seen():
    inputs = keras.Input((None, 6))
    hidden = layers.TimeDistributed(layers.Dense(5, activation="relu"), name="mapped")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile("sgd", "mse")
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples((4, 6), (4, 1)))
    assert tracker.rows[0]["units"] == 5


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow has no such convolution on a CPU")
def test_units_of_convolutions_with_channels_first_are_their_channels():
    x, y = samples((2, 6, 5))

    def model_of():
        keras.utils.set_random_seed(1)
        options = {"data_format": "channels_first"}
        conv, second = layers.Conv2D(7, 3, activation="relu", name="conv", **options), layers.Conv2D(4, 2, **options)
        parts = [second, layers.BatchNormalization(axis=1), layers.ReLU(name="after")]
        last = [layers.Flatten(**options), layers.Dense(1)]
        model = keras.Sequential([keras.Input((2, 6, 5)), conv, *parts, *last])
        some_are_dead(conv)
        some_are_dead(parts[1])
        model.compile(keras.optimizers.SGD(0.01), "mse")
        return model

    twin = model_of()
    seen = outputs_by_step(twin, layer_outputs(twin, "conv"), x, y, BATCH, EPOCHS)
    tracker = DeadUnitTracker()
    fit(model_of(), tracker, x, y)
    np.testing.assert_array_equal(states(tracker, "conv"), [dead(one["conv"], axis=1) for one in seen])
    assert [row["units"] for row in tracker.rows[:2]] == [7, 4]


def test_the_axis_of_channels_is_found_behind_other_layers():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3, 4, 5))  # channels first
    x = layers.BatchNormalization(axis=1)(inputs)
    x = layers.Dropout(0.1)(x)
    x = layers.ReLU(name="after")(x)
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    model.compile("sgd", "mse")
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples((3, 4, 5)))
    assert tracker.rows[0]["units"] == 3


# === Calls and places ===
def test_a_shared_layer_fires_if_it_does_in_any_call():
    x, y = samples((2, 6))

    def model_of():
        keras.utils.set_random_seed(1)
        inputs, shared = keras.Input((2, 6)), layers.Dense(9, activation="relu", name="shared")
        first, second = shared(inputs[:, 0]), shared(inputs[:, 1] - 2.0)
        model = keras.Model(inputs, layers.Dense(1)(layers.concatenate([first, second])))
        shared.set_weights([np.full((6, 9), 0.3), np.linspace(-3, 3, 9)])
        model.compile(keras.optimizers.SGD(0.01), "mse", **GRAPH)
        return model, {"first": first, "second": second}

    twin, outputs = model_of()
    seen = outputs_by_step(twin, outputs, x, y, BATCH, EPOCHS)
    tracker = DeadUnitTracker()
    fit(model_of()[0], tracker, x, y)
    first, second = (np.array([dead(epoch[name]) for epoch in seen]) for name in ("first", "second"))
    assert (first != second).any()
    np.testing.assert_array_equal(states(tracker, "shared"), first & second)


class Block(layers.Layer):
    """Uses one activation layer for two groups of units."""

    def __init__(self, act, **kwargs):
        super().__init__(**kwargs)
        self.wide, self.narrow, self.act = layers.Dense(9), layers.Dense(4), act

    def call(self, x):
        return self.act(self.narrow(self.act(self.wide(x))))


class Branches(keras.Model):
    """Calls one block twice, and another with the same activation layer; its own step, and no build."""

    steps = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        act = layers.ReLU(name="act")
        self.block, self.other, self.last = Block(act, name="block"), Block(act, name="other"), layers.Dense(1)

    def call(self, x, training=False):
        x = self.block(x[:, 0]) + self.block(x[:, 1]) + self.other(x[:, 0])
        return self.last(x)

    def train_step(self, *arguments):
        self.__dict__["steps"] = self.steps + 1
        return super().train_step(*arguments)


def numpy_branches(model, x):
    """What the units of a `Branches` give, in NumPy."""

    def weights(layer):
        kernel, bias = layer.get_weights()
        return lambda values: values @ kernel + bias

    def block(one, values):
        wide = np.maximum(weights(one.wide)(values), 0)
        return wide, np.maximum(weights(one.narrow)(wide), 0)

    return [block(model.block, x[:, 0]), block(model.block, x[:, 1]), block(model.other, x[:, 0])]


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), [*FEW, WAYS[1]])
@pytest.mark.parametrize("built", [True, False])
def test_an_activation_layer_for_many_places_is_counted_at_each(use, compile_arguments, built):
    x, y = samples((2, 6))
    keras.utils.set_random_seed(1)
    model = Branches()
    if built:
        model(x[:1])
        some_are_dead(model.block.wide)
        some_are_dead(model.other.narrow)
    model.compile(keras.optimizers.SGD(0.0), "mse", **compile_arguments)  # weights stay, so NumPy knows all outputs
    tracker = DeadUnitTracker()
    fit(use(model), tracker, x, y, validation_data=(x + 9, y))
    first, again, other = numpy_branches(model, x)
    wanted = {
        "block/act": dead(np.concatenate([first[0], again[0]])),
        "block/act:2": dead(np.concatenate([first[1], again[1]])),
        "other/act": dead(other[0]),
        "other/act:2": dead(other[1]),
    }
    assert list(tracker.results["layer"].unique()) == list(wanted)
    for name, units in wanted.items():
        np.testing.assert_array_equal(states(tracker, name), [units] * EPOCHS)
    assert not built or any(units.any() for units in wanted.values())


def test_nested_models_and_operations_of_functional_ones_are_seen():
    keras.utils.set_random_seed(1)
    x, y = samples()
    encoder = keras.Sequential([keras.Input((6,)), layers.Dense(9, activation="relu", name="dense")], name="encoder")
    inputs = keras.Input((6,))
    deep = keras.Sequential([encoder, layers.Dense(5, activation="tanh", name="dense")], name="deep")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="dense")(ops.relu(layers.Dense(4, name="sum")(deep))))
    some_are_dead(encoder.layers[0])
    some_are_dead(model.get_layer("sum"))
    model.compile(keras.optimizers.SGD(0.0), "mse", **GRAPH)
    tracker = DeadUnitTracker()
    history = fit(model, tracker, x, y)
    relu = next(one.name for one in model.operations if type(one).__name__ == "Relu")
    assert list(tracker.results["layer"].unique()) == ["deep/encoder/dense", "deep/dense", relu]
    outputs = keras.Model(encoder.inputs, encoder.outputs).predict(x, verbose=0)
    np.testing.assert_array_equal(states(tracker, "deep/encoder/dense")[0], dead(outputs))
    sums = keras.Model(model.inputs, model.get_layer("sum").output).predict(x, verbose=0)
    np.testing.assert_array_equal(states(tracker, relu)[0], dead(sums))
    assert "dead_fraction/deep/encoder/dense" in history


# === What is not training does not count ===
@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_validation_and_prediction_do_not_count(use, compile_arguments):
    class Predict(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.predict(far, verbose=0)

        def on_train_batch_begin(self, batch, logs=None):
            if BACKEND != "jax":  # where the loop holds the weights
                self.model.predict(far, verbose=0)

    keras.utils.set_random_seed(1)
    hidden = layers.Dense(9, activation="relu", name="hidden", kernel_initializer="ones")
    model = keras.Sequential([keras.Input((6,)), hidden, layers.Dense(1)])
    hidden.set_weights([np.ones((6, 9)), np.linspace(-50, 5, 9)])
    model.compile(keras.optimizers.SGD(0.0), "mse", **compile_arguments)
    x, y = samples()
    far = x + 100
    tracker = DeadUnitTracker()
    fit(use(model), tracker, x, y, validation_data=(far, y), callbacks=[Predict()])
    wanted = dead(x.sum(axis=1, keepdims=True) + np.linspace(-50, 5, 9).astype("float32"))
    assert 0 < wanted.sum() < 9
    np.testing.assert_array_equal(states(tracker, "hidden"), [wanted, wanted])


# === Time ===
class SetBias(keras.callbacks.Callback):
    """Gives the first layer other biases before each epoch."""

    def __init__(self, *biases):
        super().__init__()
        self.biases = biases

    def on_epoch_begin(self, epoch, logs=None):
        kernel, _ = self.model.layers[0].get_weights()
        self.model.layers[0].set_weights([kernel, np.array(self.biases[epoch], "float32")])


@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_units_that_have_died_and_that_are_back_are_told(use, compile_arguments):
    x, y = np.ones((16, 2), "float32"), np.ones((16, 1), "float32")
    model = keras.Sequential([keras.Input((2,)), layers.Dense(4, activation="relu", name="hidden"), layers.Dense(1)])
    model.layers[0].set_weights([np.zeros((2, 4)), np.zeros(4)])
    model.compile(keras.optimizers.SGD(0.0), "mse", **compile_arguments)
    tracker = DeadUnitTracker()
    biases = [(1, 1, -1, -1), (1, -1, -1, -1), (-1, 1, 1, -1)]
    fit(use(model), tracker, x, y, epochs=3, callbacks=[SetBias(*biases)])
    rows = [(row["dead"], row["newly_dead"], row["revived"]) for row in tracker.rows]
    assert rows == [(2, None, None), (3, 1, 0), (2, 1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_every_fit_counts_anew(seen_by_hand, use, compile_arguments):
    x, y, seen = seen_by_hand
    model, tracker = use(mixed_model(**compile_arguments)), DeadUnitTracker()
    fit(model, tracker, x, y, epochs=1)
    assert_is(tracker, seen[:1])
    fit(model, tracker, x, y, epochs=1)
    assert_is(tracker, seen[1:])


@pytest.mark.slow
def test_several_of_ours_work_together(seen_by_hand):
    x, y, seen = seen_by_hand
    for order in (1, -1):
        model, one, other = mixed_model(**GRAPH), DeadUnitTracker(), DeadUnitTracker("h*", frequency=True)
        clipping, monitor = GradientClipping(global_norm=1e9), GradientMonitor(every=1)
        fit(model, one, x, y, callbacks=[other, clipping, monitor][::order])
        assert_is(one, seen)
        assert list(other.results["layer"].unique()) == ["hidden"]
        np.testing.assert_allclose(states(other, "hidden", "frequency")[0], frequency(seen[0]["hidden"]))
        assert len(monitor.rows) > 0


@pytest.mark.slow
def test_with_several_optimizers_it_counts_the_first(seen_by_hand):
    x, y, seen = seen_by_hand
    comparison = OptimizerComparison({"slow": keras.optimizers.SGD(0.05), "fast": keras.optimizers.SGD(5.0)}, "slow")
    tracker = DeadUnitTracker()
    fit(mixed_model(**GRAPH), tracker, x, y, callbacks=[comparison])
    assert_is(tracker, seen)


# === Options ===
def simple_model(activation="relu", units=9, **compile_arguments):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(units, activation=activation, name="hidden"), layers.Dense(1, name="last")]
    )
    some_are_dead(model.layers[0])
    model.compile(keras.optimizers.SGD(0.0), "mse", **compile_arguments)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
@pytest.mark.parametrize("frequent", [False, True])
def test_a_probe_set_is_counted_beside_the_training_batches(use, compile_arguments, frequent):
    x, y = samples()
    probe = samples(count=150, seed=8)[0] + 1.0
    keras.utils.set_random_seed(1)
    parts = [layers.Dropout(0.9), layers.Dense(4, activation="tanh", name="squash"), layers.Dense(1)]
    hidden = layers.Dense(9, activation="relu", name="hidden")
    model = keras.Sequential([keras.Input((6,)), hidden, *parts])
    some_are_dead(hidden)
    model.compile(keras.optimizers.SGD(0.05), "mse", **compile_arguments)
    tracker = DeadUnitTracker(probe=probe, frequency=frequent)
    history = fit(use(model), tracker, x, y)
    outputs = keras.Model(model.inputs, {"hidden": hidden.output, "squash": parts[1].output})
    given = outputs.predict(probe, verbose=0)
    assert (dead(given["hidden"]) != states(tracker, "hidden")[-1]).any()
    np.testing.assert_array_equal(states(tracker, "hidden", "probe_dead")[-1], dead(given["hidden"]))
    np.testing.assert_allclose(states(tracker, "squash", "probe_saturation")[-1], saturation(given["squash"], -1, 1))
    if frequent:
        np.testing.assert_allclose(states(tracker, "hidden", "probe_frequency")[-1], frequency(given["hidden"]))
    assert history["probe_dead_fraction/hidden"][-1] == pytest.approx(dead(given["hidden"]).mean())
    last = tracker.results.set_index(["layer", "epoch"]).loc[("hidden", EPOCHS)]
    assert last["probe_dead"] == dead(given["hidden"]).sum()


def test_a_probe_set_may_have_several_inputs():
    first, second = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    hidden = layers.Dense(4, activation="relu", name="hidden")(layers.concatenate([first, second]))
    model = keras.Model({"a": first, "b": second}, layers.Dense(1)(hidden))
    model.compile("sgd", "mse")
    x = {"a": np.ones((8, 3), "float32"), "b": np.ones((8, 2), "float32")}
    tracker = DeadUnitTracker(probe=x)
    fit(model, tracker, x, np.ones((8, 1), "float32"))
    assert tracker.rows[-1]["probe_dead"] is not None


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_of_large_maps_the_first_samples_are_counted(use, compile_arguments):
    x, y = samples((9, 7, 2), count=24)

    def model_of(**arguments):
        keras.utils.set_random_seed(1)
        conv = layers.Conv2D(5, 3, activation="tanh", name="conv", data_format="channels_last")
        model = keras.Sequential([keras.Input((9, 7, 2)), conv, layers.Flatten(), layers.Dense(1)])
        some_are_dead(conv)
        model.compile(keras.optimizers.SGD(0.0), "mse", **arguments)
        return model

    outputs = keras.Model((twin := model_of()).inputs, twin.get_layer("conv").output).predict(x, verbose=0)
    positions = outputs.shape[1] * outputs.shape[2]
    for most, samples_counted in ((3 * positions, 3), (3 * positions + 1, 4), (1, 1), (10**6, BATCH), (None, BATCH)):
        tracker = DeadUnitTracker(saturation_outputs=most)
        fit(use(model_of(**compile_arguments)), tracker, x, y, epochs=1)
        those = outputs.reshape(-1, BATCH, *outputs.shape[1:])[:, :samples_counted]
        wanted = saturation(those, -1, 1)
        np.testing.assert_allclose(states(tracker, "conv", "saturation")[0], wanted, atol=1e-12)
    tracker = DeadUnitTracker(saturation_outputs=1, frequency=True)
    fit(use(model_of(**compile_arguments)), tracker, x, y, epochs=1)
    np.testing.assert_allclose(states(tracker, "conv", "saturation")[0], saturation(outputs, -1, 1), atol=1e-12)


@pytest.mark.slow
def test_layers_are_chosen_by_name_pattern_path_and_themselves():
    def names(*chosen):
        encoder = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="relu", name="a")], name="encoder")
        inputs = keras.Input((6,))
        x = layers.Dense(3, activation="relu", name="block_1")(encoder(inputs))
        x = layers.Dense(3, activation="tanh", name="block_2")(x)
        model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
        model.compile("sgd", "mse", **GRAPH)
        wanted = [model.get_layer(one.removeprefix("=")) if one.startswith("=") else one for one in chosen]
        tracker = DeadUnitTracker(wanted if len(wanted) > 1 else wanted[0])
        fit(model, tracker, *samples(), epochs=1)
        return [row["layer"] for row in tracker.rows]

    assert names("block_*") == ["block_1", "block_2"]
    assert names("encoder") == names("encoder/a") == names("a") == names("=encoder") == ["encoder/a"]
    assert names("=block_2", "a") == ["encoder/a", "block_2"]
    with pytest.raises(ValueError, match=r"no layer fits 'blok_1'; did you mean 'block_1' or 'block_2'\?"):
        names("blok_1")
    with pytest.raises(ValueError, match=r"'logits' has no units that can be watched: linear neither rectifies nor"):
        names("logits")


def my_relu(x):
    return ops.maximum(x, 0.0)


@keras.saving.register_keras_serializable(package="tests")
class Rectified(layers.Dense):
    def call(self, inputs):
        return my_relu(super().call(inputs))


def test_what_is_not_known_can_be_said():
    x, y = samples()
    keras.utils.set_random_seed(1)
    parts = [
        layers.Dense(9, activation=my_relu, name="mine"),
        Rectified(7, name="ours"),
        layers.Dense(5, activation=scaled_tanh, name="scaled"),
        NoisyReLU(name="noisy"),
    ]
    model = keras.Sequential([keras.Input((6,)), *parts, layers.Dense(1)])
    for layer in parts[:3]:
        some_are_dead(layer)
    model.compile(keras.optimizers.SGD(0.0), "mse", **GRAPH)
    said = {my_relu: "rectifier", Rectified: "rectifier", scaled_tanh: (-1.7159, 1.7159), NoisyReLU: "rectifier"}
    tracker = DeadUnitTracker(activations=said)
    fit(model, tracker, x, y, epochs=1)
    outputs = keras.Model(model.inputs, [layer.output for layer in parts[:3]]).predict(x, verbose=0)
    np.testing.assert_array_equal(states(tracker, "mine")[0], dead(outputs[0]))
    np.testing.assert_array_equal(states(tracker, "ours")[0], dead(outputs[1]))
    wanted = saturation(outputs[2], -1.7159, 1.7159)
    np.testing.assert_allclose(states(tracker, "scaled", "saturation")[0], wanted)
    assert states(tracker, "noisy").shape == (1, 5)
    assert tracker.unseen == {}


# === What cannot be seen ===
class Inline(keras.Model):
    """Applies functions in its `call`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.relu, self.last = layers.Dense(4), layers.ReLU(), layers.Dense(1)

    def call(self, x):
        return self.last(keras.activations.tanh(self.relu(self.first(x))))


def test_functions_in_a_call_of_ones_own_are_said_not_to_be_seen():
    model = Inline(name="inline")
    model.compile("sgd", "mse", **GRAPH)
    tracker = DeadUnitTracker()
    with pytest.warns(UserWarning, match=r"cannot see functions .* applies by itself: tanh in inline\. Put them into"):
        fit(model, tracker, *samples())
    assert [row["layer"] for row in tracker.rows] == ["re_lu"] * EPOCHS or "re_lu" in tracker.rows[0]["layer"]
    assert tracker.unseen == {"inline": "whatever functions Inline.call applies by itself"}


@pytest.mark.slow
def test_other_things_that_cannot_be_seen_are_said():
    inputs = keras.Input((4, 6))
    x = layers.Dense(5, activation=my_relu, name="mine")(inputs)
    x = layers.LSTM(3, name="lstm")(x)
    x = layers.Dense(5, activation="softmax", name="soft")(x)
    x = layers.Dense(5, activation="relu", name="seen")(x)
    x = layers.Lambda(lambda values: values * 2, output_shape=(5,), name="double")(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile("sgd", "mse", **GRAPH)
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples((4, 6)), epochs=1)
    assert [row["layer"] for row in tracker.rows] == ["seen"]
    assert set(tracker.unseen) == {"mine", "lstm", "double"}
    assert 'say activations={my_relu: "rectifier"}' in tracker.unseen["mine"]
    assert "loop over time" in tracker.unseen["lstm"]


def test_layers_within_a_map_over_time_are_not_seen_but_its_outputs():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="relu"), layers.Dense(2)], name="inner")
    inputs = keras.Input((4, 6))
    x = layers.TimeDistributed(inner, name="mapped")(inputs)
    model = keras.Model(inputs, layers.Dense(1, activation="tanh", name="last")(x))
    model.compile("sgd", "mse")
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples((4, 6), (4, 1)), epochs=1)
    assert [row["layer"] for row in tracker.rows] == ["last"]
    ((path, why),) = tracker.unseen.items()
    assert path.startswith("mapped/inner/dense")
    assert "mapped maps it over time as a whole" in why


def test_a_layer_that_is_never_called_is_said():
    class Unused(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.used, self.unused = layers.Dense(3, activation="relu"), layers.ReLU(name="unused")

        def call(self, x):
            return self.used(x)

    model = Unused(name="model")
    model.compile("sgd", "mse")
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples(targets=(3,)))
    assert tracker.unseen["unused"] == "no training step has called it"
    assert "unused" not in {row["layer"] for row in tracker.rows}


@pytest.mark.skipif(BACKEND != "jax", reason="Keras's own fit fails on TensorFlow, and PyTorch has no such thing")
def test_layers_that_are_computed_twice_are_not_seen():
    inputs = keras.Input((6,))
    with keras.RematScope(mode="full"):
        x = layers.Dense(5, activation="relu", name="again")(inputs)
    x = layers.Dense(5, activation="relu", name="once")(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile("sgd", "mse", **GRAPH)
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples(), epochs=1)
    assert [row["layer"] for row in tracker.rows] == ["once"]
    assert "remat" in tracker.unseen["again"]


def test_a_layer_as_activation_speaks_for_itself():
    keras.utils.set_random_seed(1)
    dense = layers.Dense(9, activation=layers.PReLU(keras.initializers.Constant(-0.5), name="active"), name="hidden")
    model = keras.Sequential([keras.Input((6,)), dense, layers.Dense(1)])
    model.compile("sgd", "mse", **GRAPH)
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples(), epochs=1)
    assert [row["layer"] for row in tracker.rows] == ["hidden/active"]


@on_tensorflow
def test_a_call_that_is_compiled_by_itself_is_not_seen():
    import tensorflow as tf

    class Compiled(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(4, activation="relu", name="inner")

        def build(self, shape):
            self.inner.build(shape)

        @tf.function
        def call(self, x):
            return self.inner(x)

    model = keras.Sequential([keras.Input((6,)), Compiled(name="compiled"), layers.Dense(1, "tanh", name="last")])
    model.compile("sgd", "mse", **GRAPH)
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples(), epochs=1)
    assert [row["layer"] for row in tracker.rows] == ["last"]
    assert "tf.function" in tracker.unseen["compiled/inner"]


@pytest.mark.skipif(BACKEND != "jax", reason="elsewhere variables are written in place")
def test_counts_that_a_step_loses_are_said_to_be_missing():
    class Loses(keras.Sequential):
        def train_step(self, state, data):
            logs, (trainable, _, optimizer, metrics) = super().train_step(state, data)
            return logs, (trainable, state[1], optimizer, metrics)

    model = Loses([keras.Input((6,)), layers.Dense(4, activation="relu", name="hidden"), layers.Dense(1)])
    model.compile("sgd", "mse")
    for frequency_too in (False, True):
        tracker = DeadUnitTracker(frequency=frequency_too)
        fit(model, tracker, *samples(), epochs=1)
        assert tracker.rows == []
        assert "does not hand on" in tracker.unseen["hidden"]


# === Errors ===
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": 0.5}, r"margin is a share, at least 0 and less than 0.5; got 0.5"),
        ({"margin": "wide"}, r"margin is a share.*got 'wide'"),
        ({"saturated_above": 1.0}, r"saturated_above is a share, at least 0 and less than 1.0; got 1.0"),
        ({"saturation_outputs": 0}, r"saturation_outputs is a number, at least 1, or None; got 0"),
        ({"layers": 3}, r"layers are names, patterns or Keras layers; got 3"),
        ({"layers": []}, r"layers is empty"),
        ({"activations": {"relu": "rectifier"}}, r"by function or layer class; got 'relu'"),
        ({"activations": {my_relu: (1.0, 0.0)}}, r'give "rectifier" or the limits \(low, high\); got \(1.0, 0.0\)'),
        ({"probe": 3.0}, r"probe is an array of samples.*got float"),
        ({"probe": np.zeros((0, 3))}, r"at least one; got \(0, 3\)"),
        ({"probe": (np.zeros((2, 3)), np.zeros((3, 3)))}, r"equally many"),
    ],
)
def test_arguments_out_of_their_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeadUnitTracker(**arguments)


def test_what_does_not_fit_the_model_is_refused_before_training():
    x, y = samples()
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, name="a"), layers.Dense(1, "softplus", name="b")])
    model.compile("sgd", "mse", **GRAPH)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"nothing to track in .*: none.*There are a \(linear\), b \(softplus\)\."):
        fit(model, DeadUnitTracker(), x, y)
    with pytest.raises(ValueError, match=r"'elsewhere' is no layer of the model"):
        fit(model, DeadUnitTracker(layers.ReLU(name="elsewhere")), x, y)
    with pytest.raises(ValueError, match=r"probe: the model cannot be called on these inputs"):
        fit(simple_model(), DeadUnitTracker(probe=np.zeros((4, 5), "float32")), x, y)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match=r"nothing to show yet"):
        DeadUnitTracker().plot()


# === Nothing is left behind ===
class Look(keras.callbacks.Callback):
    """Saves the model in the middle of a fit, and breaks it off if asked to."""

    def __init__(self, folder, breaks=False):
        super().__init__()
        self.folder, self.breaks = folder, breaks

    def on_epoch_end(self, epoch, logs=None):
        self.model.save(self.folder / "middle.keras")
        self.model.save_weights(self.folder / "middle.weights.h5")
        if self.breaks:
            raise KeyboardInterrupt


def inside(path):
    """Names and shapes of all that lies in a file of weights."""
    import io
    import zipfile

    import h5py

    found = []
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            found += [archive.read("config.json").decode().split('"build_config"')[0].count("gradschool")]
            path = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(path) as file:
        file.visititems(lambda name, one: found.append((name, getattr(one, "shape", None))))
    return found


def attributes(model):
    every = [model, *model._flatten_layers(include_self=False)]
    return [(set(one.__dict__), len(one._seed_generators), len(one.variables)) for one in every]


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
@pytest.mark.parametrize("breaks", [False, True])
def test_nothing_is_left_behind_and_nothing_is_saved(tmp_path, use, compile_arguments, breaks):
    x, y = samples((8, 5, 2))
    plain, model = use(mixed_model(**compile_arguments)), use(mixed_model(**compile_arguments))
    fit(plain, keras.callbacks.Callback(), x, y)
    (tmp_path / "plain").mkdir()
    tracker = DeadUnitTracker(frequency=breaks)
    try:
        fit(model, tracker, x, y, callbacks=[Look(tmp_path, breaks)])
    except KeyboardInterrupt:
        assert breaks
    assert attributes(model) == attributes(plain)
    plain.save(tmp_path / "plain" / "middle.keras")
    plain.save_weights(tmp_path / "plain" / "middle.weights.h5")
    for name in ("middle.keras", "middle.weights.h5"):
        assert inside(tmp_path / name) == inside(tmp_path / "plain" / name)
    reloaded, cloned = keras.saving.load_model(tmp_path / "middle.keras"), keras.models.clone_model(model)
    assert attributes(cloned)[1:] == attributes(keras.models.clone_model(plain))[1:]
    fit(reloaded, keras.callbacks.Callback(), x, y)
    model.load_weights(tmp_path / "middle.weights.h5")
    if breaks:
        assert len(tracker.rows) == 5
        fit(model, keras.callbacks.Callback(), x, y, epochs=1)
        assert len(tracker.rows) == 5


@pytest.mark.slow
def test_a_model_that_is_built_for_it_has_the_weights_it_would_have():
    def trained(*callbacks):
        keras.utils.set_random_seed(1)
        model = Branches()
        model.compile(keras.optimizers.SGD(0.05), "mse", **GRAPH)
        x, y = samples((2, 6))
        for callback in callbacks:
            fit(model, callback, x, y)
        return model.get_weights()

    for one, other in zip(trained(DeadUnitTracker()), trained(keras.callbacks.Callback()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_training_is_what_it_would_be_without(use, compile_arguments):
    x, y = samples((8, 5, 2))
    plain, model = use(mixed_model(**compile_arguments)), use(mixed_model(**compile_arguments))
    plain_history = fit(plain, keras.callbacks.Callback(), x, y)
    history = fit(model, DeadUnitTracker(frequency=True), x, y)
    np.testing.assert_allclose(history["loss"], plain_history["loss"], rtol=1e-5)
    for one, other in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


# === The engine ===
@pytest.mark.slow
@on_tensorflow
@pytest.mark.parametrize("options", [{}, {"frequency": True}])
def test_a_fit_that_is_resumed_in_the_middle_of_an_epoch_counts_on(tmp_path, options):
    from gradschool import zoo

    def run(breaks_at):
        batches = iter(range(1, 100))

        class Break(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if next(batches) == breaks_at:
                    raise KeyboardInterrupt

        tracker = DeadUnitTracker(**options)
        model = zoo.use_engine(mixed_model())
        checkpoints = zoo.Checkpoints(tmp_path / "checkpoints", every_steps=3, resume=True)
        fit(model, tracker, *samples((8, 5, 2)), epochs=3, callbacks=[checkpoints, Break()])
        return tracker, checkpoints

    with pytest.raises(KeyboardInterrupt):
        run(7)  # in the second epoch, behind a checkpoint in the middle of it
    resumed, checkpoints = run(0)
    assert checkpoints.resumed_from is not None
    whole = DeadUnitTracker(**options)
    fit(zoo.use_engine(mixed_model()), whole, *samples((8, 5, 2)), epochs=3)
    assert len(whole.rows) == 15
    assert resumed.rows == whole.rows
    for row, other in zip(resumed.unit_rows, whole.unit_rows, strict=True):
        assert {name: np.array(value).tolist() for name, value in row.items()} == {
            name: np.array(value).tolist() for name, value in other.items()
        }


@on_tensorflow
@pytest.mark.parametrize("jit", [True, False])
def test_a_step_that_the_guard_undoes_does_not_count(jit):
    from gradschool import zoo
    from gradschool.zoo.engine.trouble import NotFiniteError

    x, y = samples()
    x[20] = np.nan
    model, tracker = zoo.use_engine(simple_model(jit_compile=jit)), DeadUnitTracker(frequency=True)
    counted = []

    def read_before_end():
        counted.append(tracker._watch.read()[0]["hidden"][1])

    class Read(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            read_before_end()

    with pytest.raises(NotFiniteError, match="epoch 1"):
        fit(model, tracker, x, y, epochs=1, callbacks=[Read()])
    assert counted[-1].outputs <= 16
    assert attributes(model)[1:] == attributes(simple_model())[1:]


# === Pictures and tables ===
@pytest.mark.slow
def test_tables_and_pictures(tmp_path):
    x, y = samples((8, 5, 2))
    tracker = DeadUnitTracker(frequency=True)
    fit(mixed_model(**GRAPH), tracker, x, y)
    table = tracker.units
    assert list(table.columns[:3]) == ["epoch", "layer", "unit"]
    assert len(table) == EPOCHS * (7 + 5 + 11 + 6 + 3)
    one = table[(table["layer"] == "hidden") & (table["epoch"] == 2)]
    np.testing.assert_array_equal(one["dead"].to_numpy(bool), states(tracker, "hidden")[1])
    assert set(tracker.results["activation"]) == {"relu", "LeakyReLU", "tanh", "sigmoid"}
    tracker.results.to_csv(tmp_path / "units.csv", index=False)
    figure = tracker.plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:2] == ["share of dead units", "share of saturated units"]
    often = states(tracker, "hidden").any(axis=0).sum()
    assert f"hidden:\n{often} of 11 units dead in some epoch" in titles
    shares = tracker.results.pivot(index="layer", columns="epoch", values="dead_fraction").loc[list(RECTIFYING)]
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), shares)
    figure.savefig(tmp_path / "units.png")


def test_a_healthy_network_has_a_picture_too(tmp_path):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(9, activation="elu", name="hidden"), layers.Dense(1)])
    model.compile("sgd", "mse")
    tracker = DeadUnitTracker()
    fit(model, tracker, *samples())
    tracker.plot().savefig(tmp_path / "units.png")
    assert tracker.units["dead"].tolist() == [False] * 18
