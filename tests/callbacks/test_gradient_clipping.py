"""`GradientClipping` inside `fit`, against gradients computed apart and an optimizer that is given clipped ones."""

import pickle

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import (
    BACKEND,
    BATCH,
    FEW,
    SAMPLES,
    WAYS,
    OwnStep,
    assert_weights,
    fit,
    model_of,
    on_tensorflow,
    samples,
    weights,
)
from gradients import gradients
from gradschool.callbacks import (
    GradientClipping,
    GradientMonitor,
    LearningRateFinder,
    NonFiniteGradientError,
    OptimizerComparison,
    TrainingDoctor,
)
from gradschool.callbacks.keras_internals import leaf_optimizer, stages_of
from gradschool.zoo.engine.use import use_engine

pytestmark = pytest.mark.usefixtures("built_before_they_are_traced")

LIMITS = {"global_norm": 0.3, "norm": 0.2, "value": 0.05, "normalize": 0.3, "adaptive": 0.02, "percentile": 30}


# === What the papers say, in NumPy ===
def norm_of(values):
    return float(np.sqrt(sum(np.sum(np.square(one, dtype="float64")) for one in values)))


def clipped_by_numpy(mode, limit, given, variables, history):
    if mode == "percentile":
        history.append(norm_of(given))
        mode, limit = "global_norm", np.percentile(history, limit)
    if mode == "global_norm":
        return [one * min(1, limit / norm_of(given)) for one in given]
    if mode == "normalize":
        return [one * limit / norm_of(given) for one in given]
    if mode == "norm":
        return [one * min(1, limit / np.linalg.norm(one)) for one in given]
    if mode == "value":
        return [np.clip(one, -limit, limit) for one in given]
    results = []
    for one, variable in zip(given, variables, strict=True):
        weight = ops.convert_to_numpy(variable.value)
        most = limit * np.maximum(np.linalg.norm(weight, axis=0, keepdims=True), 1e-3)
        results.append(one * np.minimum(1, most / np.maximum(np.linalg.norm(one, axis=0, keepdims=True), 1e-30)))
    return results


def train_by_hand(model, x, y, mode, limit, epochs=2, accumulate=1):
    """Trains with clipped gradients; gives every update's norm before clipping, and whether it was changed."""
    leaf = leaf_optimizer(model.optimizer)
    optimizer = type(leaf).from_config({**leaf.get_config(), "gradient_accumulation_steps": None})
    optimizer.build(model.trainable_variables)
    history, norms, changed, collected = [], [], [], []
    for first in list(range(0, len(x), BATCH)) * epochs:
        part = slice(first, first + BATCH)
        loss = keras.losses.MeanSquaredError()
        collected.append(list(gradients(model, x[part], y[part], loss, training=True).values()))
        if len(collected) < accumulate:
            continue
        mean = [sum(parts) / accumulate for parts in zip(*collected, strict=True)]
        collected = []
        clipped = clipped_by_numpy(mode, limit, mean, model.trainable_variables, history)
        norms.append(norm_of(mean))
        changed.append(not all(np.allclose(one, two, rtol=1e-6) for one, two in zip(mean, clipped, strict=True)))
        with no_gradients():
            optimizer.apply(
                [ops.convert_to_tensor(np.asarray(one, "float32")) for one in clipped], model.trainable_variables
            )
    return norms, changed


def no_gradients():
    if BACKEND == "torch":
        import torch

        return torch.no_grad()
    import contextlib

    return contextlib.nullcontext()


# === Every rule, every way ===
@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize("mode", LIMITS)
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_weights_and_figures_are_those_of_training_by_hand(use, compile_arguments, mode):
    check_against_training_by_hand(use, compile_arguments, mode)


@pytest.mark.parametrize(("use", "compile_arguments"), WAYS)
def test_every_way_of_training_gives_the_same(use, compile_arguments):
    check_against_training_by_hand(use, compile_arguments, "global_norm", kind=OwnStep)


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), WAYS)
def test_accumulated_gradients_are_clipped_once(use, compile_arguments):
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2)
    check_against_training_by_hand(use, compile_arguments, "global_norm", optimizer=optimizer, accumulate=2)


