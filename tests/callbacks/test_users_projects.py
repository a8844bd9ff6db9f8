"""All callbacks at once in projects as users have them: a model with a step of its own, an application of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.callbacks import DeadUnitTracker, GradientClipping, GradientMonitor, TrainingDoctor, write_report
from gradschool.callbacks.keras_internals import stages_of

BACKEND = keras.backend.backend()
LOGGED = {"loss", "grad_norm", "grad_norm_max", "clip_rate", "update_ratio", "noise_scale", "dead_fraction"}


class Net(keras.Model):
    """A subclassed model whose step weighs the loss by itself."""

    def __init__(self):
        super().__init__(name="net")
        self.flatten = layers.Flatten()
        self.hidden = layers.Dense(16, activation="relu", name="hidden")
        self.normalize = layers.BatchNormalization(name="normalize")
        self.gate = layers.Dense(16, activation="sigmoid", name="gate")
        self.logits = layers.Dense(3, name="logits")

    def call(self, images, training=False):
        x = self.normalize(self.hidden(self.flatten(images)), training=training)
        return self.logits(x * self.gate(x))

    if BACKEND == "tensorflow":

        def train_step(self, data):
            import tensorflow as tf

            x, y = data
            with tf.GradientTape() as tape:
                loss = 2.0 * self.compute_loss(x, y, self(x, training=True))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
            return {"loss": self.get_metrics_result()["loss"], "mine": tf.constant(7.0)}

    elif BACKEND == "torch":

        def train_step(self, data):
            import torch

            x, y = data
            self.zero_grad()
            loss = 2.0 * self.compute_loss(x, y, self(x, training=True))
            loss.backward()
            with torch.no_grad():
                self.optimizer.apply([one.value.grad for one in self.trainable_weights], self.trainable_weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
            return {"loss": self.get_metrics_result()["loss"], "mine": 7.0}


def images(count, size, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, count)
    return (rng.normal(size=(count, size, size, 3)) + y[:, None, None, None]).astype("float32"), y


def every_callback():
    return [
        DeadUnitTracker(),
        TrainingDoctor(verbose=0),
        GradientClipping(global_norm=1.0),
        GradientMonitor(every=2, noise_scale=True),
    ]


def fit(model, x, y, callbacks, **arguments):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, **arguments)
    return model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks).history


@pytest.mark.slow
@pytest.mark.every_backend
def test_a_subclassed_model_with_a_step_of_its_own(tmp_path):
    x, y = images(48, 4)
    callbacks = every_callback()
    model = Net()
    history = fit(model, x, y, callbacks)
    assert set(history) >= LOGGED
    if BACKEND != "jax":
        assert history["mine"] == [7.0, 7.0]
    tracker = callbacks[0]
    assert {"hidden", "gate"} <= {name.split("/")[-1] for name in tracker.results["layer"]}
    write_report(tmp_path / "report.html", callbacks=callbacks, history=model.history)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert stages_of(model) == []
    model.save_weights(tmp_path / "net.weights.h5")
    again = Net()
    again(x[:1])
    again.load_weights(tmp_path / "net.weights.h5")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_an_application_of_keras_from_random_weights(tmp_path):
    x, y = images(32, 32, seed=1)
    keras.utils.set_random_seed(0)
    callbacks = every_callback()
    model = keras.applications.MobileNetV3Small(
        input_shape=(32, 32, 3), weights=None, classes=3, classifier_activation=None, include_preprocessing=False
    )
    history = fit(model, x, y, callbacks)
    assert set(history) >= LOGGED
    assert callbacks[3].results["layer"].nunique() > 50
    assert callbacks[0].results["layer"].nunique() > 10
    assert np.isfinite(history["grad_norm"]).all()
    write_report(tmp_path / "report.html", callbacks=callbacks, history=model.history)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
