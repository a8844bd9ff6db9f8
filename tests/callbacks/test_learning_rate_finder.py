"""The learning-rate finder against a loop by hand; and that nothing of it is left in the model."""

import gc
import pickle
import weakref

import keras
import numpy as np
import pytest
from keras import layers, ops

import finder_on_replicas
from fitting_ways import BACKEND, GRAPH, compiled, on_tensorflow
from gradients import gradients
from gradschool.callbacks import (
    GradientClipping,
    GradientMonitor,
    LearningRateFinder,
    TrainingDoctor,
    learning_rate_finder,
)
from gradschool.callbacks.keras_internals import session_of, stages_of
from gradschool.zoo import MLP
from gradschool.zoo.engine.use import use_engine
from programs import LAUNCH, run_program

pytestmark = pytest.mark.usefixtures("built_before_they_are_traced")

SAMPLES, BATCH = 96, 8


def as_it_is(model):
    return model


class OwnStep(keras.Sequential):
    """A training step of its own."""

    def train_step(self, *arguments):
        return super().train_step(*arguments)


class UpdatesNothing(keras.Sequential):
    """Its step does not use the optimizer."""

    def train_step(self, *arguments):
        logs = {"loss": 0.0}
        return (logs, arguments[0]) if BACKEND == "jax" else logs


def samples():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(SAMPLES, 6)).astype("float32")
    return x, (x @ rng.normal(size=(6, 1)) + 0.1 * rng.normal(size=(SAMPLES, 1))).astype("float32")


def model_of(optimizer=None, kind=keras.Sequential, dropout=0.25, **compile_arguments):
    keras.utils.set_random_seed(1)
    model = kind(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="tanh"),
            layers.Dropout(dropout),
            layers.BatchNormalization(),
            layers.Dense(1, dtype="float32"),
        ]
    )
    model.compile(optimizer or keras.optimizers.SGD(0.01, momentum=0.9), "mse", metrics=["mae"], **compile_arguments)
    return model


def fit(model, finder, epochs=20, callbacks=(), **arguments):
    x, y = samples()
    callbacks = [*callbacks, finder] if finder else list(callbacks)
    return model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks, **arguments)


def values_of(model):
    values = [np.array(ops.convert_to_numpy(one), copy=True) for one in (*model.variables, *model.optimizer.variables)]
    if BACKEND == "torch":
        import torch

        values.append(torch.get_rng_state().numpy().copy())
    return values


def assert_same(before, after):
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def schedule():
    return keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.8)


def loss_scaling():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=8.0)


OPTIMIZERS = {
    "adamw_schedule": lambda: keras.optimizers.AdamW(schedule(), weight_decay=0.01),
    "moving_average": lambda: keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
    "accumulation": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "loss_scaling": loss_scaling,
}
WAYS = [
    pytest.param(as_it_is, GRAPH, id="graph"),
    pytest.param(as_it_is, {"run_eagerly": True}, id="eager"),
    pytest.param(as_it_is, {"jit_compile": True}, id="jit", marks=on_tensorflow),
    pytest.param(as_it_is, {"steps_per_execution": 4, **GRAPH}, id="steps_per_execution", marks=compiled),
    pytest.param(use_engine, {}, id="engine", marks=on_tensorflow),
]


