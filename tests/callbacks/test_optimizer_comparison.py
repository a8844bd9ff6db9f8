"""Copies of a model that are compared, against fits of their own by Keras."""

import random

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import BACKEND, GRAPH, compiled, on_tensorflow
from gradschool.callbacks import (
    DeadUnitTracker,
    GradientClipping,
    GradientMonitor,
    LearningRateFinder,
    OptimizerComparison,
)
from gradschool.callbacks.keras_internals import (
    GradientStage,
    add_stage,
    compiled_updates,
    global_seed_state,
    session_of,
    stages_of,
)
from gradschool.callbacks.study.learning_rate_sweep import find_makers
from gradschool.zoo.engine.use import use_engine

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("built_before_they_are_traced")]  # many compilations

SAMPLES, BATCH, EPOCHS = 44, 16, 2  # the last batch is a smaller one

WAYS = [
    pytest.param(lambda model: model, GRAPH, id="graph"),
    pytest.param(lambda model: model, {"run_eagerly": True}, id="eager"),
    pytest.param(lambda model: model, {"jit_compile": True}, id="jit", marks=[on_tensorflow]),
    pytest.param(
        lambda model: model,
        {"steps_per_execution": 2, **GRAPH},
        id="several",
        marks=[compiled],
    ),
    pytest.param(use_engine, {"jit_compile": False}, id="engine", marks=on_tensorflow),
]
FEW = [way for way in WAYS if way.id in ("graph", "engine")]


def schedule():
    return keras.optimizers.schedules.ExponentialDecay(0.05, 3, 0.5)


OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adamw_schedule": lambda: keras.optimizers.AdamW(schedule(), weight_decay=0.01, clipnorm=0.5),
    "average": lambda: keras.optimizers.RMSprop(0.01, use_ema=True, ema_momentum=0.5),
}
MORE = {
    "accumulating": lambda: keras.optimizers.Adam(0.05, gradient_accumulation_steps=2),
    "overwriting": lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
    "nadam": lambda: keras.optimizers.Nadam(0.01, global_clipnorm=0.5),
    "lion": lambda: keras.optimizers.Lion(0.001),
    "adagrad": lambda: keras.optimizers.Adagrad(0.05),
    "adafactor": lambda: keras.optimizers.Adafactor(0.05),
    "ftrl": lambda: keras.optimizers.Ftrl(0.05),
    "muon": lambda: keras.optimizers.Muon(0.01),
}
if not hasattr(keras.optimizers, "Muon"):
    del MORE["muon"]


def samples():
    rng = np.random.default_rng(3)
    return rng.normal(size=(SAMPLES, 6)).astype("float32"), rng.integers(0, 3, SAMPLES)