def check_against_training_by_hand(use, compile_arguments, mode, kind=keras.Sequential, optimizer=None, accumulate=1):
    x, y = samples()
    by_hand = model_of()
    norms, changed = train_by_hand(by_hand, x, y, mode, LIMITS[mode], accumulate=accumulate)
    model, clipping = use(model_of(optimizer, kind, **compile_arguments)), GradientClipping(**{mode: LIMITS[mode]})
    logs = fit(model, x, y, callbacks=[clipping]).history
    assert_weights(model, by_hand)
    for epoch in (0, 1):
        own = slice(epoch * len(norms) // 2, (epoch + 1) * len(norms) // 2)
        row = clipping.results.iloc[epoch]
        assert row["grad_norm"] == pytest.approx(np.mean(norms[own]), rel=1e-5)
        assert row["grad_norm_max"] == pytest.approx(max(norms[own]), rel=1e-5)
        assert row["clip_rate"] == pytest.approx(np.mean(changed[own]))
        assert row["updates"] == len(norms) / 2
        assert logs["grad_norm"][epoch] == row["grad_norm"]
        assert logs["clip_rate"][epoch] == row["clip_rate"]
    assert "nonfinite_steps" not in logs
    assert stages_of(model) == []


def optimizers():
    found = [
        one
        for one in vars(keras.optimizers).values()
        if isinstance(one, type)
        and issubclass(one, keras.optimizers.Optimizer)
        and one.__name__ not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap")
    ]
    return sorted(set(found), key=lambda one: one.__name__)


@pytest.mark.slow
@pytest.mark.parametrize("kind", optimizers(), ids=lambda kind: kind.__name__)
def test_every_optimizer_of_keras_gets_clipped_gradients(kind):
    x, y = samples()
    by_hand = model_of(kind(learning_rate=0.01))
    try:
        fit(model_of(kind(learning_rate=0.01)), x, y, epochs=1)
    except AttributeError as error:
        pytest.skip(f"this version of Keras cannot train with it: {error}")
    norms, _ = train_by_hand(by_hand, x, y, "global_norm", 0.3)
    # Keras's schedule-free AdamW reads a variable after changing it, and computes something else in a graph
    eagerly = BACKEND == "tensorflow" and kind.__name__ == "ScheduleFreeAdamW"
    model = model_of(kind(learning_rate=0.01), run_eagerly=eagerly)
    clipping = GradientClipping(global_norm=0.3)
    fit(model, x, y, callbacks=[clipping])
    assert clipping.results["grad_norm_max"].max() == pytest.approx(max(norms), rel=1e-4)
    assert_weights(model, by_hand, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.AdamW(keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.8), weight_decay=0.01),
        lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
    ],
    ids=["schedule_and_decay", "moving_average"],
)
@pytest.mark.parametrize("nonfinite", ["raise", "skip"])
def test_schedules_decay_and_averages_go_on_as_ever(optimizer, nonfinite):
    x, y = samples()
    by_hand, model = model_of(optimizer()), model_of(optimizer())
    fit(by_hand, x, y)
    fit(model, x, y, callbacks=[GradientClipping(global_norm=1e6, nonfinite=nonfinite)])
    assert_weights(model, by_hand)


# === History of norms ===
@pytest.mark.slow
def test_the_history_of_norms_goes_on_in_the_next_fit():
    x, y = samples()
    by_hand = model_of()
    train_by_hand(by_hand, x, y, "percentile", 30, epochs=4)
    model, clipping = model_of(), GradientClipping(percentile=30)
    for _ in range(2):
        fit(model, x, y, callbacks=[clipping])
    assert_weights(model, by_hand)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [{"percentile": 10}, {"percentile": 10, "window": 2}]
    + [{mode: 0.5} for mode in ("global_norm", "norm", "value", "normalize", "adaptive")],
)
def test_gradients_of_zeros_stay_zeros(rule):
    x, y = samples()
    y[:BATCH] = 0.0  # which the model gives already
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    clipping = GradientClipping(**rule)
    fit(model, x, y, callbacks=[clipping])
    assert clipping.rows[0]["nonfinite_steps"] == 0
    assert all(np.isfinite(one).all() for one in model.get_weights())


