"""Stages between gradients and update rule, against a loop that computes the same by itself."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import BACKEND, GRAPH, compiled, on_tensorflow
from gradients import gradients
from gradschool.callbacks.keras_internals import (
    GradientStage,
    add_stage,
    global_seed_state,
    gradient_stages,
    leaf_optimizer,
    remove_stage,
    stages_of,
    summed_before,
)
from gradschool.zoo import MLP
from gradschool.zoo.engine.use import use_engine

EPOCHS, SAMPLES, BATCH = 2, 32, 8
CLIP = 0.05


def square_sum(gradient):
    values = gradient.values if hasattr(gradient, "dense_shape") else gradient  # a sparse one has every index once
    return ops.sum(ops.square(ops.cast(values, "float32")))


def norm(gradients):
    return ops.sqrt(sum(square_sum(one) for one in gradients))


class Recorder(GradientStage):
    """Adds up the gradients' global norms, and keeps the largest."""

    def build(self, variables):
        for name in ("sum", "max", "updates"):
            self.add_state(name)

    def on_gradients(self, gradients, variables):
        assert len(gradients) == len(variables)
        value = norm(gradients)
        self.state["sum"].assign_add(value)
        self.state["max"].assign(ops.maximum(self.state["max"].value, value))
        self.state["updates"].assign_add(1.0)
        return gradients

    def figures(self):
        return {name: float(ops.convert_to_numpy(one.value)) for name, one in self.state.items()}


class Clipper(GradientStage):
    """Scales all gradients down to a global norm."""

    order = 10

    def on_gradients(self, gradients, variables):
        factor = ops.minimum(1.0, CLIP / ops.maximum(norm(gradients), 1e-12))
        return [one * ops.cast(factor, one.dtype) for one in gradients]


class Steps(GradientStage):
    """Adds up the lengths of the updates."""

    wants_updates = True

    def build(self, variables):
        self.add_state("length")

    def on_update(self, before, after, variables):
        self.state["length"].assign_add(norm([new - old for old, new in zip(before, after, strict=True)]))


# === The loop by hand ===
def samples(count=SAMPLES):
    rng = np.random.default_rng(3)
    return rng.normal(size=(count, 6)).astype("float32"), rng.normal(size=(count, 1)).astype("float32")


def model_of(optimizer=None, kind=keras.Sequential, **compile_arguments):
    keras.utils.set_random_seed(1)
    model = kind([keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(1, dtype="float32")])
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), "mse", **compile_arguments)
    return model


def loop_by_hand(model, x, y, accumulate=1, epochs=EPOCHS, clip=CLIP):
    """Trains with a second optimizer that is given clipped gradients; returns every update's norm before clipping."""
    optimizer = type(leaf_optimizer(model.optimizer)).from_config(
        {**leaf_optimizer(model.optimizer).get_config(), "gradient_accumulation_steps": None}
    )
    optimizer.build(model.trainable_variables)
    mean_square = keras.losses.MeanSquaredError()
    norms, collected = [], []
    for first in list(range(0, len(x), BATCH)) * epochs:
        part = slice(first, first + BATCH)
        collected.append(list(gradients(model, x[part], y[part], mean_square, training=True).values()))
        if len(collected) < accumulate:
            continue
        mean = [sum(parts) / accumulate for parts in zip(*collected, strict=True)]
        collected = []
        norms.append(float(np.sqrt(sum(np.sum(np.square(one, dtype="float64")) for one in mean))))
        factor = min(1.0, clip / norms[-1])
        with no_gradients():
            optimizer.apply(
                [ops.convert_to_tensor(one * np.float32(factor)) for one in mean], model.trainable_variables
            )
    optimizer.finalize_variable_values(model.trainable_variables)
    return norms


def no_gradients():
    if BACKEND == "torch":
        import torch

        return torch.no_grad()
    import contextlib

    return contextlib.nullcontext()


def fit(model, x, y, epochs=EPOCHS, **arguments):
    return model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, **arguments)


def assert_weights(model, other, rtol=2e-5, atol=2e-6):
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=rtol, atol=atol)


def assert_norms(recorder, norms, rtol=1e-6):
    figures = recorder.figures()
    assert figures["updates"] == len(norms)
    np.testing.assert_allclose([figures["sum"], figures["max"]], [sum(norms), max(norms)], rtol=rtol)