class OwnStep(keras.Model):
    """A subclass whose weights are made by the first batch, with a step of its own that logs a figure of its own."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = layers.Dense(5, activation="tanh"), layers.Dense(3)

    def call(self, inputs):
        return self.out(self.hidden(inputs))

    def train_step(self, *arguments):
        result = super().train_step(*arguments)
        if BACKEND == "jax":
            logs, state = result
            return {**logs, "sum": ops.sum(state[0][0])}, state
        return {**result, "sum": ops.sum(self.hidden.kernel)}


class LogsAnotherName(keras.Sequential):
    """Its step logs the loss by another name, and leaves out the metrics."""

    def train_step(self, *arguments):
        result = super().train_step(*arguments)
        logs, *state = result if BACKEND == "jax" else (result,)
        logs = {"crossentropy": logs["loss"]}
        return (logs, *state) if state else logs


class LogsLossOfItsOwn(keras.Sequential):
    """Its step logs a loss that is not the metric of that name."""

    def train_step(self, *arguments):
        result = super().train_step(*arguments)
        logs, *state = result if BACKEND == "jax" else (result,)
        logs = {"loss": 2 * logs["loss"], "half": logs["loss"]}
        return (logs, *state) if state else logs


class UpdatesNothing(keras.Sequential):
    """Its step does not use the optimizer."""

    def train_step(self, *arguments):
        logs = {"loss": 0.0}
        return (logs, arguments[0]) if BACKEND == "jax" else logs


def stack():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu", name="hidden"),
            layers.BatchNormalization(name="normalization"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(3, dtype="float32", name="logits"),
        ]
    )


def model_of(optimizer=None, build=stack, use=lambda model: model, **compile_arguments):
    keras.utils.set_random_seed(1)
    model = build()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or keras.optimizers.SGD(0.5), loss, metrics=["accuracy"], **compile_arguments)
    return use(model)


def fit(model, *callbacks, epochs=EPOCHS, **arguments):
    x, y = samples()
    arguments = {"validation_data": (x[:20], y[:20]), **arguments}
    return model.fit(
        x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks), **arguments
    )


def fit_again(*models):
    for model in models:
        keras.utils.set_random_seed(5)  # PyTorch draws from one generator for all models
        fit(model, epochs=1)


def made(optimizers):
    return {name: make() for name, make in optimizers.items()}


def assert_equal(values, others, **tolerance):
    for value, other in zip(values, others, strict=True):
        if tolerance:
            np.testing.assert_allclose(value, other, **tolerance)
        else:
            np.testing.assert_array_equal(value, other)


def assert_as_fits_of_their_own(comparison, history, optimizers, tolerance=None, **arguments):
    """`arguments` make the model; every optimizer trains one without us."""
    for name, make in optimizers.items():
        model = model_of(make(), **arguments)
        own = fit(model)
        assert_equal(comparison.weights[name], model.get_weights(), **(tolerance or {}))
        for metric, values in own.history.items():
            assert_equal(history.history[f"{metric}/{name}"], values, **(tolerance or {}))


# === Every copy is a fit of its own ===
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), WAYS)
def test_every_copy_is_a_fit_of_its_own(use, compile_arguments):
    exactly = not compile_arguments.get("jit_compile")
    model = model_of(use=use, **compile_arguments)
    comparison = OptimizerComparison(made(OPTIMIZERS), exact=True)
    history = fit(model, comparison)
    tolerance = None if exactly else {"rtol": 1e-4, "atol": 1e-5}
    assert_as_fits_of_their_own(comparison, history, OPTIMIZERS, tolerance, use=use, **compile_arguments)
    assert len({values[0].tobytes() for values in comparison.weights.values()}) == len(OPTIMIZERS)


def test_every_optimizer_of_keras_can_be_compared():
    comparison = OptimizerComparison(made(MORE), exact=True)
    history = fit(model_of(jit_compile=False), comparison)
    assert_as_fits_of_their_own(comparison, history, MORE, jit_compile=False)


@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_subclass_with_a_step_of_its_own_and_no_weights_yet(use, compile_arguments):
    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.1), "adam": lambda: keras.optimizers.Adam(0.01)}
    comparison = OptimizerComparison(made(optimizers), exact=True)
    history = fit(model_of(build=OwnStep, use=use, **compile_arguments), comparison)
    assert_as_fits_of_their_own(comparison, history, optimizers, build=OwnStep, use=use, **compile_arguments)
    assert {"sum", "sum/sgd", "sum/adam"} <= set(history.history)


@pytest.mark.parametrize(
    ("use", "compile_arguments", "validation_data"),
    [
        pytest.param(*FEW[0].values, tuple(one[:20] for one in samples()), id="graph-validated"),
        pytest.param(*FEW[1].values, None, id="engine-alone", marks=on_tensorflow),
    ],
)
def test_a_copy_has_no_figures_but_those_that_the_step_logs(use, compile_arguments, validation_data):
    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.1), "adam": lambda: keras.optimizers.Adam(0.01)}
    arguments = {"build": lambda: LogsAnotherName(stack().layers), "use": use, **compile_arguments}
    comparison = OptimizerComparison(made(optimizers), keep="adam", exact=True)
    history = fit(model_of(**arguments), comparison, validation_data=validation_data).history
    for name, make in optimizers.items():
        own = fit(model_of(make(), **arguments), validation_data=validation_data).history
        rows = comparison.results.query("optimizer == @name")
        assert sorted(rows.columns) == sorted([*own, "epoch", "optimizer", "diverged"])
        for metric, values in own.items():
            assert_equal(rows[metric], values)
            assert_equal(history[f"{metric}/{name}"], values)
    assert {metric.rpartition("/")[2] for metric in history} == {*optimizers, *own}


def test_what_a_step_logs_counts_and_not_the_metric_of_its_name():
    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.1), "adam": lambda: keras.optimizers.Adam(0.01)}
    arguments = {"build": lambda: LogsLossOfItsOwn(stack().layers), "jit_compile": BACKEND == "jax"}
    comparison = OptimizerComparison(made(optimizers), keep="adam", exact=True)
    fit(model_of(**arguments), comparison)
    for name, make in optimizers.items():
        own = fit(model_of(make(), **arguments)).history
        rows = comparison.results[comparison.results["optimizer"] == name]
        assert_equal(rows["loss"], own["loss"])
        assert_equal(rows["loss"], 2 * rows["half"])


@pytest.mark.parametrize("first", ["good", "useless"])
def test_without_a_loss_in_the_logs_it_has_to_be_said_what_to_choose_by(first):
    def fitted(names, **arguments):
        rates = {"good": 0.5, "useless": 1e-9}
        comparison = OptimizerComparison({name: keras.optimizers.SGD(rates[name]) for name in names}, **arguments)
        model = model_of(build=lambda: LogsAnotherName(stack().layers))
        models.append((model, model.optimizer))
        fit(model, comparison, validation_data=None)
        return comparison

    models = []
    both = sorted(["good", "useless"], key=lambda name: name != first)
    with pytest.raises(ValueError, match=r"no loss to choose .* the model logs crossentropy: say .* monitor=.* keep="):
        fitted(both)
    model, own = models[0]
    assert model.optimizer is own
    assert session_of(model) is None
    chosen = fitted(both, monitor="crossentropy")  # its name tells that less is better
    assert chosen.kept == "good"
    (axes,) = chosen.plot().axes
    assert axes.get_title(loc="left") == "crossentropy"
    assert [line.get_label() for line in axes.get_lines()] == both
    assert fitted(both, keep="useless").kept == "useless"
    assert fitted([first]).kept == first


@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_step_that_uses_no_optimizer_compares_nothing(use, compile_arguments):
    model = model_of(build=lambda: UpdatesNothing(stack().layers), use=use, **compile_arguments)
    comparison = OptimizerComparison({"sgd": "sgd", "adam": "adam"})
    with pytest.raises(ValueError, match=r"has updated anything in the first epoch: UpdatesNothing\.train_step must"):
        fit(model, comparison, epochs=3)
    assert session_of(model) is None


def test_updates_may_come_after_the_first_epoch():
    accumulating = {rate: keras.optimizers.SGD(rate, gradient_accumulation_steps=5) for rate in (0.1, 0.01)}
    comparison = OptimizerComparison({f"rate_{rate}": one for rate, one in accumulating.items()})
    fit(model_of(), comparison)
    assert not np.array_equal(comparison.weights["rate_0.1"][0], comparison.weights["rate_0.01"][0])
    x, y = samples()
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**126)
    model = model_of(scaled)
    before = model.get_weights()[0]
    comparison = OptimizerComparison({"sgd": "sgd", "adam": "adam"})
    model.fit(x * 1e10, y, batch_size=BATCH, verbose=0, callbacks=[comparison])  # every gradient overflows
    assert_equal(comparison.weights["adam"][0], before)


@pytest.fixture
def mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.usefixtures("mixed_precision")
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_losses_are_scaled_for_every_copy(use, compile_arguments):
    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.1), "adam": lambda: keras.optimizers.Adam(0.01)}
    model = model_of(use=use, **compile_arguments)
    comparison = OptimizerComparison(made(optimizers), exact=True, keep="adam")
    history = fit(model, comparison)
    assert_as_fits_of_their_own(comparison, history, optimizers, use=use, **compile_arguments)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert isinstance(model.optimizer.inner_optimizer, keras.optimizers.Adam)
    assert isinstance(model._compile_config.config["optimizer"], keras.optimizers.Adam)


@pytest.mark.skipif(not hasattr(keras.optimizers, "MultiOptimizer"), reason="this Keras has no MultiOptimizer")
def test_an_optimizer_made_of_several():
    def several():
        of_kernels = keras.optimizers.OptimizerMap(keras.optimizers.Adam(0.01), {".*bias": keras.optimizers.SGD(0.1)})
        return keras.optimizers.MultiOptimizer(of_kernels)

    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.1), "several": several}
    model = model_of(jit_compile=False)
    comparison = OptimizerComparison(made(optimizers), exact=True, keep="several")
    history = fit(model, comparison)
    assert_as_fits_of_their_own(comparison, history, optimizers, jit_compile=False)
    plain = model_of(several(), jit_compile=False)
    fit(plain)
    fit_again(plain, model)
    assert_equal(model.get_weights(), plain.get_weights())


@pytest.mark.skipif(BACKEND == "jax", reason="JAX does not compile draws without a seed of their own")
def test_numbers_drawn_without_a_seed_are_the_same_for_every_copy():
    @keras.saving.register_keras_serializable("test")
    class Noise(layers.Layer):
        def call(self, inputs):
            return inputs + keras.random.normal(ops.shape(inputs))

    def noisy():
        keras.backend.clear_session()  # on Keras 3.10, a seed for all does not go for the global generator
        keras.utils.set_random_seed(1)
        return keras.Sequential([keras.Input((6,)), Noise(), layers.Dense(3)])

    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.1), "adam": lambda: keras.optimizers.Adam(0.01)}
    comparison = OptimizerComparison(made(optimizers), exact=True)
    history = fit(model_of(build=noisy, jit_compile=False), comparison, validation_data=None)
    for name, make in optimizers.items():
        own = fit(model_of(make(), build=noisy, jit_compile=False), validation_data=None)
        assert_equal(history.history[f"loss/{name}"], own.history["loss"])


def test_a_seed_that_nobody_draws_from_is_not_left_behind():
    model = model_of(jit_compile=False)
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    fit(model)
    seeds, state = global_seed_state(), random.getstate()
    model = model_of(jit_compile=False)
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    fit(model, OptimizerComparison({"sgd": "sgd", "adam": "adam"}))
    assert len(global_seed_state()) == len(seeds)
    assert random.getstate() == state


# === Faster, with other rounding ===
def test_updates_that_are_compiled_round_differently_at_most(monkeypatch):
    monkeypatch.setattr(compiled_updates, "_UPDATES_TO_PAY", 1)
    optimizers = {**OPTIMIZERS, **{name: MORE[name] for name in ("accumulating", "overwriting", "adafactor")}}
    comparison = OptimizerComparison(made(optimizers))
    history = fit(model_of(jit_compile=False), comparison)
    tolerance = {"rtol": 1e-3, "atol": 1e-5} if BACKEND == "tensorflow" else None
    assert_as_fits_of_their_own(comparison, history, optimizers, tolerance, jit_compile=False)


@on_tensorflow
def test_optimizers_that_differ_in_their_rate_are_compiled_once(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(compiled_updates, "_UPDATES_TO_PAY", 1)
    asked = []

    def function(*arguments, **keywords):
        asked.append(keywords.get("jit_compile"))
        return tf_function(*arguments, **keywords)

    tf_function = tf.function
    monkeypatch.setattr(tf, "function", function)
    optimizers = {f"adam_{rate}": lambda rate=rate: keras.optimizers.Adam(rate) for rate in (0.1, 0.01, 0.001)}
    optimizers["faster"] = lambda: keras.optimizers.Adam(0.1, beta_1=0.5)
    comparison = OptimizerComparison(made(optimizers))
    history = fit(model_of(), comparison)
    assert asked.count(True) == 2
    monkeypatch.undo()
    assert_as_fits_of_their_own(comparison, history, optimizers, {"rtol": 1e-4, "atol": 1e-5})


@on_tensorflow
def test_batches_of_several_sizes_share_the_compiled_updates(monkeypatch):
    monkeypatch.setattr(compiled_updates, "_UPDATES_TO_PAY", 1)
    optimizers = {
        "decayed": lambda: keras.optimizers.SGD(schedule()),
        "adam": lambda: keras.optimizers.Adam(0.01),
    }
    comparison = OptimizerComparison(made(optimizers))
    history = fit(model_of(use=use_engine), comparison)  # the engine's loop is traced for each size
    assert_as_fits_of_their_own(comparison, history, optimizers, {"rtol": 1e-4, "atol": 1e-5})


@on_tensorflow
def test_a_step_that_trains_some_variables_leaves_the_others_alone(monkeypatch):
    """Compiled or not; weight decay would shrink them."""
    import tensorflow as tf

    class TrainsTheFirst(keras.Sequential):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            chosen = self.layers[0].trainable_variables
            self.optimizer.apply(tape.gradient(loss, chosen), chosen)
            self._loss_tracker.update_state(loss)
            return self.get_metrics_result()

    monkeypatch.setattr(compiled_updates, "_UPDATES_TO_PAY", 1)
    x = np.random.default_rng(5).normal(size=(SAMPLES, 4)).astype("float32")
    model = TrainsTheFirst([keras.Input((4,)), layers.Dense(3, name="first"), layers.Dense(1, name="second")])
    model.compile("sgd", "mse", jit_compile=False)
    first, second = (layer.get_weights()[0] for layer in model.layers)
    decaying = {name: keras.optimizers.AdamW(0.01, weight_decay=0.5) for name in ("one", "two")}
    model.fit(x, x[:, :1], epochs=2, verbose=0, callbacks=[OptimizerComparison(decaying, keep="one")])
    assert not np.allclose(model.layers[0].get_weights()[0], first)
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], second)


@on_tensorflow
def test_sparse_gradients_are_not_compiled(monkeypatch):
    monkeypatch.setattr(compiled_updates, "_UPDATES_TO_PAY", 1)
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 7, (SAMPLES, 4)), rng.normal(size=(SAMPLES, 1)).astype("float32")

    def model(optimizer="sgd"):
        keras.utils.set_random_seed(1)
        made = keras.Sequential([keras.Input((4,), dtype="int32"), layers.Embedding(7, 3), layers.Flatten()])
        made.add(layers.Dense(1))
        made.compile(optimizer, "mse")
        return made

    comparison = OptimizerComparison({"sgd": keras.optimizers.SGD(0.1), "adam": keras.optimizers.Adam(0.1)})
    model().fit(x, y, shuffle=False, verbose=0, callbacks=[comparison])
    plain = model(keras.optimizers.Adam(0.1))
    plain.fit(x, y, shuffle=False, verbose=0)
    assert_equal(comparison.weights["adam"], plain.get_weights())


@on_tensorflow
def test_a_call_makes_several_steps_where_nobody_looks_at_batches():
    class Calls(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.steps = self.model.steps_per_execution

    class Batches(keras.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, batch, logs=None):
            self.seen += 1

    x = np.ones((96, 6), "float32")
    model, calls, batches = model_of(), Calls(), Batches()
    model.fit(x, np.zeros(96), batch_size=8, verbose=0, callbacks=[OptimizerComparison({"sgd": "sgd"}), calls])
    assert (calls.steps, model.steps_per_execution) == (12, 1)
    model.fit(x, np.zeros(96), batch_size=8, verbose=0, callbacks=[OptimizerComparison({"sgd": "sgd"}), calls, batches])
    assert (calls.steps, batches.seen) == (1, 12)


# === The one that is kept ===
@pytest.mark.parametrize(
    ("use", "compile_arguments", "name"),
    [
        *(pytest.param(*FEW[0].values, name, id=f"graph-{name}") for name in OPTIMIZERS),
        pytest.param(*FEW[1].values, "adamw_schedule", id="engine-adamw_schedule", marks=on_tensorflow),
    ],
)
def test_training_goes_on_with_the_one_that_is_kept(use, compile_arguments, name):
    model = model_of(use=use, **compile_arguments)
    given = made(OPTIMIZERS)
    fit(model, OptimizerComparison(given, exact=True, keep=name))
    plain = model_of(OPTIMIZERS[name](), use=use, **compile_arguments)
    fit(plain)
    assert type(model.optimizer) is type(plain.optimizer)
    assert model.optimizer is not given[name]
    assert_equal(
        [ops.convert_to_numpy(one.value) for one in model.optimizer.variables],
        [ops.convert_to_numpy(one.value) for one in plain.optimizer.variables],
    )
    cache = {"_exclude_from_weight_decay_cache"}
    assert set(vars(model.optimizer)) - cache == set(vars(plain.optimizer)) - cache
    if BACKEND == "jax" and name == "average":
        return  # Keras itself fails in a second fit: weights and their average are one buffer, donated twice
    fit_again(model, plain)
    assert_equal(model.get_weights(), plain.get_weights())


@pytest.mark.parametrize(
    ("arguments", "choose", "by"),
    [
        ({}, min, "val_loss"),
        ({"monitor": "loss"}, min, "loss"),
        ({"monitor": "accuracy"}, max, "accuracy"),
        ({"monitor": "val_accuracy"}, max, "val_accuracy"),
    ],
)
def test_the_best_is_kept(arguments, choose, by):
    rates = {f"rate_{rate}": keras.optimizers.SGD(rate) for rate in (0.001, 0.3, 0.01)}
    model = model_of()
    comparison = OptimizerComparison(rates, **arguments)
    fit(model, comparison, epochs=4)
    last = comparison.results.query("epoch == 3").set_index("optimizer")[by]
    assert last[comparison.kept] == choose(last)
    assert last.nunique() > 1
    assert_equal(model.get_weights(), comparison.weights[comparison.kept])
    assert float(ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(
        float(comparison.kept.removeprefix("rate_"))
    )


def test_the_model_is_the_one_to_keep_while_it_trains():
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.kind, self.logs = type(self.model.optimizer), dict(logs)

    look = Look()
    fit(model_of(), OptimizerComparison({"sgd": "sgd", "adam": "adam"}, keep="adam"), look)
    assert issubclass(look.kind, keras.optimizers.Adam)
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert look.logs[metric] == look.logs[f"{metric}/adam"]


def test_a_second_fit_compares_again_from_the_weights_of_the_first():
    model, comparison = model_of(jit_compile=False), OptimizerComparison(made(OPTIMIZERS), exact=True, keep="momentum")
    fit(model, comparison)
    start = model.get_weights()
    rows = list(comparison.rows)
    keras.utils.set_random_seed(5)
    fit(model, comparison)
    assert len(comparison.rows) == len(rows)
    plain = model_of(keras.optimizers.SGD(0.5), jit_compile=False)
    fit(plain)  # so that its seeds are as far
    plain.set_weights(start)
    plain.compile(OPTIMIZERS["average"](), plain.loss, metrics=["accuracy"], jit_compile=False)
    plain.evaluate(*samples(), verbose=0)  # makes the metrics, for which PyTorch draws
    keras.utils.set_random_seed(5)
    fit(plain)
    assert_equal(comparison.weights["average"], plain.get_weights())


# === Nothing is left behind ===
def traces(model):
    of_kerass = {"_tracker", "_eval_epoch_iterator"}  # a fit that is broken off leaves the latter
    return set(vars(model)) - of_kerass, set(vars(model.optimizer)), len(model.metrics), len(model.variables)


@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_nothing_is_left_behind(use, compile_arguments, tmp_path):
    model, plain = (model_of("adam", use=use, **compile_arguments) for _ in range(2))
    fit(plain)
    fit(model, OptimizerComparison({"sgd": "sgd", "adam": "adam"}, keep="adam"))
    assert traces(model) == traces(plain)
    assert session_of(model) is None
    model.save(tmp_path / "model.keras")
    reloaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(reloaded.optimizer, keras.optimizers.Adam)
    assert_equal(
        [ops.convert_to_numpy(one.value) for one in reloaded.optimizer.variables],
        [ops.convert_to_numpy(one.value) for one in model.optimizer.variables],
    )
    assert_equal(reloaded.get_weights(), model.get_weights())
    fit(model, epochs=1)
    assert_equal(keras.models.clone_model(model).count_params() * np.ones(1), [plain.count_params()])


@pytest.mark.parametrize(
    ("use", "compile_arguments", "where"),
    [
        *(
            pytest.param(*FEW[0].values, where, id=f"graph-{where}")
            for where in ("on_epoch_begin", "on_test_begin", "on_epoch_end", "on_train_end")
        ),
        pytest.param(*FEW[1].values, "on_test_begin", id="engine-on_test_begin", marks=on_tensorflow),
    ],
)
def test_an_exception_brings_the_models_own_optimizer_back(use, compile_arguments, where):
    def stop(*arguments, **keywords):
        raise KeyboardInterrupt

    model = model_of(use=use, **compile_arguments)
    fit(model, epochs=1)
    own, before = model.optimizer, traces(model)
    broken = keras.callbacks.Callback()
    setattr(broken, where, stop)
    with pytest.raises(KeyboardInterrupt):
        fit(model, OptimizerComparison({"adam": "adam", "sgd": "sgd"}, keep="adam"), broken)
    if where != "on_train_end":
        assert model.optimizer is own
    assert (traces(model)[0], traces(model)[2:]) == (before[0], before[2:])
    assert (stages_of(model), session_of(model)) == ([], None)
    weights = model.get_weights()
    fit(model, epochs=1)
    plain = model_of(use=use, **compile_arguments)
    fit(plain, epochs=1)
    assert not np.array_equal(model.get_weights()[0], weights[0])
    assert np.isfinite(model.get_weights()[0]).all()


def test_a_model_is_saved_in_the_middle_as_if_it_were_alone(tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    model = model_of(jit_compile=False)
    fit(model, OptimizerComparison(made(OPTIMIZERS), exact=True, keep="average"), checkpoint)
    plain = model_of(OPTIMIZERS["average"](), jit_compile=False)
    fit(plain, keras.callbacks.ModelCheckpoint(tmp_path / "plain_{epoch}.keras"))
    one, other = (keras.saving.load_model(tmp_path / name) for name in ("1.keras", "plain_1.keras"))
    assert_equal(one.get_weights(), other.get_weights())
    assert_equal(
        [ops.convert_to_numpy(each.value) for each in one.optimizer.variables],
        [ops.convert_to_numpy(each.value) for each in other.optimizer.variables],
    )


# === A copy that diverges ===
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_copy_that_diverges_does_no_harm(use, compile_arguments):
    optimizers = {"wild": lambda: keras.optimizers.SGD(1e30), "tame": lambda: keras.optimizers.SGD(0.1)}
    comparison = OptimizerComparison(made(optimizers), exact=True)
    history = fit(model_of(use=use, **compile_arguments), comparison)
    assert (comparison.diverged, comparison.kept) == (["wild"], "tame")
    assert [row["diverged"] for row in comparison.rows] == [True, False] * EPOCHS
    exactly = not compile_arguments.get("jit_compile")
    tolerance = None if exactly else {"rtol": 1e-4, "atol": 1e-5}
    tame = {"tame": optimizers["tame"]}
    assert_as_fits_of_their_own(comparison, history, tame, tolerance, use=use, **compile_arguments)


def test_where_all_have_diverged_the_first_is_kept():
    comparison = OptimizerComparison({"wild": keras.optimizers.SGD(1e30), "wilder": keras.optimizers.SGD(1e35)})
    fit(model_of(), comparison)
    assert (comparison.diverged, comparison.kept) == (["wild", "wilder"], "wild")


# === With other callbacks ===
CALLBACKS = {
    "scheduler": lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
    "plateau": lambda: keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=0, min_delta=0.05),
    "clipping": lambda: GradientClipping(global_norm=0.3),
    "autoclip": lambda: GradientClipping(percentile=50),
    "monitor": lambda: GradientMonitor(every=1),
    "dead units": lambda: DeadUnitTracker(),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_other_callbacks_act_on_every_copy(name):
    optimizers = {"sgd": lambda: keras.optimizers.SGD(0.3), "adam": lambda: keras.optimizers.Adam(0.1)}
    plain, own = {}, {}
    for copy, make in optimizers.items():
        plain[copy] = model_of(make(), jit_compile=False)  # seeds, right before its fit, PyTorch's one generator
        own[copy] = fit(plain[copy], CALLBACKS[name](), epochs=4).history
    for ours_comes_first in (True, False) if name in ("scheduler", "clipping") else (True,):
        comparison, other = OptimizerComparison(made(optimizers), exact=True, keep="adam"), CALLBACKS[name]()
        callbacks = [comparison, other] if ours_comes_first else [other, comparison]
        history = fit(model_of(jit_compile=False), *callbacks, epochs=4).history
        for copy in optimizers:
            assert_equal(comparison.weights[copy], plain[copy].get_weights())
            assert_equal(history[f"val_loss/{copy}"], own[copy]["val_loss"])
        for figure in set(own["adam"]) - {"loss", "accuracy", "val_loss", "val_accuracy"}:
            assert_equal(history[figure], own["adam"][figure])


def test_variables_without_weight_decay_stay_without():
    def decaying():
        return keras.optimizers.AdamW(0.01, weight_decay=0.9)

    def excluding(optimizer, model):
        optimizer.exclude_from_weight_decay(var_list=[model.layers[0].kernel], var_names=["bias"])
        return optimizer

    model = model_of()
    given = {"sgd": keras.optimizers.SGD(0.1), "all": decaying(), "some": excluding(decaying(), model)}
    comparison = OptimizerComparison(given, exact=True)
    fit(model, comparison)
    plain = model_of()
    plain.compile(excluding(decaying(), plain), plain.loss, metrics=["accuracy"])
    fit(plain)
    assert_equal(comparison.weights["some"], plain.get_weights())
    assert not np.array_equal(comparison.weights["all"][0], comparison.weights["some"][0])


@pytest.mark.every_backend
def test_a_stage_counts_for_every_copy_by_itself():
    class Count(GradientStage):
        def build(self, variables):
            self.add_state("updates")

        def on_gradients(self, gradients, variables):
            self.state["updates"].assign_add(1.0)
            return gradients

    class Attach(GradientClipping):
        def attach(self, fit):
            super().attach(fit)
            self.count = Count()
            add_stage(self.model, self.count)

    attach = Attach(global_norm=1.0)
    fit(model_of(), OptimizerComparison({"sgd": "sgd", "adam": "adam", "lion": "lion"}), attach)
    assert float(ops.convert_to_numpy(attach.count.state["updates"].value)) == EPOCHS * -(-SAMPLES // BATCH)


# === Losses step by step ===
@pytest.mark.parametrize(("use", "compile_arguments"), [*FEW, WAYS[3]])
def test_losses_of_every_step_are_those_of_a_loop_by_hand(use, compile_arguments):
    """Linear regression by gradient descent, in NumPy."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(SAMPLES, 4)).astype("float32"), rng.normal(size=(SAMPLES, 1)).astype("float32")
    rates, losses = (0.05, 0.2), {}
    for rate in rates:
        weights = np.zeros((4, 1))
        for first in list(range(0, SAMPLES, BATCH)) * EPOCHS:
            inputs, errors = x[first : first + BATCH], x[first : first + BATCH] @ weights - y[first : first + BATCH]
            losses.setdefault(f"rate_{rate}", []).append(float(np.mean(errors**2)))
            weights -= rate * 2 * inputs.T @ errors / len(errors)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(loss="mse", **compile_arguments)
    comparison = OptimizerComparison({f"rate_{rate}": keras.optimizers.SGD(rate) for rate in rates}, record=1)
    use(model).fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[comparison])
    for name, expected in losses.items():
        np.testing.assert_allclose(comparison.step_loss[name], expected, rtol=1e-4)