@pytest.mark.slow
def test_another_model_has_another_history():
    x, y = samples()
    clipping, alone = GradientClipping(percentile=30), model_of()
    fit(model_of(), 100 * x, y, callbacks=[clipping])
    model = model_of()
    fit(model, x, y, callbacks=[clipping])
    fit(alone, x, y, callbacks=[GradientClipping(percentile=30)])
    assert_weights(model, alone, rtol=0, atol=0 if BACKEND != "torch" else 1e-7)


# === Gradients that are not finite ===
def with_a_bad_batch(bad=2):
    x, y = samples()
    x[BATCH * bad] = np.nan
    return x, y


def without_it(x, y, bad=2):
    kept = np.r_[0 : BATCH * bad, BATCH * (bad + 1) : SAMPLES]
    return x[kept], y[kept]


def averaging(overwrite=None):
    return keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=overwrite)


SKIPPED = {
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "moving_average": averaging,
    "overwriting_average": lambda: averaging(overwrite=2),
}


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(
    ("use", "compile_arguments", "optimizer"),
    [
        pytest.param(*way.values, make, id=f"{way.id}-{name}", marks=way.marks)
        for name, make in SKIPPED.items()
        for way in (WAYS if name == "momentum" else FEW)
    ],
)
def test_a_bad_update_is_skipped_as_if_it_had_never_been(use, compile_arguments, optimizer):
    x, y = with_a_bad_batch()
    model, clipping = (
        use(model_of(optimizer(), **compile_arguments)),
        GradientClipping(global_norm=0.3, nonfinite="skip"),
    )
    logs = fit(model, x, y, callbacks=[clipping]).history
    other = use(model_of(optimizer(), **compile_arguments))
    fit(other, *without_it(x, y), callbacks=[GradientClipping(global_norm=0.3)])
    assert_weights(model, other)
    assert int(ops.convert_to_numpy(model.optimizer.iterations)) == 2 * (SAMPLES // BATCH - 1)
    assert logs["nonfinite_steps"] == [1, 1]
    assert clipping.results["nonfinite_steps"].tolist() == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_bad_first_update_does_not_begin_a_moving_average(use, compile_arguments):
    x, y = with_a_bad_batch(0)
    model, other = (use(model_of(averaging(overwrite=3), **compile_arguments)) for _ in range(2))
    fit(model, x, y, epochs=1, callbacks=[GradientClipping(global_norm=0.3, nonfinite="skip")])
    fit(other, *without_it(x, y, 0), epochs=1, callbacks=[GradientClipping(global_norm=0.3)])
    assert_weights(model, other)


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_bad_update_of_accumulated_gradients_is_skipped(use, compile_arguments):
    def momentum():
        return keras.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2)

    x, y = with_a_bad_batch()
    model, other = use(model_of(momentum(), **compile_arguments)), use(model_of(momentum(), **compile_arguments))
    clipping = GradientClipping(global_norm=0.3, nonfinite="skip")
    fit(model, x, y, epochs=1, callbacks=[clipping])
    fit(other, x[: BATCH * 2], y[: BATCH * 2], epochs=1, callbacks=[GradientClipping(global_norm=0.3)])
    assert clipping.results[["nonfinite_steps", "updates"]].to_numpy().tolist() == [[1, 2]]
    assert_weights(model, other)


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_bad_update_may_be_one_of_zeros(use, compile_arguments):
    x, y = with_a_bad_batch()
    model = use(model_of(keras.optimizers.SGD(0.1), **compile_arguments))
    fit(model, x, y, callbacks=[GradientClipping(global_norm=0.3, nonfinite="zero")])
    other = use(model_of(keras.optimizers.SGD(0.1), **compile_arguments))
    fit(other, *without_it(x, y), callbacks=[GradientClipping(global_norm=0.3)])
    assert_weights(model, other)


@pytest.mark.parametrize(("use", "compile_arguments"), [way for way in WAYS if not way.id.startswith("engine")])
def test_a_bad_update_is_an_error_at_the_end_of_the_epoch(use, compile_arguments):
    x, y = with_a_bad_batch()
    model, clipping = use(model_of(**compile_arguments)), GradientClipping(value=0.3)
    with pytest.raises(NonFiniteGradientError, match=r"1 update of epoch 1, first in update 3; .* lower learning rate"):
        fit(model, x, y, callbacks=[clipping])
    assert all(np.isfinite(one).all() for one in weights(model))
    assert clipping.results["nonfinite_steps"].tolist() == [1]
    assert stages_of(model) == []