# === What is measured ===
@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(
    ("use", "compile_arguments"), [way for way in WAYS if way.id in ("graph", "eager", "jit", "engine")]
)
def test_losses_are_those_of_a_loop_with_rising_rate(use, compile_arguments):
    x, y = samples()
    model = use(model_of(keras.optimizers.SGD(0.1), dropout=0.0, **compile_arguments))
    by_hand = model_of(keras.optimizers.SGD(0.1), dropout=0.0)
    finder = LearningRateFinder(1e-3, 1e-1, steps=24)
    fit(model, finder)
    table = finder.results
    np.testing.assert_allclose(table["learning_rate"], np.geomspace(1e-3, 1e-1, 24), rtol=1e-5)
    assert list(table["step"]) == list(range(1, 25))
    losses, mean_square = [], keras.losses.MeanSquaredError()
    for number, rate in enumerate(np.geomspace(1e-3, 1e-1, 24)):
        part = slice(number % 12 * BATCH, (number % 12 + 1) * BATCH)
        slopes = gradients(by_hand, x[part], y[part], mean_square, training=True)
        outputs = by_hand(x[part], training=True)
        losses.append(float(np.mean((ops.convert_to_numpy(outputs) - y[part]) ** 2)))
        for variable in by_hand.trainable_variables:
            variable.assign(ops.convert_to_numpy(variable) - np.float32(rate) * slopes[variable.path])
    np.testing.assert_allclose(table["loss"], losses, rtol=2e-4)


@pytest.mark.slow
@compiled
def test_several_steps_in_one_call_make_the_grid_coarser():
    model = model_of(keras.optimizers.SGD(0.1), dropout=0.0, jit_compile=False)
    one_by_one, by_fours = LearningRateFinder(1e-3, 1e-1, steps=24), LearningRateFinder(1e-3, 1e-1, steps=24)
    fit(model, one_by_one)
    model.compile("sgd", "mse", steps_per_execution=4, jit_compile=False)
    fit(model, by_fours)
    assert list(by_fours.results["step"]) == [4, 8, 12, 16, 20, 24]
    losses, rates = (one_by_one.results[name].to_numpy().reshape(6, 4) for name in ("loss", "learning_rate"))
    np.testing.assert_allclose(by_fours.results["loss"], losses.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(by_fours.results["learning_rate"], np.exp(np.log(rates).mean(axis=1)), rtol=1e-4)
    with pytest.raises(ValueError, match="has seen 6 losses, and needs at least 10: give it more epochs"):
        _ = by_fours.suggestion


def test_steps_skipped_for_an_overflow_do_not_raise_the_rate():
    model = model_of(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**126))
    finder = LearningRateFinder(1e-3, 1e-1, steps=24)
    fit(model, finder)
    rates = finder.results["learning_rate"].to_numpy()
    went_up = rates[1:] > rates[:-1]
    assert not went_up[0]
    np.testing.assert_allclose(rates[1:][went_up], np.geomspace(1e-3, 1e-1, 24)[1 : went_up.sum() + 1], rtol=1e-5)


# === The model is as before ===
@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(
    ("use", "compile_arguments", "optimizer"),
    [pytest.param(*way.values, None, id=way.id, marks=way.marks) for way in WAYS]
    + [
        pytest.param(*way.values, name, id=f"{way.id}-{name}", marks=way.marks)
        for way in WAYS
        for name in OPTIMIZERS
        if way.id in ("graph", "engine")
    ],
)
def test_the_model_is_as_before_and_trains_as_if_nothing_had_been(use, compile_arguments, optimizer):
    def new_optimizer():
        return OPTIMIZERS[optimizer]() if optimizer else None

    if BACKEND == "jax" and optimizer == "moving_average":
        pytest.skip("Keras itself fails in a second fit: weights and their average are one buffer, donated twice")
    plain, model = (use(model_of(new_optimizer(), **compile_arguments)) for _ in range(2))
    for one in (plain, model):
        keras.utils.set_random_seed(2)
        fit(one, None, epochs=1)
    before, attributes = values_of(model), set(model.optimizer.__dict__)
    finder = LearningRateFinder(1e-4, 1e3, steps=48)
    fit(model, finder)
    assert finder.rows[-1]["step"] >= 12
    assert_same(before, values_of(model))
    assert set(model.optimizer.__dict__) == attributes
    assert stages_of(model) == []
    assert session_of(model) is None
    for one in (plain, model):
        keras.utils.set_random_seed(4)
        fit(one, None, epochs=1)
    assert_same(values_of(plain), values_of(model))