def test_losses_of_blocks_of_steps():
    comparison = OptimizerComparison({"sgd": "sgd", "adam": "adam"}, record=2)
    steps = OptimizerComparison({"sgd": "sgd", "adam": "adam"}, record=1)
    for one in (comparison, steps):
        fit(model_of(), one)
    sizes = np.array([16, 16, 12])
    for name in ("sgd", "adam"):
        by_step = steps.step_loss[name].reshape(EPOCHS, 3)
        blocks = [[np.average(epoch[:2], weights=sizes[:2]), epoch[2]] for epoch in by_step]
        np.testing.assert_allclose(comparison.step_loss[name], np.ravel(blocks), rtol=1e-4)
        means = comparison.results.query("optimizer == @name")["loss"]
        np.testing.assert_allclose(by_step @ sizes / SAMPLES, means, rtol=1e-5)


# === Results ===
def test_rows_logs_and_picture():
    comparison = OptimizerComparison({"sgd": keras.optimizers.SGD(0.1), "wild": keras.optimizers.SGD(1e30)})
    history = fit(model_of(), comparison)
    table = comparison.results
    assert list(table["optimizer"]) == ["sgd", "wild"] * EPOCHS
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert_equal(table.query("optimizer == 'sgd'")[metric], history.history[f"{metric}/sgd"])
    training, validation = comparison.plot().axes
    assert [line.get_label() for line in training.get_lines()] == ["sgd", "wild (diverged)"]
    assert_equal(training.get_lines()[0].get_ydata(), history.history["loss/sgd"])
    assert_equal(validation.get_lines()[0].get_ydata(), history.history["val_loss/sgd"])
    assert len(validation.get_legend().get_texts()) == 2