class OwnStep(keras.Sequential):
    """A training step of its own."""

    def train_step(self, *arguments):
        self.was_here = True
        return super().train_step(*arguments)


def schedule():
    return keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.8)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adamw_schedule": lambda: keras.optimizers.AdamW(schedule(), weight_decay=0.01),
    "nadam": lambda: keras.optimizers.Nadam(0.01),
    "moving_average": lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
}
WAYS = [
    pytest.param(lambda model: model, GRAPH, id="graph"),
    pytest.param(lambda model: model, {"run_eagerly": True}, id="eager"),
    pytest.param(lambda model: model, {"jit_compile": True}, id="jit", marks=on_tensorflow),
    pytest.param(lambda model: model, {"steps_per_execution": 4, **GRAPH}, id="steps_per_execution", marks=compiled),
    pytest.param(use_engine, {}, id="engine", marks=on_tensorflow),
    pytest.param(use_engine, {"jit_compile": False}, id="engine_graph", marks=on_tensorflow),
]
FEW = [way for way in WAYS if way.id in ("graph", "engine")]  # the engine lets XLA compile such small models


# === What every way of training gives ===
@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(
    ("use", "compile_arguments", "optimizer"),
    [pytest.param(*way.values, "sgd", id=f"{way.id}-sgd", marks=way.marks) for way in WAYS]
    + [
        pytest.param(*way.values, name, id=f"{way.id}-{name}", marks=way.marks)
        for way in FEW
        for name in OPTIMIZERS
        if name != "sgd"
    ],
)
def test_norms_and_weights_are_those_of_a_loop_by_hand(use, compile_arguments, optimizer):
    x, y = samples()
    by_hand = model_of(OPTIMIZERS[optimizer]())
    norms = loop_by_hand(by_hand, x, y)
    model, recorder = use(model_of(OPTIMIZERS[optimizer](), **compile_arguments)), Recorder()
    with gradient_stages(model, Clipper(), recorder):
        fit(model, x, y)
    assert max(norms) > CLIP
    assert_norms(recorder, norms)
    assert_weights(model, by_hand)


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), WAYS)
def test_accumulated_gradients_arrive_once_for_every_update(use, compile_arguments):
    x, y = samples()
    by_hand = model_of()
    norms = loop_by_hand(by_hand, x, y, accumulate=2)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2)
    model, recorder = use(model_of(optimizer, **compile_arguments)), Recorder()
    with gradient_stages(model, Clipper(), recorder):
        fit(model, x, y)
    assert_norms(recorder, norms)
    assert_weights(model, by_hand)


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_train_step_of_its_own_is_seen(use, compile_arguments):
    x, y = samples()
    by_hand = model_of()
    norms = loop_by_hand(by_hand, x, y)
    model, recorder = use(model_of(kind=OwnStep, **compile_arguments)), Recorder()
    with gradient_stages(model, Clipper(), recorder):
        fit(model, x, y)
    assert model.was_here
    assert_norms(recorder, norms)
    assert_weights(model, by_hand)


@pytest.fixture
def mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.usefixtures("mixed_precision")
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_mixed_precision_gradients_arrive_unscaled_and_without_overflows(use, compile_arguments):
    x, y = samples()
    by_hand = model_of()  # in float16 too, so that rounding is about the same
    norms = loop_by_hand(by_hand, x, y)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1, momentum=0.9), initial_scale=2.0**8)
    model, recorder = use(model_of(scaled, **compile_arguments)), Recorder()
    with gradient_stages(model, Clipper(), recorder):
        fit(model, x, y)
    assert_norms(recorder, norms, rtol=3e-3)
    assert_weights(model, by_hand, rtol=3e-3, atol=1e-3)
    before = recorder.figures()["updates"]
    with gradient_stages(model, recorder):
        fit(model, x * np.float32(1e9), y, epochs=1)
    assert recorder.figures()["updates"] == before


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_second_fit_goes_on_where_the_first_ended(use, compile_arguments):
    x, y = samples()
    by_hand = model_of()
    norms = loop_by_hand(by_hand, x, y, epochs=3)
    model, recorder, clipper = use(model_of(**compile_arguments)), Recorder(), Clipper()
    with gradient_stages(model, recorder, clipper):
        fit(model, x, y, epochs=1)
    with gradient_stages(model, recorder, clipper):
        fit(model, x, y, epochs=1)
        fit(model, x, y, epochs=1)
    assert_norms(recorder, norms)
    assert_weights(model, by_hand)


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_stage_added_when_training_begins_is_in_time(use, compile_arguments):
    class InTime(keras.callbacks.Callback):
        def __init__(self, *stages):
            super().__init__()
            self.stages = stages

        def on_train_begin(self, logs=None):
            for stage in self.stages:
                add_stage(self.model, stage)

        def on_train_end(self, logs=None):
            for stage in self.stages:
                remove_stage(self.model, stage)

    x, y = samples()
    by_hand = model_of()
    norms = loop_by_hand(by_hand, x, y)
    model, recorder = use(model_of(**compile_arguments)), Recorder()
    fit(model, x, y, callbacks=[InTime(recorder, Clipper())])
    assert_norms(recorder, norms)
    assert_weights(model, by_hand)
    fit(model, x, y, epochs=1)
    assert recorder.figures()["updates"] == len(norms)