@pytest.mark.slow
def test_a_first_fit_leaves_the_weights_of_the_start():
    model = model_of(keras.optimizers.Adam(0.01, use_ema=True))
    before = [one.copy() for one in model.get_weights()]
    fit(model, LearningRateFinder(steps=30))
    assert_same(before, model.get_weights())
    assert all(not ops.convert_to_numpy(one).any() for one in model.optimizer.variables if "learning" not in one.path)
    assert float(ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(0.01)


def test_the_weights_are_back_before_other_callbacks_look():
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.get_weights())

    model = model_of()
    before = model.get_weights()
    fit(model, LearningRateFinder(1e-4, 1.0, steps=12), callbacks=[Look()])
    assert len(seen) == 1
    assert_same(before, seen[0])


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(dtype):
    if BACKEND == "torch" and dtype == "mixed_float16":
        pytest.skip("PyTorch multiplies no float16 matrices on every CPU")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        model = model_of(keras.optimizers.SGD(0.01))
        before = model.get_weights()
        finder = LearningRateFinder(1e-4, 1.0, steps=48)
        fit(model, finder)
        assert_same(before, model.get_weights())
        assert np.isfinite(finder.results["loss"]).sum() > 20
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.mark.slow
def test_a_step_of_its_own_and_a_model_without_weights_yet():
    class Unbuilt(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = layers.Dense(5, activation="relu"), layers.Dense(1)

        def call(self, x):
            return self.outer(self.inner(x))

    keras.utils.set_random_seed(1)
    model = Unbuilt()
    model.compile("adam", "mse")
    finder = LearningRateFinder(1e-5, 10.0, steps=60)
    fit(model, finder)
    assert finder.rows[0]["step"] == 1
    again = LearningRateFinder(1e-5, 10.0, steps=60)
    fit(model, again)
    np.testing.assert_allclose(finder.results["loss"], again.results["loss"], rtol=1e-6)
    own = model_of(kind=OwnStep)
    before = own.get_weights()
    fit(own, LearningRateFinder(steps=12))
    assert_same(before, own.get_weights())


@pytest.mark.slow
def test_a_model_is_as_before_when_the_fit_breaks_off():
    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    model = model_of(dropout=0.0)
    fit(model, None, epochs=1)
    before = values_of(model)
    finder = LearningRateFinder(1e-4, 1.0, steps=48)
    with pytest.raises(KeyboardInterrupt):
        fit(model, finder, callbacks=[Break()])
    assert len(finder.rows) == 12
    assert_same(before, values_of(model))
    assert stages_of(model) == []
    assert float(ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(0.01)


@pytest.mark.parametrize("breaks", [False, True])
def test_nothing_of_the_model_is_held_on_to(breaks, monkeypatch):
    made = []

    class Remembered(learning_rate_finder.Snapshot):
        def __init__(self, model):
            super().__init__(model)
            made.append(weakref.ref(self))

    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if breaks:
                raise RuntimeError("broken off")

    monkeypatch.setattr(learning_rate_finder, "Snapshot", Remembered)
    model, finder = model_of(), LearningRateFinder(1e-4, 1.0, steps=12)
    try:
        fit(model, finder, callbacks=[Break()])
    except RuntimeError:
        assert breaks
    gc.collect()
    assert [one() for one in made] == [None]
    assert finder.rows


@pytest.mark.slow
def test_files_written_in_the_meantime_know_nothing_of_it(tmp_path):
    model = model_of(keras.optimizers.Adam(schedule()))
    saved = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    fit(model, LearningRateFinder(1e-4, 1.0, steps=36), callbacks=[saved])
    reloaded = keras.saving.load_model(tmp_path / "1.keras")
    assert reloaded.optimizer.get_config()["learning_rate"] == model.optimizer.get_config()["learning_rate"]
    assert len(reloaded.optimizer.variables) == len(model.optimizer.variables)
    assert_same(model.get_weights(), keras.saving.load_model(tmp_path / "3.keras").get_weights())


@pytest.mark.slow
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("use", "compile_arguments"), [way for way in WAYS if way.id in ("graph", "engine")])
def test_others_beside_it_see_the_same_test(use, compile_arguments, first):
    alone, beside = (LearningRateFinder(1e-4, 1e3, steps=48) for _ in range(2))
    fit(use(model_of(**compile_arguments)), alone)
    model = use(model_of(**compile_arguments))
    before = model.get_weights()
    clipping = GradientClipping(global_norm=1e9, nonfinite="skip")
    others = [clipping, GradientMonitor(every=1), TrainingDoctor(verbose=0)]
    x, y = samples()
    callbacks = [beside, *others] if first else [*others, beside]
    model.fit(x, y, batch_size=BATCH, epochs=20, shuffle=False, verbose=0, callbacks=callbacks)
    np.testing.assert_allclose(alone.results["loss"], beside.results["loss"], rtol=1e-3)
    assert sum(row["updates"] for row in clipping.rows) == len(beside.rows)
    assert_same(before, model.get_weights())
    assert session_of(model) is None
    assert stages_of(model) == []


# === Where the test ends ===
@pytest.mark.parametrize(("use", "compile_arguments"), [way for way in WAYS if way.id in ("graph", "engine")])
def test_it_ends_when_the_loss_diverges(use, compile_arguments):
    model = use(model_of(keras.optimizers.SGD(0.1), **compile_arguments))
    finder = LearningRateFinder(1e-4, 1e6, steps=120, smoothing=4)
    history = fit(model, finder)
    assert 10 < len(finder.rows) < 110
    assert len(history.epoch) < 10
    assert finder.rows[-1]["loss"] > finder.rows[0]["loss"]
    assert 1e-3 < finder.suggestion <= finder.highest_stable < finder.rows[-1]["learning_rate"]


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), [way for way in WAYS if way.id in ("graph", "engine")])
def test_it_ends_at_a_loss_that_is_no_number(use, compile_arguments):
    keras.utils.set_random_seed(1)
    model = use(keras.Sequential([keras.Input((6,)), layers.Dense(8), layers.Dense(1)]))
    model.compile(keras.optimizers.SGD(0.01), "mse", **compile_arguments)
    fit(model, None, epochs=1)
    before = values_of(model)
    finder = LearningRateFinder(1e-4, 1e12, steps=96, stop_at=float("inf"))
    fit(model, finder)
    assert not np.isfinite(finder.rows[-1]["loss"])
    assert finder.highest_stable < 1e3
    assert_same(before, values_of(model))


