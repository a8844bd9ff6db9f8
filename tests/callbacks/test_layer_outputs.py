"""The seam to what layers give: calls in training steps alone, variables in the step, what a model consists of."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import BACKEND, FEW, on_tensorflow
from gradschool.callbacks.diagnostic import Diagnostic
from gradschool.callbacks.keras_internals import (
    LayerWatch,
    channel_axis,
    is_written_in_keras,
    layer_tree,
    names_in_call,
    step_variable,
)

SAMPLES, BATCH = 20, 8  # the last batch has 4


class Watcher(Diagnostic):
    """Adds up what some layers give in training steps."""

    def __init__(self, *names):
        super().__init__()
        self.names, self.sums, self.calls, self.symbolic = names, {}, [], []

    def attach(self, fit):
        self.sums = {}
        found = {node.path: node for node in layer_tree(self.model)}
        chosen = [found[name] for name in self.names]
        watch = LayerWatch(fit, [one.operation for one in chosen], [one.container for one in chosen])
        watch.symbolically(lambda call: self.symbolic.append((call.operation.name, tuple(call.outputs.shape)[1:])))

        def see(call):
            self.calls.append((call.operation.name, getattr(call.container, "name", None), call.number))
            name = call.operation.name
            if name not in self.sums:
                self.sums[name] = step_variable(fit, call.operation, (), "float32", 1.0, f"sum_{name}")
            total = ops.sum(ops.cast(ops.stop_gradient(call.outputs), "float32"))
            self.sums[name].assign(ops.convert_to_tensor(self.sums[name]) + total)

        watch.in_training(fit, see)

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append({name: float(ops.convert_to_numpy(one.value)) - 1 for name, one in self.sums.items()})


class Masked(layers.Layer):
    """Takes `training` and `mask`, and says which it was given."""

    given = ()

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, training=None, mask=None):
        self.__dict__["given"] = (training, mask is not None)
        return inputs


def data(shape=(6,)):
    rng = np.random.default_rng(3)
    return rng.normal(size=(SAMPLES, *shape)).astype("float32"), rng.normal(size=(SAMPLES, 1)).astype("float32")


def fit(model, callback, epochs=2, **arguments):
    x, y = arguments.pop("data", None) or data()
    model.fit(
        x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=[callback], validation_data=(x, y),
        **arguments,
    )  # fmt: skip


def model_of(**arguments):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(5, name="first"), layers.Dense(1, name="last")])
    model.compile(keras.optimizers.SGD(0.0), "mse", **arguments)
    return model


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_calls_in_training_steps_are_told_and_no_others(use, compile_arguments):
    model, watcher = use(model_of(**compile_arguments)), Watcher("first")
    fit(model, watcher)
    x, _ = data()
    outputs = x @ model.layers[0].get_weights()[0]
    sums = [row["first"] for row in watcher.rows]
    np.testing.assert_allclose(sums, [outputs.sum(), 2 * outputs.sum()], rtol=1e-4)
    assert set(watcher.symbolic) == {("first", (5,))}
    assert {call[2] for call in watcher.calls} == {0}
    number = len(watcher.calls)
    fit(model, keras.callbacks.Callback())
    model.predict(x, verbose=0)
    assert len(watcher.calls) == number
    assert all("call" not in layer.__dict__ for layer in model._flatten_layers())


def test_the_arguments_of_a_call_are_handed_on():
    inputs = keras.Input((4,), dtype="int32")
    x = layers.Embedding(5, 3, mask_zero=True)(inputs)
    masked = Masked(name="masked")
    model = keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling1D()(masked(x))))
    model.compile("sgd", "mse", run_eagerly=BACKEND != "jax")
    tokens, (_, y) = np.random.default_rng(0).integers(0, 5, (SAMPLES, 4)), data()
    given = []
    watcher = Watcher("masked")
    watcher.on_train_batch_end = lambda batch, logs=None: given.append(masked.given)
    model.fit(tokens, y, batch_size=BATCH, verbose=0, callbacks=[watcher])
    assert set(given) == {(True, True)}
    assert watcher.rows[0]["masked"] != 0


def test_calls_are_numbered_within_each_call_of_what_they_lie_in():
    act = layers.ReLU(name="act")

    class Twice(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.act = act

        def call(self, x):
            return self.act(self.act(x) - 1.0)

    class Model(keras.Model):
        def __init__(self):
            super().__init__(name="model")
            self.act, self.twice, self.last = act, Twice(name="twice"), layers.Dense(1, name="last")

        def call(self, x):
            return self.last(self.twice(self.twice(self.act(x))))

    model = Model()
    model.compile("sgd", "mse", run_eagerly=BACKEND != "jax")

    class Both(Watcher):
        def attach(self, fit):
            nodes = [node for node in layer_tree(self.model) if node.operation is act]
            assert [node.path for node in nodes] == ["act", "twice/act"]
            watch = LayerWatch(fit, [act], [node.container for node in nodes])
            watch.in_training(fit, lambda call: self.calls.append((call.container.name, call.number)))

    watcher = Both()
    fit(model, watcher, epochs=1)
    assert watcher.calls[:5] == [("model", 0), ("twice", 0), ("twice", 1), ("twice", 0), ("twice", 1)]


def test_a_step_that_calls_its_layers_without_the_model_is_seen():
    class Own(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ops.square(self.layers[1](self.layers[0](x)) - y))

    keras.utils.set_random_seed(1)
    model = Own([keras.Input((6,)), layers.Dense(5, name="first"), layers.Dense(1, name="last")])
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=BACKEND != "jax")
    watcher = Watcher("first")
    fit(model, watcher, epochs=1)
    x, _ = data()
    outputs = x @ model.layers[0].get_weights()[0]
    np.testing.assert_allclose(watcher.rows[0]["first"], 2 * outputs.sum(), rtol=1e-4)  # the model calls it as well
    assert {container for _, container, _ in watcher.calls} == {None, model.name}


@pytest.mark.slow
@on_tensorflow
def test_the_engines_faster_layers_and_watched_ones_get_along():
    from gradschool import zoo

    def trained(*callbacks):
        keras.utils.set_random_seed(1)
        parts = [layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="norm"), layers.AveragePooling2D(2)]
        model = keras.Sequential([keras.Input((8, 8, 2)), *parts, layers.Flatten(), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
        zoo.use_engine(model)
        for callback in callbacks or [keras.callbacks.Callback()]:
            fit(model, callback, data=data((8, 8, 2)))
        return model

    watcher = Watcher("conv", "norm")
    plain, watched = trained(), trained(watcher)
    for one, other in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert set(watcher.rows[0]) == {"conv", "norm"}
    assert all("call" not in layer.__dict__ for layer in watched.layers)


@pytest.mark.skipif(BACKEND != "jax", reason="elsewhere variables need no carrier")
def test_on_jax_a_variable_is_carried_by_its_layer_and_no_weight():
    model = model_of()
    weights, variables = len(model.weights), len(model.variables)
    seen = []

    class Look(Watcher):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            seen.append((len(self.model.weights), len(self.model.variables), self.model.count_params()))

    fit(model, Look("first"))
    assert seen == [(weights, variables + 1, 41)] * 2
    assert len(model.variables) == variables


# === What a model consists of ===
def test_the_tree_of_a_model():
    inner = keras.Sequential([keras.Input((4, 3)), layers.Dense(2, name="deep")], name="inner")
    inputs = keras.Input((4, 3))
    x = layers.TimeDistributed(layers.Dense(3, name="each"), name="mapped")(inner(inputs))
    x = layers.Bidirectional(layers.LSTM(2, name="lstm"), name="both")(ops.relu(x))
    model = keras.Model(inputs, layers.Dense(1, name="last")(x), name="model")
    tree = {node.path: node for node in layer_tree(model)}
    relu = next(one.name for one in model.operations if type(one).__name__ == "Relu")
    wanted = [
        "model",
        "inner",
        "inner/deep",
        "mapped",
        "mapped/each",
        "both",
        "both/forward_lstm",
        "both/backward_lstm",
    ]
    assert list(tree) == [*wanted, "last", relu]
    assert tree["inner/deep"].container is inner
    assert tree[relu].container is model
    assert {path for path, node in tree.items() if node.hidden} == {"mapped/each"}


def test_a_layer_that_lies_in_two_places_has_two_nodes():
    shared = layers.Dense(3, name="shared")
    parts = [keras.Sequential([keras.Input((3,)), shared], name=name) for name in ("one", "other")]
    model = keras.Sequential([keras.Input((3,)), *parts])
    assert [node.path for node in layer_tree(model) if node.operation is shared] == ["one/shared", "other/shared"]


def test_code_that_keras_has_not_written_is_told_apart_and_names_what_it_uses():
    class Own(layers.Dense):
        def call(self, inputs):
            return ops.relu(super().call(inputs)) + ops.stack([ops.tanh(one) for one in (inputs, inputs)])

    class Inherits(layers.Dense):
        pass

    assert is_written_in_keras(layers.Dense(1))
    assert is_written_in_keras(Inherits(1))
    assert not is_written_in_keras(Own(1))
    assert {"relu", "tanh"} <= names_in_call(Own(1))
    assert "relu" in names_in_call(layers.Lambda(lambda x: ops.relu(x)))


def test_the_axis_of_channels():
    assert channel_axis(layers.Dense(3)) == -1
    assert channel_axis(layers.Conv2D(3, 2, data_format="channels_first")) == 1
    assert channel_axis(layers.Conv2D(3, 2, data_format="channels_last")) == -1
    assert channel_axis(layers.ReLU()) is None
    inputs = keras.Input((3, 4, 5))
    behind = layers.ReLU()
    behind(layers.Dropout(0.5)(layers.MaxPooling2D(2, data_format="channels_first")(inputs)))
    assert channel_axis(behind) == 1
    permuted, turned_twice, reshaped = layers.ReLU(), layers.ReLU(), layers.ReLU()
    maps = layers.Conv2D(6, 1, data_format="channels_last")(inputs)
    first = layers.Permute((3, 1, 2))(maps)
    permuted(first)
    turned_twice(layers.Permute((2, 1, 3))(first))
    reshaped(layers.Reshape((12, 6))(maps))
    assert channel_axis(permuted) == first.shape.index(6) == 1
    assert channel_axis(turned_twice) == 2
    assert channel_axis(reshaped) is None
