"""The engine's fit, evaluate and predict beside Keras's own: the same arguments, callbacks, figures and weights."""

import gc
import weakref

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.zoo import create_model, use_engine
from gradschool.zoo.engine.loop import Loop

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the engine's loop is TensorFlow's"),
    pytest.mark.usefixtures("built_before_they_are_traced"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(37, 6)).astype("float32")
Y = RNG.integers(0, 3, 37)
WEIGHTS = RNG.random(37).astype("float32")


def model(*between, loss=None, metrics=("accuracy",), **compiling):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    x = layers.Dense(5, activation="relu")(inputs)
    for layer in between:
        x = layer()(x)
    made = keras.Model(inputs, layers.Dense(3)(x))
    compiling = {"optimizer": keras.optimizers.Adam(0.01), **compiling}
    made.compile(
        loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=list(metrics), **compiling
    )
    return made


def loop_of(made):
    """What the engine compiled for a model's training."""
    return made.__dict__["_gradschool_loops"]["train"]


def dataset(x=X, y=Y, batch=8):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((x, y)).batch(batch)


def unknown_length():
    return dataset().filter(lambda x, y: True)


def both(build, *data, **arguments):
    """The model and history that Keras's fit gives, and those of the engine's."""
    arguments = {"shuffle": False, "verbose": 0, "epochs": 3, **arguments}
    results = []
    for prepare in (lambda one: one, use_engine):
        made = prepare(build())
        given = {name: value() if callable(value) else value for name, value in arguments.items()}
        history = made.fit(*(one() if callable(one) else one for one in data), **given)
        results.append((made, history))
    return results


def assert_same(results, tolerance=2e-6):
    (one, history), (other, its_history) = results
    for weights, its_weights in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(weights, its_weights, atol=tolerance)
    assert history.epoch == its_history.epoch
    assert set(history.history) == set(its_history.history)
    for name, values in history.history.items():
        np.testing.assert_allclose(values, its_history.history[name], atol=max(1e-5, tolerance), err_msg=name)


ARGUMENTS = {
    "batch_size": {"batch_size": 8},
    "sample_weight": {"sample_weight": WEIGHTS, "batch_size": 8},
    "class_weight": {"class_weight": {0: 0.5, 1: 2.0}, "batch_size": 8},
    "validation_data": {"validation_data": (X[:9], Y[:9]), "batch_size": 4},
    "weighted_validation": {"validation_data": (X[:9], Y[:9], WEIGHTS[:9])},
    "validation_split": {"validation_split": 0.3, "batch_size": 8},
    "validation_freq": {"validation_data": (X[:9], Y[:9]), "validation_freq": 2},
    "initial_epoch": {"initial_epoch": 2},
    "validation_dataset": {"validation_data": dataset, "validation_steps": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arrays_with_the_arguments_of_keras(arguments):
    assert_same(both(model, X, Y, **arguments))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [{}, {"class_weight": {0: 0.5, 1: 2.0, 2: 1.0}}])
def test_a_data_set(arguments):
    assert_same(both(model, dataset, **arguments))


@pytest.mark.slow
def test_a_data_set_whose_length_is_not_known():
    def trained(prepare, data):  # Keras's own loop goes astray here after the first epoch
        made = prepare(model())
        return made, made.fit(data(), validation_data=data(), epochs=3, verbose=0, shuffle=False)

    assert_same([trained(lambda one: one, dataset), trained(use_engine, unknown_length)])


@pytest.mark.slow
def test_an_endless_data_set_needs_a_number_of_steps():
    assert_same(both(model, lambda: dataset().repeat(), steps_per_epoch=4))
    with pytest.raises(ValueError, match="steps_per_epoch"):
        use_engine(model()).fit(dataset().repeat(), verbose=0)


def two_in_two_out():
    keras.utils.set_random_seed(0)
    one, two = keras.Input((6,), name="one"), keras.Input((6,), name="two")
    x = layers.Concatenate()([one, two])
    made = keras.Model(
        [one, two], {"classes": layers.Dense(3, name="classes")(x), "value": layers.Dense(1, name="value")(x)}
    )
    made.compile(
        "sgd",
        {"classes": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "value": "mse"},
        metrics={"classes": ["accuracy"], "value": ["mae"]},
    )
    return made


@pytest.mark.slow
def test_nested_inputs_and_outputs():
    x, y = {"one": X, "two": X[::-1].copy()}, {"classes": Y, "value": X[:, :1]}
    # In one batch: Keras counts unequal batches of several outputs alike.
    results = both(two_in_two_out, x, y, batch_size=37)
    assert_same(results)
    (one, _), (other, _) = results
    answers, its_answers = one.predict(x, verbose=0), other.predict(x, verbose=0)
    for name, values in answers.items():
        np.testing.assert_allclose(values, its_answers[name], atol=1e-5)
    scores, its_scores = (each.evaluate(x, y, batch_size=37, verbose=0) for each in (one, other))
    assert scores == pytest.approx(its_scores, abs=1e-5)


@pytest.mark.slow
def test_masks_and_sequences():
    tokens = RNG.integers(0, 4, (37, 7))

    def build():
        keras.utils.set_random_seed(0)
        inputs = keras.Input((7,), dtype="int32")
        x = layers.GRU(4, return_sequences=True)(layers.Embedding(4, 5, mask_zero=True)(inputs))
        made = keras.Model(inputs, layers.Dense(4)(x))
        made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), weighted_metrics=["acc"])
        return made

    assert_same(both(build, tokens, tokens, batch_size=8))