def test_all_callbacks_see_the_epoch_in_which_an_update_was_bad(capsys):
    """Whatever their order: what they have measured says what went wrong."""
    (x, y), model = with_a_bad_batch(), model_of()
    clipping, monitor, doctor = GradientClipping(value=0.3), GradientMonitor(), TrainingDoctor()
    with pytest.raises(NonFiniteGradientError):
        fit(model, x, y, epochs=5, callbacks=[clipping, doctor, monitor])
    assert {row["epoch"] for row in monitor.rows} == {1}
    assert len(model.history.history["loss"]) == 1
    assert "exploding gradients" in {one["condition"] for one in doctor.findings}
    assert doctor.report() in capsys.readouterr().out
    assert stages_of(model) == []


def test_a_frozen_model_has_nothing_to_clip():
    (x, y), model = samples(), model_of()
    model.trainable = False
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"nothing to clip: all layers of .* are frozen"):
        fit(model, x, y, callbacks=[GradientClipping(value=0.3)])


@pytest.mark.slow
def test_nothing_is_raised_where_another_callback_reckons_with_bad_updates():
    x, y = samples(SAMPLES * 8)
    finder = LearningRateFinder(lowest=1e-3, highest=1e6, steps=64, stop_at=float("inf"))
    clipping, model = GradientClipping(global_norm=1e30), model_of()
    fit(model, x, y, callbacks=[finder, clipping])
    assert clipping.results["nonfinite_steps"].sum() > 0
    assert_weights(model, model_of(), rtol=0, atol=0)
    optimizers = {"good": keras.optimizers.SGD(0.01), "bad": keras.optimizers.SGD(1e20)}
    comparison = OptimizerComparison(optimizers)
    fit(model_of(), x[:SAMPLES], y[:SAMPLES], epochs=3, callbacks=[comparison, GradientClipping(global_norm=1e30)])
    assert {row["optimizer"] for row in comparison.rows if row["diverged"]} == {"bad"}


