"""Small trainings, each with one thing in it that goes wrong when replicas work each for themselves."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from ..engine.optimizers import get_optimizer
from ..layers.dropout import Dropout
from ..layers.losses import get_loss
from ..layers.metrics import get_metrics
from ..layers.recurrent import recurrent_layer
from ..registry import create_model
from . import samples
from .case import ParityCase
from .samples import CLASSES


# === Models ===
def _compiled(
    model: keras.Model, optimizer: keras.optimizers.Optimizer | None = None, metrics: tuple[str, ...] = ("accuracy",)
) -> keras.Model:
    optimizer = optimizer or keras.optimizers.SGD(0.1, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=get_metrics(metrics))
    return model


def classifier(*between: Callable[[], Any], optimizer: Callable[[], Any] | None = None, **dense: Any):
    """A function that builds 20 -> 24 -> ... -> 5 with the layers given in between."""

    def build():
        inputs = keras.Input((20,))
        x = layers.Dense(24, **dense)(inputs)
        for layer in (*between, layers.ReLU):
            x = layer()(x)
        logits = layers.Dense(CLASSES, dtype=keras.config.floatx())(x)
        return _compiled(keras.Model(inputs, logits), optimizer and optimizer())

    return build


def convolutional():
    """Convolution, batch normalisation and pooling."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    logits = layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))
    return _compiled(keras.Model(inputs, logits))


def masked_tagger():
    """A label for every token that is not padding."""
    inputs = keras.Input((11,), dtype="int32")
    x = layers.Embedding(13, 7, mask_zero=True)(inputs)
    logits = layers.Dense(CLASSES)(layers.LSTM(6, return_sequences=True)(x))
    return _compiled(keras.Model(inputs, logits), metrics=("accuracy", "token_accuracy", "nats", "perplexity"))


def recurrent_tagger():
    """The same with both directions of an LSTM of ours, which drops inputs and states."""
    inputs = keras.Input((11,), dtype="int32")
    x = layers.Embedding(13, 7, mask_zero=True)(inputs)
    x = recurrent_layer("lstm", 6, bidirectional=True, return_sequences=True, dropout=0.3, recurrent_dropout=0.2)(x)
    return _compiled(keras.Model(inputs, layers.Dense(CLASSES)(x)))


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


def small_mlp():
    """A zoo model, for digits."""
    return _compiled(create_model("mlp", hidden=(16,), dropout=0.2))


def mlp_for_mixed_digits():
    """The same for digits that are mixed with one another, their classes smoothed."""
    model = create_model("mlp", hidden=(16,))
    metrics = get_metrics(["accuracy"], mixed_classes=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), get_loss("cross_entropy", 0.1, True), metrics=metrics)
    return model


def _sgd(**kwargs):
    return lambda: keras.optimizers.SGD(0.1, momentum=0.9, **kwargs)


def _overflowing():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**10, dynamic_growth_steps=3)


def _case(name: str, data: Callable[[], dict[str, Any]] = samples.vectors, *between: Callable[[], Any], **dense: Any):
    """A case of `classifier`."""
    return ParityCase(name, classifier(*between, **dense), data)


_CASES = (
    _case("dense"),
    ParityCase("shuffled", classifier(), samples.vectors, fit={"shuffle": True}),
    _case("dropout", samples.vectors, lambda: Dropout(0.4)),
    _case("batch_normalization", samples.vectors, layers.BatchNormalization),
    ParityCase("convolution", convolutional, samples.images),
    _case("layer_normalization", samples.vectors, layers.LayerNormalization),
    ParityCase("masked_loss", masked_tagger, samples.sequences),
    _case("sample_weights", samples.weighted_vectors),
    ParityCase("recurrent_dropout", recurrent_tagger, samples.sequences),
    ParityCase("class_weights", classifier(), samples.vectors, fit={"class_weight": {0: 0.2, 1: 3.0, 2: 1.0}}),
    _case("regularization_losses", kernel_regularizer="l2", activity_regularizer="l2"),
    _case("clip_by_global_norm", optimizer=_sgd(global_clipnorm=0.3)),
    _case("clip_by_norm", optimizer=_sgd(clipnorm=0.1)),
    _case("clip_by_value", optimizer=_sgd(clipvalue=0.02)),
    _case("gradient_accumulation", optimizer=_sgd(gradient_accumulation_steps=4)),
    _case("moving_average", optimizer=_sgd(use_ema=True, ema_overwrite_frequency=3)),
    _case("adamw", optimizer=lambda: keras.optimizers.AdamW(0.01)),
    _case(
        "weight_decay", optimizer=lambda: get_optimizer("momentum", 0.1, weight_decay=0.02, weight_decay_on="kernels")
    ),
    ParityCase("own_train_step", own_step, samples.vectors),
    _case("validation", samples.arrays_with_validation),
    _case("streamed", samples.streamed_vectors, lambda: Dropout(0.4)),
    _case("streamed_unknown_length", samples.stream_of_unknown_length),
    _case("streamed_validation", samples.streamed_with_validation),
    ParityCase("augmentation", small_mlp, samples.augmented_digits),
    ParityCase("streamed_augmentation", small_mlp, samples.streamed_augmented_digits),
    ParityCase("mixup", mlp_for_mixed_digits, samples.mixed_digits),
    ParityCase("streamed_mixup", mlp_for_mixed_digits, samples.streamed_mixed_digits),
    ParityCase(
        "mixed_float16_overflow",
        classifier(optimizer=_overflowing),
        samples.vectors_with_an_outlier,
        precisions=("mixed_float16",),
    ),
)
CASES = {case.name: case for case in _CASES}