@pytest.mark.slow
def test_dropout_draws_as_in_keras():
    assert_same(both(lambda: model(lambda: layers.Dropout(0.5)), X, Y, batch_size=8))


@pytest.mark.slow
def test_mixed_float16():
    def build():
        keras.config.set_dtype_policy("mixed_float16")
        try:
            return model()
        finally:
            keras.config.set_dtype_policy("float32")

    assert_same(both(build, X, Y, batch_size=8), tolerance=2e-3)


# === Callbacks ===
class Hooks(keras.callbacks.Callback):
    """Writes down every hook, and the logs it came with."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __getattribute__(self, name):
        if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end"):
            return lambda *arguments, logs=None: self.seen.append(
                (name, *[one for one in arguments if isinstance(one, int)])
            )
        return super().__getattribute__(name)


@pytest.mark.slow
def test_every_hook_is_called_as_by_keras():
    seen = []
    for prepare in (lambda one: one, use_engine):
        hooks = Hooks()
        made = prepare(model())
        made.fit(X, Y, batch_size=8, epochs=2, verbose=0, validation_data=(X[:9], Y[:9]), callbacks=[hooks])
        made.predict(X, batch_size=8, verbose=0, callbacks=[hooks])
        made.evaluate(X, Y, batch_size=8, verbose=0, callbacks=[hooks])
        seen.append(hooks.seen)
    assert seen[0] == seen[1]


@pytest.mark.slow
def test_a_callback_without_batch_hooks_costs_no_calls():
    made = use_engine(model())
    made.fit(X, Y, batch_size=8, verbose=0)
    calls = []
    run = loop_of(made)._compiled[8]
    loop_of(made)._compiled[8] = lambda *arguments: calls.append(int(arguments[-1])) or run(*arguments)
    made.fit(X, Y, batch_size=8, verbose=0, callbacks=[keras.callbacks.EarlyStopping(monitor="loss")])
    assert calls == [4]
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    made.fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert calls == [4, 1, 1, 1, 1]


@pytest.mark.slow
def test_batch_logs_are_numbers():
    seen = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    use_engine(model()).fit(X, Y, batch_size=8, verbose=0, callbacks=[watch])
    assert len(seen) == 5
    assert all(isinstance(value, float) for logs in seen for value in logs.values())


CALLBACKS = {
    "plateau": lambda: keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=1.0, factor=0.5),
    "schedule": lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
    "stopping": lambda: keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=1.0),
    "swapped averages": lambda: keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
    "terminate": keras.callbacks.TerminateOnNaN,
}


@pytest.mark.slow
@pytest.mark.parametrize("callback", CALLBACKS.values(), ids=CALLBACKS)
def test_keras_callbacks(callback):
    def build():
        return model(optimizer=keras.optimizers.Adam(0.01, use_ema=True))

    assert_same(both(build, X, Y, batch_size=8, epochs=4, callbacks=lambda: [callback()]))


@pytest.mark.slow
def test_stopping_in_the_middle_of_an_epoch():
    def stopping():
        return [keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: stop_after(batch))]

    def stop_after(batch):
        current.stop_training = batch == 2

    results = []
    for prepare in (lambda one: one, use_engine):
        current = prepare(model())
        results.append((current, current.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=stopping())))
    assert_same(results)


@pytest.mark.slow
def test_the_progress_bar_is_keras_own(capsys):
    use_engine(model()).fit(X, Y, batch_size=8, epochs=2, verbose=2)
    shown = capsys.readouterr().out
    assert "Epoch 2/2" in shown
    assert "5/5" in shown


# === A model's own step ===
class Own(keras.Model):
    """Logs something beside the metrics."""

    def train_step(self, data):
        logs = super().train_step(data)
        return {**logs, "twice": 2.0}


@pytest.mark.slow
def test_what_a_step_logs_beside_the_metrics_leaves_them_averaged():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    made = use_engine(Own(inputs, layers.Dense(3)(inputs)))
    made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    made.optimizer.learning_rate = 0.0
    logs = made.fit(X, Y, batch_size=8, verbose=0).history
    assert logs["twice"] == [2.0]
    expected = made.evaluate(X, Y, verbose=0, return_dict=True)
    assert logs["accuracy"][0] == pytest.approx(expected["accuracy"])


@pytest.mark.slow
def test_a_wrapper_on_the_instance_is_honoured():
    made = use_engine(model())
    own, traced = made.train_step, []
    made.train_step = lambda data: traced.append(1) or own(data)
    made.fit(X, Y, batch_size=8, verbose=0)
    assert traced


@pytest.mark.parametrize("layer", [layers.BatchNormalization, lambda: layers.AveragePooling2D(2), layers.Flatten])
def test_a_wrapper_on_a_layer_is_honoured(layer):
    inputs = keras.Input((4, 4, 2))
    outputs = layers.Dense(1)(layers.Flatten()(layer()(inputs)))
    made = use_engine(keras.Model(inputs, outputs))
    wrapped, traced = made.layers[1], []
    call = wrapped.call
    wrapped.call = lambda *args, **kwargs: traced.append(1) or call(*args, **kwargs)
    made.compile("sgd", "mse")
    made.fit(np.ones((8, 4, 4, 2), "float32"), np.ones((8, 1), "float32"), verbose=0)
    assert traced


class Remembering(keras.Model):
    """Keeps the samples of the last batch, of 64 bytes each, which a slice of the epoch's samples need not copy."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)
        self.last = self.add_weight(shape=(4, 16), trainable=False, name="last")

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        self.last.assign(data[0])
        return super().train_step(data)