@on_tensorflow
def test_the_engine_stops_at_the_very_step():
    x, y = with_a_bad_batch()
    with pytest.raises(ValueError, match="epoch 1, step 3"):
        fit(use_engine(model_of()), x, y, callbacks=[GradientClipping(value=0.3)])


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_overflows_that_the_loss_scale_skips_do_not_count(use, compile_arguments):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        x, y = samples()
        scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**8)
        model, clipping = use(model_of(scaled, **compile_arguments)), GradientClipping(global_norm=0.3)
        fit(model, x, y, epochs=1, callbacks=[clipping])
        by_hand = model_of(keras.optimizers.SGD(0.1))
        norms, _ = train_by_hand(by_hand, x, y, "global_norm", 0.3, epochs=1)
        assert clipping.results["grad_norm"][0] == pytest.approx(np.mean(norms), rel=3e-3)
        x[: BATCH * 2] *= np.float32(1e9)
        fit(model, x, y, epochs=1, callbacks=[clipping])
        assert clipping.results[["nonfinite_steps", "updates"]].to_numpy().tolist() == [[0, SAMPLES // BATCH - 2]]
    finally:
        keras.config.set_dtype_policy("float32")


# === Sparse gradients, depthwise kernels, excluded layers ===
@pytest.mark.slow
@on_tensorflow
@pytest.mark.parametrize("mode", ["global_norm", "norm", "value", "normalize", "adaptive", "percentile"])
def test_sparse_gradients_are_clipped_like_dense_ones(mode):
    rng = np.random.default_rng(5)
    tokens = rng.integers(0, 7, (SAMPLES, 11)).astype("int32")
    y = rng.normal(size=(SAMPLES, 1)).astype("float32")

    def model(first, inputs):
        keras.utils.set_random_seed(1)
        made = keras.Sequential([inputs, first, layers.GlobalAveragePooling1D(), layers.Dense(1)])
        made.compile(keras.optimizers.SGD(0.5), "mse")
        return made

    sparse = model(layers.Embedding(7, 5), keras.Input((11,), dtype="int32"))
    dense = model(layers.Dense(5, use_bias=False), keras.Input((11, 7)))
    dense.set_weights(sparse.get_weights())
    fit(sparse, tokens, y, callbacks=[GradientClipping(**{mode: LIMITS[mode] / 4})])
    fit(dense, np.eye(7, dtype="float32")[tokens], y, callbacks=[GradientClipping(**{mode: LIMITS[mode] / 4})])
    assert_weights(sparse, dense)


def test_layers_may_be_excluded_from_adaptive_clipping():
    x, y = samples()
    model, by_hand = model_of(keras.optimizers.SGD(0.1)), model_of(keras.optimizers.SGD(0.1))
    clipping = GradientClipping(adaptive=1e-6, exclude="las*")
    before = weights(model)
    fit(model, x, y, epochs=1, callbacks=[clipping])
    after = weights(model)
    assert np.abs(after[0] - before[0]).max() < 1e-5
    fit(by_hand, x, y, epochs=1)
    assert np.abs(after[2] - before[2]).max() > 0.1 * np.abs(weights(by_hand)[2] - before[2]).max()


def test_the_units_of_a_depthwise_kernel_are_its_channels():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.DepthwiseConv2D(2, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    x = np.random.default_rng(0).normal(size=(8, 4, 4, 3)).astype("float32")
    (before,) = weights(model)
    fit(model, x, np.full((8, 3, 3, 3), 9.0, "float32"), epochs=1, callbacks=[GradientClipping(adaptive=0.01)])
    steps = np.linalg.norm((weights(model)[0] - before).reshape(4, 3), axis=0)
    np.testing.assert_allclose(steps, 0.01 * np.linalg.norm(before.reshape(4, 3), axis=0), rtol=1e-3)


def steps_after_one_update(model, x, y, clipping):
    """What an update of plain SGD at a learning rate of 1 changes, and what was before, for each trained variable."""
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = [ops.convert_to_numpy(one.value).copy() for one in model.trainable_variables]
    model.fit(x, y, batch_size=len(x), verbose=0, callbacks=[clipping])
    after = [ops.convert_to_numpy(one.value) for one in model.trainable_variables]
    return [(new - old, old) for new, old in zip(after, before, strict=True)]


def assert_clipped(step, weight, axes, limit=0.01):
    """Every unit's step is as long as it may be, where a unit's weights lie along `axes`."""
    size, most = (np.sqrt(np.sum(np.square(one, dtype="float64"), axis=axes)) for one in (step, weight))
    np.testing.assert_allclose(size, limit * np.maximum(most, 1e-3), rtol=1e-3)


def test_the_units_of_a_transposed_convolution_are_its_filters():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4, 4, 5)), layers.Conv2DTranspose(7, 3)])
    x = np.random.default_rng(0).normal(size=(8, 4, 4, 5)).astype("float32")
    kernel, _ = steps_after_one_update(model, x, np.full((8, 6, 6, 7), 1e5), GradientClipping(adaptive=0.01))
    assert_clipped(*kernel, axes=(0, 1, 3))  # (3, 3, filters, channels)


def test_the_units_of_attention_are_those_of_its_heads():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((5, 7))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 3, name="attention")(inputs, inputs))
    x = np.random.default_rng(0).normal(size=(8, 5, 7)).astype("float32")
    steps = steps_after_one_update(model, x, np.full((8, 5, 7), 1e6), GradientClipping(adaptive=0.01))
    names = [one.path.removeprefix("attention/") for one in model.trainable_variables]
    found = dict(zip(names, steps, strict=True))
    for name in ("query/kernel", "key/kernel", "value/kernel"):
        assert_clipped(*found[name], axes=(0,))  # (inputs, heads, units)
    assert_clipped(*found["attention_output/kernel"], axes=(0, 1))  # (heads, units, outputs)
    assert_clipped(*found["value/bias"], axes=(0, 1))  # (heads, units): a bias is clipped as a whole


def two_towers():
    """A model of two submodels that one function has made: layers, and weights, of the same names."""
    keras.utils.set_random_seed(0)

    def tower(name):
        inputs = keras.Input((6,))
        return keras.Model(inputs, layers.Dense(3, name="first")(inputs), name=name)

    inputs = keras.Input((6,))
    both = layers.Concatenate()([tower(name)(inputs) for name in ("left", "right")])
    return keras.Model(inputs, layers.Dense(1, name="last")(both))