@pytest.mark.parametrize(("use", "compile_arguments"), [way for way in WAYS if way.id in ("graph", "engine")])
@pytest.mark.parametrize("epochs", [1, 4])
def test_a_test_without_any_update_tells_nothing(use, compile_arguments, epochs):
    model = use(model_of(kind=UpdatesNothing, **compile_arguments))
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"saw no update in the \d+ steps of its test: UpdatesNothing.train_step must"):
        fit(model, LearningRateFinder(steps=24), epochs=epochs)
    assert_same(before, model.get_weights())
    assert session_of(model) is None


def test_updates_that_were_all_left_out_are_said_to_be():
    model = model_of(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**126))
    x, y = samples()
    with pytest.raises(ValueError, match=r"every update was left out.*more epochs"):  # the scale is still too high
        model.fit(x, y * 1e10, batch_size=BATCH, verbose=0, callbacks=[LearningRateFinder(steps=12)])


def test_with_fewer_steps_than_wanted_the_rate_rises_faster():
    finder = LearningRateFinder(1e-4, 1e-2, steps=200)
    fit(model_of(), finder, epochs=2)
    np.testing.assert_allclose(finder.results["learning_rate"], np.geomspace(1e-4, 1e-2, 24), rtol=1e-5)


@pytest.mark.parametrize("use", [as_it_is, pytest.param(use_engine, marks=on_tensorflow)])
def test_epochs_that_are_taken_for_done_give_no_steps(use):
    finder = LearningRateFinder(1e-4, 1e-2, steps=200)
    fit(use(model_of()), finder, epochs=5, initial_epoch=3)
    np.testing.assert_allclose(finder.results["learning_rate"], np.geomspace(1e-4, 1e-2, 24), rtol=1e-5)