@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_updates_are_seen_before_and_after(use, compile_arguments):
    x, y = samples(BATCH)
    model, steps = use(model_of(**compile_arguments)), Steps()
    before = [ops.convert_to_numpy(one.value).copy() for one in model.trainable_variables]
    with gradient_stages(model, steps):
        fit(model, x, y, epochs=1)
    after = [ops.convert_to_numpy(one.value) for one in model.trainable_variables]
    length = np.sqrt(sum(np.sum((new - old) ** 2) for old, new in zip(before, after, strict=True)))
    np.testing.assert_allclose(ops.convert_to_numpy(steps.state["length"].value), length, rtol=1e-5)


# === Several stages, and none ===
def test_stages_run_in_their_order():
    ran = []

    def stage_of(order):
        class Ordered(GradientStage):
            def on_gradients(self, gradients, variables):
                ran.append(order)
                return gradients

        stage = Ordered()
        stage.order = order
        return stage

    x, y = samples(BATCH)
    model = model_of(run_eagerly=BACKEND != "jax")
    stages = [stage_of(order) for order in (10, 0, 20, 5)]
    with gradient_stages(model, *stages):
        assert [stage.order for stage in stages_of(model)] == [0, 5, 10, 20]
        fit(model, x, y, epochs=1)
    assert ran[:4] == [0, 5, 10, 20]
    assert stages_of(model) == []


def test_a_stage_that_is_added_twice_runs_once():
    x, y = samples(BATCH)
    model, recorder = model_of(), Recorder()
    add_stage(model, recorder)
    add_stage(model, recorder)
    fit(model, x, y, epochs=1)
    assert recorder.figures()["updates"] == 1


def test_a_model_without_optimizer_has_no_stages():
    assert stages_of(keras.Sequential([layers.Dense(1)])) == []


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_nothing_is_left_behind(use, compile_arguments):
    x, y = samples()
    plain = use(model_of(**compile_arguments))
    fit(plain, x, y)
    fit(plain, x, y)
    model = use(model_of(**compile_arguments))
    with gradient_stages(model, Recorder(), Steps()):
        fit(model, x, y)
    fit(model, x, y)
    assert set(model.optimizer.__dict__) == set(plain.optimizer.__dict__)
    assert len(model.optimizer.variables) == len(plain.optimizer.variables)
    assert_weights(model, plain, rtol=0 if BACKEND == "torch" else 1e-6, atol=1e-7)


def test_nothing_is_left_behind_on_either_of_two_nested_optimizers():
    model = model_of(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)))
    fit(model, *samples(BATCH))
    outer, inner = set(model.optimizer.__dict__), set(leaf_optimizer(model.optimizer).__dict__)
    with gradient_stages(model, Recorder()):
        fit(model, *samples(BATCH))
    assert set(model.optimizer.__dict__) == outer
    assert set(leaf_optimizer(model.optimizer).__dict__) == inner


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_stages_are_gone_after_a_fit_that_was_broken_off(use, compile_arguments):
    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    x, y = samples()
    model, recorder = use(model_of(**compile_arguments)), Recorder()
    with pytest.raises(KeyboardInterrupt), gradient_stages(model, recorder, Clipper()):
        fit(model, x, y, callbacks=[Break()])
    assert stages_of(model) == []
    plain = model_of()
    plain.set_weights(model.get_weights())
    fit(model, x, y, epochs=1)
    assert recorder.figures()["updates"] == SAMPLES // BATCH