# === Errors ===
@pytest.mark.parametrize(
    ("optimizers", "arguments", "words"),
    [
        ({}, {}, "at least one"),
        (["sgd", "adam"], {}, "must be a dict"),
        ({"a/b": "sgd"}, {}, "without a slash"),
        ({1: "sgd"}, {}, "named by strings"),
        ({"sgd": "sdg"}, {}, r"^unknown optimizer 'sdg'; did you mean 'sgd'"),
        ({"sgd": "lossscaleoptimizer"}, {}, "unknown optimizer 'lossscaleoptimizer'"),
        ({"sgd": None}, {}, "got None"),
        ({"sgd": "sgd"}, {"keep": "adam"}, "keep='adam' is none of the optimizers: sgd"),
        ({"sgd": "sgd"}, {"keep": "sgd", "monitor": "loss"}, "leave out monitor"),
        ({"sgd": "sgd"}, {"record": 0}, "record must be a number of steps"),
        ({"sgd": "sgd"}, {"record": True}, "record must be a number of steps"),
    ],
)
def test_arguments_that_do_not_fit(optimizers, arguments, words):
    with pytest.raises(ValueError, match=words):
        OptimizerComparison(optimizers, **arguments)


def test_an_unknown_name_is_told_in_the_words_of_compare_optimizers():
    told = []
    for refuse in (lambda: OptimizerComparison({"a": "addam"}), lambda: find_makers({"a": "addam"})):
        with pytest.raises(ValueError, match="did you mean 'adam'") as caught:
            refuse()
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_what_does_not_go_together_is_refused_before_training():
    two = {"sgd": "sgd", "adam": "adam"}
    restoring = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)
    model = model_of()
    before = model.get_weights()
    with pytest.raises(ValueError, match="one OptimizerComparison"):
        fit(model, OptimizerComparison(two), OptimizerComparison(two))
    with pytest.raises(ValueError, match="say keep="):
        fit(model, OptimizerComparison(two), restoring)
    with pytest.raises(ValueError, match="steps_per_epoch"):
        x, y = samples()
        batches = (one for one in [(x, y)] * 3)
        model.fit(batches, shuffle=False, verbose=0, callbacks=[OptimizerComparison(two, record=1)])
    with pytest.raises(ValueError, match="find the rates first"):
        fit(model, OptimizerComparison(two), LearningRateFinder())
    first = model.layers[0].name
    with pytest.raises(ValueError, match=f"a layer is called '{first}' as well"):
        fit(model, OptimizerComparison({**two, first: "sgd"}))
    with pytest.raises(ValueError, match="SwapEMAWeights knows the model alone"):
        fit(model, OptimizerComparison(two), keras.callbacks.SwapEMAWeights())
    model.other = keras.optimizers.SGD()
    with pytest.raises(ValueError, match=r"keeps other optimizers beside model.optimizer \(other\)"):
        fit(model, OptimizerComparison(two))
    assert_equal(model.get_weights(), before)
    assert session_of(model) is None
    with pytest.raises(ValueError, match="nothing to show yet"):
        OptimizerComparison(two).plot()


def test_weights_of_the_one_to_keep_can_be_restored():
    restoring = keras.callbacks.EarlyStopping("val_loss", restore_best_weights=True, patience=3)
    model, comparison = model_of(), OptimizerComparison({"sgd": "sgd", "adam": keras.optimizers.Adam(0.3)}, keep="adam")
    fit(model, comparison, restoring, epochs=3)
    losses = comparison.results.query("optimizer == 'adam'")["val_loss"]
    x, y = samples()
    found = model.evaluate(x[:20], y[:20], batch_size=BATCH, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(min(losses), rel=1e-5)


def test_a_metric_that_is_not_there_ends_the_fit_after_an_epoch():
    with pytest.raises(ValueError, match=r"monitor='precision' is none of the metrics: accuracy, loss, val_accuracy"):
        fit(model_of(), OptimizerComparison({"sgd": "sgd"}, monitor="precision"), epochs=3)