@pytest.mark.parametrize("exclude", ["left", "left/first", lambda model: model.get_layer("left").get_layer("first")])
def test_a_layer_is_excluded_and_not_another_of_its_name(exclude):
    x, y = samples()
    model = two_towers()
    clipping = GradientClipping(adaptive=1e-6, exclude=exclude(model) if callable(exclude) else exclude)
    steps = steps_after_one_update(model, x, y, clipping)
    left, _, right, *_ = (np.abs(step).max() for step, _ in steps)  # of kernels, with biases between them
    assert left > 1e-3
    assert right < 1e-5


@pytest.mark.slow
def test_a_model_that_only_its_first_step_would_build_is_clipped_like_one_that_is_built():
    x = np.random.default_rng(0).normal(size=(SAMPLES, 4, 4, 3)).astype("float32")
    results = []
    for inputs in ([], [keras.Input((4, 4, 3))]):
        keras.utils.set_random_seed(0)
        inside = [layers.DepthwiseConv2D(2, name="depthwise"), layers.Flatten(), layers.Dense(1, name="last")]
        model = keras.Sequential([*inputs, *inside])
        model.compile(keras.optimizers.SGD(1.0), "mse")
        fit(model, x, samples()[1], callbacks=[GradientClipping(adaptive=0.01, exclude="last")])
        results.append(model)
    assert_weights(*results)


# === Together with others, and afterwards ===
@pytest.mark.parametrize("reverse", [False, True])
def test_other_callbacks_find_the_figures_in_the_logs(tmp_path, reverse):
    x, y = samples()
    stopping = keras.callbacks.EarlyStopping(monitor="clip_rate", mode="min", patience=0)
    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    given = [GradientClipping(normalize=0.1), stopping, logger]
    history = fit(model_of(), x, y, epochs=5, callbacks=given[::-1] if reverse else given)
    assert history.history["clip_rate"] == [1.0, 1.0]  # it does not fall: stopped after two epochs
    assert "grad_norm_max" in (tmp_path / "log.csv").read_text(encoding="utf-8").partition("\n")[0]


def test_two_may_clip_one_after_the_other():
    x, y = samples()
    first, second = GradientClipping(value=0.05), GradientClipping(global_norm=0.01)
    model = model_of(keras.optimizers.SGD(1.0))
    before = weights(model)
    fit(model, x[:BATCH], y[:BATCH], epochs=1, callbacks=[first, second])
    steps = [new - old for new, old in zip(weights(model), before, strict=True)]
    assert norm_of(steps) == pytest.approx(0.01, rel=1e-4)
    assert second.results["grad_norm"][0] < first.results["grad_norm"][0]


def test_an_optimizer_that_clips_as_well_is_told():
    with pytest.warns(UserWarning, match=r"clips as well.*clipnorm=1.0. Leave out clipnorm"):
        fit(model_of(keras.optimizers.SGD(0.1, clipnorm=1.0)), *samples(), callbacks=[GradientClipping(value=1.0)])


@pytest.mark.slow
def test_a_model_saved_while_it_is_clipped_knows_nothing_of_it(tmp_path):
    x, y = samples()
    model = model_of(keras.optimizers.Adam(0.01))
    saving = keras.callbacks.ModelCheckpoint(str(tmp_path / "model.keras"))
    fit(model, x, y, callbacks=[GradientClipping(percentile=50), saving])
    reloaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(reloaded.optimizer.variables) == len(model.optimizer.variables)
    fit(reloaded, x, y)
    fit(model, x, y)
    assert_weights(reloaded, model)


