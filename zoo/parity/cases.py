"""Small trainings, each with one thing in it that goes wrong when replicas work each for themselves.

All have 139 samples in batches of 32: four whole batches and one of 11, which no number of replicas divides, and take 20
steps. See `training.py` for how they are run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers

from ..layers.dropout import Dropout

SAMPLES, BATCH, EPOCHS = 139, 32, 4  # 5 steps an epoch, 20 in all
CLASSES = 5


@dataclass(frozen=True)
class ParityCase:
    """One training.

    Args:
        name: of what it tries.
        build: gives the compiled model.
        samples: gives x, y and, where there are any, sample weights.
        fit: further arguments of `fit`.
        precisions: floating-point types it is run in.
    """

    name: str
    build: Callable[[], keras.Model]
    samples: Callable[[], tuple[Any, ...]]
    fit: Mapping[str, Any] = field(default_factory=dict)
    precisions: tuple[str, ...] = ("float64", "float32")


# === Samples ===
def vectors(count: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """x, shape `(N, 20)`, and labels, shape `(N,)`."""
    rng = np.random.default_rng(7)
    return rng.normal(size=(count, 20)), rng.integers(0, CLASSES, count)


def weighted_vectors():
    """The same, some of them worth nothing, most in the first half of a batch."""
    x, y = vectors()
    weights = np.random.default_rng(8).random(len(x)) * np.where(np.arange(len(x)) % BATCH < 12, 0.1, 2.0)
    weights[::7] = 0
    return x, y, weights


def images():
    """x, shape `(N, 8, 8, 3)`, and labels."""
    rng = np.random.default_rng(9)
    return rng.normal(size=(SAMPLES, 8, 8, 3)), rng.integers(0, CLASSES, SAMPLES)


def sequences():
    """Token sequences of very different lengths, padded with 0, and a label for every token, shape `(N, 11)`."""
    rng = np.random.default_rng(10)
    lengths = np.where(np.arange(SAMPLES) % BATCH < 10, 1, rng.integers(2, 12, SAMPLES))
    tokens = rng.integers(1, 13, (SAMPLES, 11)) * (np.arange(11) < lengths[:, None])
    return tokens, rng.integers(0, CLASSES, (SAMPLES, 11))


def vectors_with_an_outlier():
    """Vectors, one of which is too large for float16: row 27, which only the last replica sees."""
    x, y = vectors()
    x[27] *= 1e7
    return x, y


# === Models ===
def _compiled(inputs, outputs, optimizer=None, **kwargs) -> keras.Model:
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer or keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **kwargs,
    )
    return model


def classifier(*between: Callable[[], Any], optimizer: Callable[[], Any] | None = None, **dense: Any):
    """A function that builds 20 -> 24 -> ... -> 5 with the layers given in between."""

    def build():
        inputs = keras.Input((20,))
        x = layers.Dense(24, **dense)(inputs)
        for layer in (*between, layers.ReLU):
            x = layer()(x)
        logits = layers.Dense(CLASSES, dtype=keras.config.floatx())(x)
        return _compiled(inputs, logits, optimizer and optimizer())

    return build


def convolutional():
    """Convolution, batch normalisation and pooling."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return _compiled(inputs, layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x)))


def masked_tagger():
    """A label for every token that is not padding."""
    inputs = keras.Input((11,), dtype="int32")
    x = layers.Embedding(13, 7, mask_zero=True)(inputs)
    return _compiled(inputs, layers.Dense(CLASSES)(layers.LSTM(6, return_sequences=True)(x)))


class OwnStep(keras.Model):
    """A user's own subclassed model with a training step of its own."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(24, activation="relu")
        self.logits = layers.Dense(CLASSES)

    def call(self, inputs, training=False):
        return self.logits(self.hidden(inputs))

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            predictions = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=predictions)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name != "loss":
                metric.update_state(y, predictions)
        return {metric.name: metric.result() for metric in self.metrics if metric.name != "loss"}


def own_step():
    """`OwnStep`, compiled."""
    model = OwnStep()
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def _sgd(**kwargs):
    return lambda: keras.optimizers.SGD(0.1, momentum=0.9, **kwargs)


def _overflowing():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**10, dynamic_growth_steps=3)


L2 = "l2"
CASES = {
    case.name: case
    for case in (
        ParityCase("dense", classifier(), vectors),
        ParityCase("shuffled", classifier(), vectors, fit={"shuffle": True}),
        ParityCase("dropout", classifier(lambda: Dropout(0.4)), vectors),
        ParityCase("batch_normalization", classifier(layers.BatchNormalization), vectors),
        ParityCase("convolution", convolutional, images),
        ParityCase("layer_normalization", classifier(layers.LayerNormalization), vectors),
        ParityCase("masked_loss", masked_tagger, sequences),
        ParityCase("sample_weights", classifier(), weighted_vectors),
        ParityCase("class_weights", classifier(), vectors, fit={"class_weight": {0: 0.2, 1: 3.0, 2: 1.0}}),
        ParityCase("regularization_losses", classifier(kernel_regularizer=L2, activity_regularizer=L2), vectors),
        ParityCase("clip_by_global_norm", classifier(optimizer=_sgd(global_clipnorm=0.3)), vectors),
        ParityCase("clip_by_norm", classifier(optimizer=_sgd(clipnorm=0.1)), vectors),
        ParityCase("clip_by_value", classifier(optimizer=_sgd(clipvalue=0.02)), vectors),
        ParityCase("gradient_accumulation", classifier(optimizer=_sgd(gradient_accumulation_steps=4)), vectors),
        ParityCase("moving_average", classifier(optimizer=_sgd(use_ema=True, ema_overwrite_frequency=3)), vectors),
        ParityCase("adamw", classifier(optimizer=lambda: keras.optimizers.AdamW(0.01)), vectors),
        ParityCase("own_train_step", own_step, vectors),
        ParityCase(
            "mixed_float16_overflow",
            classifier(optimizer=_overflowing),
            vectors_with_an_outlier,
            precisions=("mixed_float16",),
        ),
    )
}
