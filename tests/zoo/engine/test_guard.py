"""Training stops at the very step whose gradients are no numbers, with the weights of the step before."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from gradschool import zoo
from gradschool.zoo.engine.trouble import NotFiniteError

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the engine is TensorFlow's")

STEPS, BATCH = 5, 4


@pytest.fixture(params=["XLA", "TensorFlow"])
def model(request):
    """A model whose steps XLA compiles, and one whose steps it does not, with statistics of the samples besides."""
    inner = [keras.layers.Dense(3, name="first")]
    if request.param == "TensorFlow":
        inner = [keras.layers.Reshape((6, 1)), keras.layers.Conv1D(2, 3, name="first"), keras.layers.Flatten()]
        inner.append(keras.layers.BatchNormalization())
    model = keras.Sequential([keras.Input((6,)), *inner, keras.layers.Dense(1, name="second")])
    model = zoo.use_engine(model)
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def samples():
    rng = np.random.default_rng(0)
    return rng.normal(size=(STEPS * BATCH, 6)).astype("float32"), rng.normal(size=(STEPS * BATCH, 1)).astype("float32")


def state(model):
    return [value.numpy().tobytes() for value in (*model.variables, *model.optimizer.variables)]


class SpoilWeights(keras.callbacks.Callback):
    """Makes the samples of the second epoch unusable through a weight that turns huge, at the beginning of it."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.get_layer("second").bias.assign([np.inf])


@pytest.mark.slow
@pytest.mark.parametrize("bad", [0, 2, 4])
def test_weights_are_those_before_the_step(model, bad):
    x, y = samples()
    model.optimizer.build(model.trainable_variables)
    start = [value.numpy() for value in (*model.variables, *model.optimizer.variables)]
    if bad:
        model.fit(x[: BATCH * bad], y[: BATCH * bad], BATCH, shuffle=False, verbose=0)
    expected = state(model)
    for variable, value in zip((*model.variables, *model.optimizer.variables), start, strict=True):
        variable.assign(value)
    x[BATCH * bad + 1, 3] = np.nan
    with pytest.raises(NotFiniteError, match=f"epoch 1, step {bad + 1}: the samples themselves") as caught:
        model.fit(x, y, BATCH, shuffle=False, verbose=0)
    assert (caught.value.epoch, caught.value.step) == (1, bad + 1)
    assert state(model) == expected


def test_weights_are_those_before_the_step_of_a_stream(model):
    import tensorflow as tf

    x, y = samples()
    model.optimizer.build(model.trainable_variables)
    start = [value.numpy() for value in (*model.variables, *model.optimizer.variables)]
    model.fit(tf.data.Dataset.from_tensor_slices((x[:8], y[:8])).batch(BATCH), verbose=0)
    expected = state(model)
    for variable, value in zip((*model.variables, *model.optimizer.variables), start, strict=True):
        variable.assign(value)
    x[BATCH * 2 + 1, 3] = np.nan
    with pytest.raises(NotFiniteError, match="epoch 1, step 3: the samples themselves"):
        model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), verbose=0)
    assert state(model) == expected


@pytest.mark.slow
@pytest.mark.parametrize("feed", ["arrays", "stream"])
def test_weights_and_statistics_are_those_before_the_step_on_two_replicas(feed):
    program = Path(__file__).parents[2] / "support" / "spoilt_sample.py"
    done = subprocess.run(
        [sys.executable, program, feed], capture_output=True, text=True, timeout=300, check=True, cwd=Path.home()
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert "epoch 1, step 3: the samples themselves" in result["error"]
    assert all(result["same"])


def test_the_epoch_and_the_first_layer_are_named(model):
    with pytest.raises(NotFiniteError, match=r"epoch 2, step 1: the weights .*second/bias were not finite"):
        model.fit(*samples(), BATCH, epochs=3, callbacks=[SpoilWeights()], verbose=0)


def test_an_exploding_learning_rate_stops_training(model):
    model.optimizer.learning_rate = 1e30
    with pytest.raises(NotFiniteError) as caught:
        model.fit(*samples(), BATCH, epochs=3, verbose=0)
    assert (caught.value.epoch, caught.value.step) <= (2, 1)
    assert all(np.isfinite(value).all() for value in model.get_weights())


def test_another_fit_is_possible_afterwards(model):
    x, y = samples()
    bad = x.copy()
    bad[0] = np.nan
    with pytest.raises(NotFiniteError):
        model.fit(bad, y, BATCH, verbose=0)
    model.fit(x, y, BATCH, verbose=0)
    assert all(np.isfinite(value).all() for value in model.get_weights())


def test_an_overflow_of_float16_is_no_trouble():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model = zoo.use_engine(model)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**126)
    model.compile(optimizer, "mse")
    before = model.get_weights()
    model.fit(*samples(), BATCH, verbose=0)
    assert model.optimizer.dynamic_scale.numpy() < 2.0**126
    for one, other in zip(before, model.get_weights(), strict=True):
        assert np.isfinite(other).all() or (one == other).all()


@pytest.mark.slow
@pytest.mark.parametrize("feed", ["arrays", "stream"])
def test_what_no_scale_of_the_loss_can_cure_stops_training_in_float16(feed):
    import tensorflow as tf

    def train(steps):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        model = zoo.use_engine(model)
        model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=8.0), "mse")
        x, y = (part[: steps * BATCH] for part in samples())
        x[BATCH:] = np.nan
        trained.append(model)
        if feed == "stream":
            model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), verbose=0)
        else:
            model.fit(x, y, BATCH, verbose=0, shuffle=False)

    trained = []
    train(4)  # one step that is good, and three that are skipped: the scale is then 1
    assert trained[0].optimizer.dynamic_scale.numpy() == 1.0
    with pytest.raises(NotFiniteError, match="epoch 1, step 5: the samples themselves"):
        train(5)
    assert state(trained[0])[:4] == state(trained[1])[:4]


# === Where it cannot be said where ===
class Growing(keras.Model):
    """Has a step of its own and no loss that `compute_loss` knows; its gradient overflows in the fourth step."""

    def __init__(self):
        super().__init__()
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, inputs):
        return inputs * self.scale

    def train_step(self, data):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.exp(self.scale.value * data[0]))
        self.optimizer.apply([tape.gradient(loss, self.scale.value)], [self.scale])
        return {"loss": loss}


def test_a_step_that_cannot_be_repeated_diverges_no_less():
    model = zoo.use_engine(Growing())
    model.compile(keras.optimizers.SGD(1e-9))
    x = np.array([1, 1, 1, 1000], "float32")[:, None]
    with pytest.raises(NotFiniteError, match="epoch 1, step 4: which layer comes first cannot be said"):
        model.fit(x, x, batch_size=1, shuffle=False, verbose=0)


def test_large_gradients_in_float16_are_finite():
    x = np.ones((8, 1), "float32")
    inputs = keras.Input((1,), dtype="float16")
    outputs = keras.layers.Dense(400, use_bias=False, kernel_initializer="ones", dtype="float16")(inputs)
    model = zoo.use_engine(keras.Model(inputs, outputs))
    model.compile(keras.optimizers.SGD(0.0), lambda y, outputs: 500 * keras.ops.sum(outputs, axis=-1))
    history = model.fit(x, x, batch_size=8, verbose=0)  # 400 gradients of 500 each: their sum is beyond float16
    assert len(history.history["loss"]) == 1
    assert (model.get_weights()[0] == 1).all()