# === Files ===
@pytest.mark.slow
def test_a_model_is_saved_as_if_it_had_no_stages(tmp_path):
    x, y = samples()
    model, recorder = model_of(keras.optimizers.Adam(0.01)), Recorder()
    with gradient_stages(model, recorder, Clipper()):
        fit(model, x, y)
        model.save(tmp_path / "model.keras")
        model.save_weights(tmp_path / "model.weights.h5")
    plain = model_of(keras.optimizers.Adam(0.01))
    fit(plain, x, y, epochs=1)
    reloaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(reloaded.optimizer.variables) == len(plain.optimizer.variables)
    for one, other in zip(reloaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one.value), ops.convert_to_numpy(other.value))
    with gradient_stages(reloaded, recorder, Clipper()):
        fit(reloaded, x, y, epochs=1)
    with gradient_stages(model, Clipper()):
        fit(model, x, y, epochs=1)
    assert_weights(reloaded, model)


@pytest.mark.slow
def test_a_file_is_loaded_into_an_optimizer_with_stages(tmp_path):
    x, y = samples()
    model = model_of(keras.optimizers.Adam(0.01))
    fit(model, x, y)
    model.save_weights(tmp_path / "model.weights.h5")
    other = model_of(keras.optimizers.Adam(0.01))
    fit(other, x, y, epochs=1)
    with gradient_stages(other, Recorder()):
        other.load_weights(tmp_path / "model.weights.h5")
        fit(other, x, y, epochs=1)
    fit(model, x, y, epochs=1)
    assert_weights(other, model)


# === Sparse gradients ===
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_a_sparse_gradient_has_the_norm_of_the_dense_one(use, compile_arguments):
    rng = np.random.default_rng(5)
    tokens = rng.integers(0, 7, (SAMPLES, 11)).astype("int32")  # every token many times in a batch
    y = rng.normal(size=(SAMPLES, 1)).astype("float32")
    keras.utils.set_random_seed(1)
    embedding = [
        keras.Input((11,), dtype="int32"),
        layers.Embedding(7, 5),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1),
    ]
    model = keras.Sequential(embedding)
    model.compile(keras.optimizers.SGD(0.1), "mse", **compile_arguments)
    keras.utils.set_random_seed(1)
    dense = keras.Sequential(
        [keras.Input((11, 7)), layers.Dense(5, use_bias=False), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    )
    dense.compile(keras.optimizers.SGD(0.1), "mse")
    dense.set_weights(model.get_weights())
    norms = loop_by_hand(dense, np.eye(7, dtype="float32")[tokens], y, clip=1e9)
    recorder = Recorder()
    use(model)
    with gradient_stages(model, recorder):
        fit(model, tokens, y)
    assert_norms(recorder, norms, rtol=3e-6)
    assert_weights(model, dense)


# === Zoo models ===
@pytest.mark.slow
def test_a_zoo_model_passes_its_gradients_through_the_stages():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(SAMPLES, 6)).astype("float32"), rng.integers(0, 3, SAMPLES)

    def mlp():
        keras.utils.set_random_seed(1)
        model = MLP(input_shape=(6,), classes=3, hidden=(5,))
        model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    plain, model, recorder = mlp(), mlp(), Recorder()
    fit(plain, x, y)
    with gradient_stages(model, recorder):
        fit(model, x, y)
    assert recorder.figures()["updates"] == EPOCHS * SAMPLES // BATCH
    assert_weights(model, plain)


# === The rest ===
@on_tensorflow
def test_gradients_that_are_summed_already_are_not_summed_again():
    optimizer = keras.optimizers.SGD(0.1)
    names = set(optimizer.__dict__)
    with summed_before(optimizer):
        assert optimizer._all_reduce_sum_gradients([(1, 2)]) == [(1, 2)]
    assert set(optimizer.__dict__) == names
    model, recorder = model_of(keras.optimizers.SGD(0.1), run_eagerly=True), Recorder()
    with gradient_stages(model, recorder), summed_before(model.optimizer):
        fit(model, *samples())
    assert recorder.figures()["updates"] == EPOCHS * SAMPLES // BATCH


def test_the_state_of_the_global_generator_is_given_to_be_saved():
    keras.utils.set_random_seed(4)
    keras.random.normal((2,))
    (state,) = global_seed_state()
    kept = ops.convert_to_numpy(state.value).copy()
    first = ops.convert_to_numpy(keras.random.normal((3,)))
    state.assign(kept)
    np.testing.assert_array_equal(ops.convert_to_numpy(keras.random.normal((3,))), first)