@pytest.mark.slow
def test_nothing_is_left_after_an_error_in_the_middle():
    class Break(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise KeyboardInterrupt

    x, y = samples()
    model, plain = model_of(), model_of()
    fit(plain, x, y, epochs=1)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(model, x, y, callbacks=[GradientClipping(value=1e-9), Break()])
    assert stages_of(model) == []
    assert set(model.optimizer.__dict__) == set(plain.optimizer.__dict__)
    assert set(model.__dict__) <= set(plain.__dict__) | {"_eval_epoch_iterator"}
    assert caught.value is not None
    model.set_weights(plain.get_weights())
    fit(model, x, y, epochs=1)
    assert np.abs(weights(model)[0] - weights(plain)[0]).max() > 1e-3


@pytest.mark.slow
def test_a_callback_that_has_been_used_can_be_pickled():
    x, y = samples()
    clipping, model = GradientClipping(adaptive=0.01), model_of()
    fit(model, x, y, callbacks=[clipping])
    clipping.set_model(None)
    copy = pickle.loads(pickle.dumps(clipping))
    assert copy.rows == clipping.rows
    fit(model_of(), x, y, callbacks=[copy])
    assert copy.rows == clipping.rows  # of a training like the first


def test_a_picture_and_a_table(tmp_path):
    clipping = GradientClipping(global_norm=0.3)
    with pytest.raises(ValueError, match="nothing to show yet"):
        clipping.plot()
    fit(model_of(), *samples(), callbacks=[clipping])
    assert [axes.get_title(loc="left")[:11] for axes in clipping.plot().axes] == ["global grad", "updates cli"]
    clipping.results.to_csv(tmp_path / "clipping.csv", index=False)
    assert (tmp_path / "clipping.csv").read_text(encoding="utf-8").startswith("epoch,grad_norm,grad_norm_max,clip_rate")


# === Wrong arguments ===
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of global_norm, .*; got none"),
        ({"norm": 1.0, "value": 1.0}, "exactly one of .*; got norm, value"),
        ({"global_norm": -1.0}, "global_norm must be a positive number; got -1.0"),
        ({"global_norm": float("nan")}, "global_norm must be a positive number; got nan"),
        ({"value": "much"}, "value must be a positive number; got 'much'"),
        ({"percentile": 101}, "at most 100; got 101"),
        ({"percentile": 10, "window": 0}, "window is a number of updates, at least 1"),
        ({"norm": 1.0, "window": 5}, "goes with percentile"),
        ({"norm": 1.0, "exclude": "last"}, "exclude goes with adaptive"),
        ({"norm": 1.0, "epsilon": 0.1}, "epsilon goes with adaptive; got 0.1 with norm"),
        ({"adaptive": 0.01, "epsilon": 0}, "epsilon must be a positive number"),
        ({"adaptive": 0.01, "exclude": ["last", 3]}, "exclude takes names, patterns or Keras layers; got 3"),
        ({"value": True}, "value must be a positive number; got True"),
        ({"percentile": 10, "window": 2.5}, "window is a number of updates"),
        ({"norm": 1.0, "nonfinite": "ignore"}, "one of raise, skip, zero; got 'ignore'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GradientClipping(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize("number", [np.float32(0.25), np.float64(0.25), np.int64(1)])
def test_numbers_of_numpy_are_limits_like_any(number):
    x, y = samples()
    model, other = model_of(), model_of()
    fit(model, x, y, callbacks=[GradientClipping(global_norm=number)])
    fit(other, x, y, callbacks=[GradientClipping(global_norm=number.item())])
    assert_weights(model, other, rtol=0, atol=0 if BACKEND != "torch" else 1e-7)


def test_no_layer_may_be_excluded():
    assert GradientClipping(adaptive=0.01, exclude=None).exclude == GradientClipping(adaptive=0.01).exclude == ()


def test_a_model_without_an_optimizer_is_refused():
    model = model_of()
    model.compile(optimizer=None, loss="mse")
    with pytest.raises(ValueError, match=r"GradientClipping needs a model with an optimizer: call model.compile"):
        fit(model, *samples(), callbacks=[GradientClipping(norm=1.0)])


def test_a_layer_of_another_model_is_not_excluded():
    with pytest.raises(ValueError, match="exclude: 'last' is no layer with weights in "):
        fit(model_of(), *samples(), callbacks=[GradientClipping(adaptive=0.01, exclude=model_of().layers[1])])


def test_a_layer_that_is_not_there_is_refused_before_training():
    model = model_of()
    before = weights(model)
    with pytest.raises(ValueError, match="exclude: no layer fits 'logits'; there are: hidden, last"):
        fit(model, *samples(), callbacks=[GradientClipping(adaptive=0.01, exclude="logits")])
    np.testing.assert_array_equal(weights(model)[0], before[0])


@pytest.mark.skipif(not hasattr(keras.optimizers, "MultiOptimizer"), reason="this Keras has no MultiOptimizer")
def test_several_optimizers_in_one_are_refused():
    several = keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1)))
    with pytest.raises(ValueError, match="GradientClipping works with one optimizer"):
        fit(model_of(several), *samples(), callbacks=[GradientClipping(norm=1.0)])