class Comparing(keras.callbacks.Callback):
    """Looks at what was kept when an epoch ends, and again when the samples of the next one lie ready."""

    kept = None

    def on_epoch_end(self, epoch, logs=None):
        self.kept = np.array(self.model.last)

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 0 and self.kept is not None:
            np.testing.assert_array_equal(np.array(self.model.last), self.kept)


def test_what_a_step_keeps_of_its_samples_stays_as_it_was():
    x = RNG.normal(size=(12, 16)).astype("float32")
    made = use_engine(Remembering())
    made.compile("sgd", "mse")
    made.fit(x, x[:, :1], batch_size=4, epochs=5, verbose=0, callbacks=[Comparing()])
    assert np.array(made.last).any()


class Lazy(keras.Model):
    """A subclassed model, which has no variables before it is called."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.slow
def test_a_subclassed_model_is_built_on_the_way():
    def build():
        keras.utils.set_random_seed(0)
        made = Lazy()
        made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return made

    assert_same(both(build, X, Y, batch_size=8))


# === Order ===
def orders(**arguments):
    """The orders in which samples come in three epochs."""
    seen = []

    class Order(keras.Model):
        def train_step(self, data):
            import tensorflow as tf

            tf.py_function(lambda x: seen.extend(np.asarray(x).ravel().tolist()), [data[0]], [])
            return {"loss": tf.zeros(())}

    inputs = keras.Input((1,))
    made = use_engine(Order(inputs, layers.Dense(1)(inputs)))
    made.compile("sgd", "mse", jit_compile=False)
    from gradschool.zoo.engine import choices

    allowed, choices.is_dense = choices.is_dense, lambda model: False  # a py_function is nothing for XLA
    try:
        made.fit(np.arange(37.0), np.zeros(37), batch_size=8, epochs=3, verbose=0, **arguments)
    finally:
        choices.is_dense = allowed
    return [seen[epoch * 37 : (epoch + 1) * 37] for epoch in range(3)]


def test_arrays_are_shuffled_anew_in_every_epoch_and_by_the_seed():
    keras.utils.set_random_seed(5)
    first = orders()
    assert all(sorted(order) == list(range(37)) for order in first)
    assert len({tuple(order) for order in first}) == 3
    keras.utils.set_random_seed(5)
    assert orders() == first
    assert orders(shuffle=False) == [list(range(37))] * 3


# === Once compiled ===
@pytest.mark.slow
def test_nothing_is_compiled_twice():
    made = use_engine(model())
    made.fit(X, Y, batch_size=8, verbose=0)
    loop = loop_of(made)
    compiled = dict(loop._compiled)
    made.fit(X[::-1].copy(), Y, batch_size=8, verbose=0, validation_data=(X, Y))
    assert loop_of(made) is loop
    assert loop._compiled == compiled
    assert all(one.experimental_get_tracing_count() == 1 for one in compiled.values())
    made.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    made.fit(X, Y, batch_size=8, verbose=0)
    assert loop_of(made) is not loop


@pytest.mark.slow
def test_what_only_keras_can_do_is_left_to_keras():
    made = use_engine(model())
    made.fit(X, Y, batch_size=8, verbose=0)

    class Pairs(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X[index * 8 : (index + 1) * 8], Y[index * 8 : (index + 1) * 8]

    assert len(made.fit(Pairs(), verbose=0).history["loss"]) == 1
    assert made.train_function is not None  # Keras's own
    made.run_eagerly = True
    assert len(made.fit(X, Y, verbose=0).history["loss"]) == 1


@pytest.mark.slow
def test_a_zoo_model_runs_through_the_engine_without_a_word():
    made = create_model("mlp", hidden=[3])
    made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = RNG.random((20, 28, 28, 1), "float32")
    made.fit(images, Y[:20], verbose=0)
    assert isinstance(loop_of(made), Loop)
    assert made.predict(images, verbose=0).shape == (20, 10)
    assert isinstance(made.evaluate(images, Y[:20], verbose=0), float)


@pytest.mark.slow
def test_single_batches_are_keras_own_business():
    made = use_engine(model())
    made.fit(X, Y, batch_size=8, verbose=0)
    made.evaluate(X, Y, verbose=0)
    answers = made.predict(X, verbose=0)
    np.testing.assert_allclose(made.predict_on_batch(X), answers, atol=1e-6)
    assert np.isfinite(made.train_on_batch(X, Y)).all()
    assert np.isfinite(made.test_on_batch(X, Y)).all()


# === Wrong input ===
def test_wrong_input_is_refused_as_by_keras():
    made = use_engine(model())
    with pytest.raises(ValueError, match="equally many rows"):
        made.fit(X, Y[:-1], verbose=0)
    with pytest.raises(ValueError, match="belongs into the data set"):
        made.fit(dataset(), Y, verbose=0)
    with pytest.raises(ValueError, match="nothing to train"):
        made.fit(X, Y, validation_split=0.99999, verbose=0)
    with pytest.raises(ValueError, match="compile"):
        use_engine(Lazy()).fit(X, Y, verbose=0)


# === Larger than memory ===
@pytest.mark.slow
def test_samples_that_do_not_fit_on_the_device_are_streamed_in_the_same_batches(monkeypatch):
    from gradschool.zoo.engine import choices

    results = []
    for memory in (2**40, 64):
        monkeypatch.setattr(choices, "_memory", lambda memory=memory: memory)
        made = use_engine(model(lambda: layers.Dropout(0.2)))
        keras.utils.set_random_seed(3)
        results.append((made, made.fit(X, Y, batch_size=8, epochs=3, verbose=0)))
        assert (loop_of(made)._kind[0] == "resident") == (memory > 64)
    assert_same(results, tolerance=0)


# === Between calls ===
@pytest.mark.slow
def test_evaluation_and_prediction_leave_the_history():
    made = use_engine(model())
    history = made.fit(X, Y, verbose=0)
    made.evaluate(X, Y, verbose=0)
    made.predict(X, verbose=0)
    assert made.history is history
    assert len(history.history["loss"]) == 1


def test_streams_are_compiled_once(monkeypatch):
    compiled = []
    own = Loop._run_streamed
    monkeypatch.setattr(
        Loop, "_run_streamed", lambda self, *args, **more: compiled.append(self.kind) or own(self, *args, **more)
    )
    made = use_engine(model())
    made.fit(dataset(), validation_data=dataset(), epochs=3, verbose=0)
    made.fit(dataset(), verbose=0)
    made.evaluate(dataset(), verbose=0)
    assert sorted(compiled) == ["test", "train"]


@pytest.mark.slow
def test_a_model_lets_its_samples_go():
    x, y = X.copy(), Y.copy()
    gone = weakref.ref(x)
    made = use_engine(model())
    made.fit(x, y, verbose=0)
    made.evaluate(x, y, verbose=0)
    made.predict(x, verbose=0)
    del x, y
    gc.collect()
    assert gone() is None


# === What cannot be ===
@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        (lambda: (dataset(),), {"validation_split": 0.2}, "validation_split is for NumPy arrays"),
        (lambda: (X,), {"sample_weight": WEIGHTS}, "there is no y"),
        (lambda: (X[:0], Y[:0]), {}, "x has no rows"),
        (lambda: (dataset().filter(lambda x, y: False),), {}, "the data set has no batch"),
    ],
)
def test_what_cannot_be_trained_on_is_said(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        use_engine(model()).fit(*data(), verbose=0, **arguments)