@on_tensorflow
@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, at the end of such data
@pytest.mark.parametrize("use", [as_it_is, use_engine])
def test_data_of_unknown_length(use):
    import tensorflow as tf

    x, y = samples()
    data = tf.data.Dataset.from_tensor_slices((x, y)).filter(lambda x, y: True).batch(BATCH)
    model, finder = use(model_of()), LearningRateFinder(1e-4, 1e-2, steps=200)
    before = model.get_weights()
    model.fit(data, epochs=2, shuffle=False, verbose=0, callbacks=[finder])
    assert len(finder.rows) == 24
    rates = finder.results["learning_rate"][:12]  # Keras then counts a step that finds no more data
    np.testing.assert_allclose(rates, 1e-4 * 100 ** (np.arange(12) / 199), rtol=1e-5)
    assert all("smoothed_loss" in row for row in finder.rows)
    assert_same(before, model.get_weights())


def test_a_finder_that_has_been_used_can_be_pickled():
    (x, y), finder = samples(), LearningRateFinder(steps=20)
    model_of().fit(x, y, batch_size=BATCH, epochs=2, verbose=0, callbacks=[finder])
    again = pickle.loads(pickle.dumps(finder))
    assert again.rows == finder.rows
    assert again.highest_stable == finder.highest_stable


@pytest.mark.slow
def test_a_zoo_model():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(SAMPLES, 6)).astype("float32"), np.arange(SAMPLES) % 3
    x[np.arange(SAMPLES), y] += 3
    model = MLP(input_shape=(6,), classes=3, hidden=(5,))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    before = model.get_weights()
    finder = LearningRateFinder()
    model.fit(x, y, batch_size=BATCH, epochs=20, verbose=0, callbacks=[finder])
    assert 1e-5 < finder.suggestion < 3
    assert_same(before, model.get_weights())


