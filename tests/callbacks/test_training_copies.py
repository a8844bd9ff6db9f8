"""Copies of a model inside its own step: replicas, checkpoints, and what is decided for them."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import comparison_on_replicas
from fitting_ways import BACKEND, on_tensorflow
from gradschool.callbacks import OptimizerComparison
from gradschool.callbacks.keras_internals import (
    compiling_pays,
    fresh_optimizer,
    global_seed_state,
    more_is_better,
)
from gradschool.zoo import Checkpoints
from gradschool.zoo.engine.use import use_engine
from programs import LAUNCH, run_program

OPTIMIZERS = {"sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9), "adam": lambda: keras.optimizers.Adam(0.05)}


def samples():
    rng = np.random.default_rng(3)
    return rng.normal(size=(44, 6)).astype("float32"), rng.integers(0, 3, 44)


def model_of(optimizer="sgd", **compile_arguments):
    keras.utils.set_random_seed(1)
    stack = [layers.Dense(5, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(3)]
    model = keras.Sequential([keras.Input((6,)), *stack])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], **compile_arguments)
    return model


# === Replicas ===
def assert_as_on_one_device(results, one_device):
    assert set(results["differences"].values()) == {0.0}
    assert results["diverged"] == ["wild"]
    assert results["kept"] == one_device["kept"]
    assert results["goes on"]
    for name, weights in one_device["weights"].items():
        for one, other in zip(weights, results["weights"][name], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(results["losses"][name], one_device["losses"][name], rtol=1e-4)


@pytest.fixture(scope="module")
def compared():
    """What came out, by way and number of replicas: JAX's devices are those of a whole program."""
    together = ("plain:1", "plain:2", "engine:2") if BACKEND == "tensorflow" else ("plain:1",)
    alone = ("plain:2",) if BACKEND == "jax" else ()
    return dict(
        pair for runs in (together, alone) if runs for pair in run_program(comparison_on_replicas.__file__, *runs)
    )


@pytest.fixture
def one_device(compared):
    return compared["plain:1"]


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.skipif(BACKEND == "torch", reason="Keras has no replicas on PyTorch")
@pytest.mark.parametrize("way", ["plain", pytest.param("engine", marks=on_tensorflow)])
def test_every_copy_on_two_replicas_is_a_fit_of_its_own(compared, one_device, way):
    assert_as_on_one_device(compared[f"{way}:2"], one_device)


@pytest.mark.slow
@on_tensorflow
def test_every_copy_on_two_workers_is_a_fit_of_its_own(one_device):
    both = run_program(comparison_on_replicas.__file__, "workers:2", launch=LAUNCH)
    assert len(both) == 2
    for _, results in both:
        assert_as_on_one_device(results, one_device)


# === Checkpoints ===
class Stop(keras.callbacks.Callback):
    """Breaks training off behind so many steps."""

    def __init__(self, last):
        super().__init__()
        self.left = last

    def get_state(self):
        return {}

    def set_state(self, state):
        """A resumed training is not to stop where the other was."""

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.slow
@on_tensorflow
def test_a_comparison_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path):
    x, y = samples()

    def train(folder, *callbacks, resume=False):
        comparison = OptimizerComparison({name: make() for name, make in OPTIMIZERS.items()}, exact=True, record=1)
        plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=0.2)
        checkpoints = Checkpoints(tmp_path / folder, every_steps=1, resume=resume)
        arguments = {"batch_size": 16, "epochs": 6, "verbose": 0, "validation_data": (x[:20], y[:20])}
        use_engine(model_of()).fit(x, y, callbacks=[comparison, plateau, checkpoints, *callbacks], **arguments)
        return comparison

    whole = train("whole", Stop(100))
    with pytest.raises(KeyboardInterrupt):
        train("broken", Stop(8))  # in the middle of the third epoch
    resumed = train("broken", Stop(100), resume=True)
    assert resumed.rows == whole.rows
    for name in OPTIMIZERS:
        np.testing.assert_array_equal(resumed.step_loss[name], whole.step_loss[name])
        for one, other in zip(resumed.weights[name], whole.weights[name], strict=True):
            np.testing.assert_array_equal(one, other)


# === What is decided ===
@on_tensorflow
def test_updates_are_compiled_where_that_pays():
    adams = [keras.optimizers.Adam(rate) for rate in (0.1, 0.2, 0.3)]
    both = [*adams, keras.optimizers.SGD(0.1)]
    model = model_of()
    assert not compiling_pays(model, adams, None)
    assert not compiling_pays(model, adams, 499)
    assert compiling_pays(model, adams, 500)
    assert not compiling_pays(model, both, 749)
    assert compiling_pays(model, both, 750)
    assert not compiling_pays(model_of(jit_compile=True), both, 10**6)
    assert not compiling_pays(model_of(run_eagerly=True), both, 10**6)


def test_fresh_optimizers_have_no_state():
    model = model_of()
    pattern = keras.optimizers.Adam(0.02, weight_decay=0.1, clipnorm=2.0)
    pattern.build(model.trainable_variables)
    pattern.iterations.assign(7)
    fresh = fresh_optimizer(pattern, model.optimizer)
    assert fresh.get_config() == pattern.get_config()
    assert not fresh.built
    assert int(ops.convert_to_numpy(fresh.iterations)) == 0
    scaled = fresh_optimizer(pattern, keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=4.0))
    assert scaled.initial_scale == 4.0
    assert isinstance(scaled.inner_optimizer, keras.optimizers.Adam)


def test_an_optimizer_that_cannot_be_copied_is_refused():
    class Own(keras.optimizers.SGD):
        def __init__(self, rate):
            super().__init__(rate)

    with pytest.raises(ValueError, match="Own cannot be copied"):
        model_of().fit(*samples(), verbose=0, callbacks=[OptimizerComparison({"own": Own(0.1)})])


def test_whether_more_is_better():
    model = model_of()
    model.fit(*samples(), verbose=0)
    answers = {name: more_is_better(model, name) for name in ("loss", "val_loss", "accuracy", "val_accuracy")}
    assert answers == {"loss": False, "val_loss": False, "accuracy": True, "val_accuracy": True}
    with pytest.raises(ValueError, match="say keep="):
        more_is_better(model, "charm")


@pytest.mark.slow
def test_a_global_seed_that_was_there_is_as_far_as_after_a_fit_alone():
    states = []
    for callbacks in ([], [OptimizerComparison({name: make() for name, make in OPTIMIZERS.items()})]):
        keras.backend.clear_session()
        model = model_of(jit_compile=BACKEND != "torch" and "auto")
        keras.random.normal((1,))
        model.fit(*samples(), verbose=0, callbacks=callbacks)
        states.append(ops.convert_to_numpy(global_seed_state()[0].value))
    np.testing.assert_array_equal(*states)