# === Whether the rates found are good ===
@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_the_suggested_rate_trains_better_than_much_lower_and_much_higher_ones(optimizer):
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = (digits.data / 16).astype("float32"), digits.target

    def digits_model(rate):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10)])
        model.compile(optimizer(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def loss_with(rate):
        return digits_model(rate).fit(x, y, epochs=3, verbose=0, batch_size=64).history["loss"][-1]

    finder = LearningRateFinder()
    digits_model(0.01).fit(x, y, epochs=20, batch_size=64, callbacks=[finder], verbose=0)
    found, lower, higher = (loss_with(finder.suggestion * factor) for factor in (1, 1 / 30, 30))
    assert found < 0.7 < lower
    assert not higher < 2 * found


# === Results and errors ===
@pytest.mark.slow
def test_the_picture_shows_the_curve_and_what_was_found():
    finder = LearningRateFinder(1e-4, 1e6, steps=96)
    with pytest.raises(ValueError, match="nothing to show yet"):
        finder.plot()
    with pytest.raises(ValueError, match="nothing to show yet"):
        _ = finder.suggestion
    fit(model_of(keras.optimizers.SGD(0.1)), finder)
    (axes,) = finder.plot().axes
    assert axes.get_xscale() == "log"
    np.testing.assert_allclose(axes.lines[1].get_ydata(), finder.results["smoothed_loss"])
    assert [line.get_label().split()[0] for line in axes.lines] == ["loss", "mean", "suggestion", "highest"]
    short = LearningRateFinder(1e-4, 1e-2)
    fit(model_of(), short, epochs=1, steps_per_epoch=3)
    assert len(short.plot().axes[0].lines) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lowest": 0.0}, "0 < lowest < highest"),
        ({"lowest": 1.0, "highest": 0.1}, "got lowest=1.0, highest=0.1"),
        ({"highest": float("inf")}, "0 < lowest < highest"),
        ({"steps": 5}, "steps must be a whole number of at least 10; got 5"),
        ({"steps": 20.5}, "steps must be a whole number of at least 10; got 20.5"),
        ({"smoothing": 0}, "from 1 to steps=200; got 0"),
        ({"stop_at": 1.0}, "stop_at must be above 1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LearningRateFinder(**arguments)


@pytest.mark.parametrize(
    "other", [keras.callbacks.LearningRateScheduler(lambda epoch: 0.1), keras.callbacks.ReduceLROnPlateau()]
)
def test_two_that_set_the_rate_are_refused(other):
    model = model_of()
    with pytest.raises(ValueError, match=f"LearningRateFinder and {type(other).__name__} both set the learning rate"):
        fit(model, LearningRateFinder(), callbacks=[other])
    assert session_of(model) is None


@pytest.mark.parametrize(
    "other", [keras.callbacks.EarlyStopping(restore_best_weights=True), keras.callbacks.SwapEMAWeights()]
)
def test_what_sets_weights_is_refused(other):
    model = model_of()
    with pytest.raises(ValueError, match=f"{type(other).__name__} sets or keeps weights of the test"):
        fit(model, LearningRateFinder(), callbacks=[other])
    assert session_of(model) is None
    fit(model, LearningRateFinder(), callbacks=[keras.callbacks.EarlyStopping("loss")])


def test_states_that_are_no_variables_of_the_model_are_refused():
    model = keras.Sequential([keras.Input(batch_shape=(8, 3, 2)), layers.LSTM(3, stateful=True, name="memory")])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="LearningRateFinder cannot take part: memory keeps its states"):
        model.fit(np.ones((8, 3, 2)), np.ones((8, 3)), verbose=0, callbacks=[LearningRateFinder()])


@on_tensorflow
def test_a_step_that_is_compiled_by_itself_is_refused():
    import tensorflow as tf

    class Compiled(OwnStep):
        train_step = tf.function(OwnStep.train_step)

    with pytest.raises(ValueError, match=r"Compiled\.train_step is a tf\.function"):
        fit(model_of(kind=Compiled), LearningRateFinder())


def test_several_optimizers_are_refused():
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("this Keras has none")
    optimizer = keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.SGD()))
    with pytest.raises(ValueError, match="LearningRateFinder works with one optimizer"):
        fit(model_of(optimizer), LearningRateFinder())


@pytest.mark.slow
def test_too_few_losses_and_losses_that_never_fall_are_said():
    short = LearningRateFinder(1e-4, 1e-2)
    fit(model_of(), short, epochs=1, steps_per_epoch=3)
    with pytest.raises(ValueError, match="has seen 3 losses, and needs at least 10: give it more epochs"):
        _ = short.suggestion
    too_high = LearningRateFinder(1e6, 1e9)
    fit(model_of(keras.optimizers.SGD(0.1)), too_high)
    with pytest.raises(
        ValueError, match=r"before training diverged, and needs at least 10: give it a smaller `lowest`"
    ):
        _ = too_high.highest_stable


@on_tensorflow
def test_a_step_without_a_loss_is_refused():
    class Lossless(keras.Sequential):
        def train_step(self, data):
            super().train_step(data)
            return {"error": 1.0}

    with pytest.raises(ValueError, match=r"needs a step that gives its 'loss'; this one gives \['error'\]"):
        fit(model_of(kind=Lossless), LearningRateFinder())


# === Replicas ===
@on_tensorflow
@pytest.mark.slow
def test_several_replicas_and_workers_find_what_one_device_does():
    (_, one), *others = run_program(finder_on_replicas.__file__, "plain:1", "plain:2", "engine:2")
    others += run_program(finder_on_replicas.__file__, "workers:2", launch=LAUNCH)
    assert len(others) == 4
    for _, other in others:
        assert other["as before"]
        assert other["suggestion"] == pytest.approx(one["suggestion"], rel=1e-3)
        for name in ("learning_rate", "loss"):
            np.testing.assert_allclose([r[name] for r in other["rows"]], [r[name] for r in one["rows"]], rtol=2e-4)
