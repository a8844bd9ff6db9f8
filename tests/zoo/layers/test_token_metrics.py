"""Means over the steps that are no padding, against NumPy by hand; and Keras's masked loss, which they go with."""

import keras
import numpy as np
import pytest
from keras import ops

from gradients import input_gradient
from gradschool.callbacks.keras_internals import put_mask_on
from gradschool.zoo.layers.metrics import get_metrics
from gradschool.zoo.layers.token_metrics import Nats, Perplexity, TokenAccuracy, TokenMean

RNG = np.random.default_rng(0)
LENGTHS = np.array([7, 1, 3, 5, 2])
MASK = np.arange(7) < LENGTHS[:, None]  # (B, T)
CLASSES = RNG.integers(0, 3, MASK.shape) * MASK
LOGITS = RNG.normal(size=(*MASK.shape, 3)).astype("float32") * 2
METRICS = (TokenAccuracy, Nats, Perplexity)
OLD = tuple(int(part) for part in keras.__version__.split(".")[:2]) < (3, 12)  # whose metrics never look at a mask


def masked(logits, mask):
    tensor = ops.convert_to_tensor(logits)
    if mask is not None:
        put_mask_on(tensor, ops.convert_to_tensor(mask))
    return tensor


def value(metric, *batches):
    """The metric after batches of (classes, logits, mask or None, sample weights or None)."""
    for classes, logits, mask, weights in batches:
        metric.update_state(ops.convert_to_tensor(classes), masked(logits, mask), weights)
    return float(metric.result())


def nats(classes=CLASSES, logits=LOGITS):
    """-log softmax(z)[t] of every step, in float64."""
    logits = logits.astype("float64")
    logarithms = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -np.take_along_axis(logarithms, classes[..., None], -1)[..., 0]


def by_hand(metric_class, weights):
    steps = LOGITS.argmax(-1) == CLASSES if metric_class is TokenAccuracy else nats()
    mean = (steps * weights).sum() / weights.sum()
    return np.exp(mean) if metric_class is Perplexity else mean


@pytest.mark.parametrize("metric_class", METRICS)
def test_every_step_counts_the_same_over_batches_of_unequal_lengths(metric_class):
    batches = [(CLASSES[rows], LOGITS[rows], MASK[rows], None) for rows in (slice(0, 1), slice(1, 3), slice(3, 5))]
    assert value(metric_class(), *batches) == pytest.approx(by_hand(metric_class, MASK.astype(float)), rel=1e-6)


@pytest.mark.parametrize("metric_class", METRICS)
def test_without_a_mask_all_steps_count(metric_class):
    every = np.ones(MASK.shape)
    assert value(metric_class(), (CLASSES, LOGITS, None, None)) == pytest.approx(by_hand(metric_class, every), rel=1e-6)
    column = (CLASSES[..., None], LOGITS, None, None)
    assert value(metric_class(), column) == pytest.approx(by_hand(metric_class, every), rel=1e-6)


@pytest.mark.parametrize("metric_class", METRICS)
@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 7)])
def test_sample_weights_come_on_top_of_the_mask(metric_class, shape):
    weights = np.random.default_rng(1).random(shape).astype("float32")
    weights[0] = 0
    by_step = weights.reshape(5, -1) * MASK
    assert value(metric_class(), (CLASSES, LOGITS, MASK, weights)) == pytest.approx(
        by_hand(metric_class, by_step), rel=1e-5
    )


@pytest.mark.parametrize(("metric_class", "of_nothing"), [(TokenAccuracy, 0.0), (Nats, 0.0), (Perplexity, 1.0)])
def test_padding_alone_is_no_nan_and_changes_nothing(metric_class, of_nothing):
    nothing = (CLASSES, np.full_like(LOGITS, np.nan), np.zeros_like(MASK), None)
    assert value(metric_class(), nothing) == of_nothing
    something = (CLASSES, LOGITS, MASK, None)
    assert value(metric_class(), something, nothing) == value(metric_class(), something)


def test_a_new_epoch_begins_with_nothing():
    metric = Nats()
    value(metric, (CLASSES, LOGITS, MASK, None))
    metric.reset_state()
    again = value(metric, (CLASSES[:2], LOGITS[:2], MASK[:2], None))
    assert again == value(Nats(), (CLASSES[:2], LOGITS[:2], MASK[:2], None))


def test_large_logits_do_not_overflow():
    certain = LOGITS + 1e4 * np.eye(3, dtype="float32")[CLASSES]
    assert value(Nats(), (CLASSES, certain, MASK, None)) == 0
    assert value(Nats(), (CLASSES, -certain, MASK, None)) > 9000


def test_names_directions_and_configs():
    found = get_metrics(["token_accuracy", "nats", "perplexity"])
    assert [(type(metric), metric.name) for metric in found] == [
        (TokenAccuracy, "token_accuracy"), (Nats, "nats"), (Perplexity, "perplexity"),
    ]  # fmt: skip
    assert get_metrics(["nats"])[0] is not get_metrics(["nats"])[0]
    (accuracy,) = get_metrics(["accuracy"], per_step=True)
    assert (type(accuracy), accuracy.name) == (TokenAccuracy, "accuracy")
    model = keras.Sequential([keras.Input((None, 3))])
    model.compile(metrics=found)
    assert [metric._direction for metric in found] == ["up", "down", "down"]
    for metric in [*found, accuracy]:
        again = keras.metrics.deserialize(keras.metrics.serialize(metric))
        assert (type(again), again.name) == (type(metric), metric.name)


def test_a_metric_must_say_what_it_averages():
    with pytest.raises(NotImplementedError):
        TokenMean().update_state(CLASSES, LOGITS)


# === Keras's loss ===
def test_keras_s_loss_is_the_mean_over_the_steps_that_count():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert float(loss(CLASSES, masked(LOGITS, MASK))) == pytest.approx(nats()[MASK].mean(), rel=1e-5)


def test_keras_s_loss_has_no_gradient_at_padding():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def of(logits):
        put_mask_on(logits, ops.convert_to_tensor(MASK))
        return loss(CLASSES, logits)

    gradient = input_gradient(of, LOGITS)
    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    np.testing.assert_array_equal(gradient[~MASK], 0)
    expected = (probabilities - np.eye(3)[CLASSES])[MASK] / MASK.sum()  # (p - t) / N
    np.testing.assert_allclose(gradient[MASK], expected, atol=1e-6)


# === The trap ===
@pytest.mark.skipif(not OLD, reason="Keras's metrics look at the mask from 3.12 on")
def test_keras_still_counts_padding():
    metric = keras.metrics.SparseCategoricalAccuracy()
    metric.update_state(CLASSES, masked(LOGITS, MASK))
    assert float(metric.result()) == pytest.approx((LOGITS.argmax(-1) == CLASSES).mean()), (
        'Keras has repaired it: "accuracy" need not be ours where there is a target at every step.'
    )


def tagger_in_keras():
    """A functional model and a batch whose padding is easy: the class 0, which a bias makes the answer."""
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, 4, mask_zero=True)(tokens)
    logits = keras.layers.Dense(3, bias_initializer=keras.initializers.Constant(5.0))(x)
    return keras.Model(tokens, logits), (RNG.integers(1, 9, MASK.shape) * MASK).astype("int32")


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX takes the answers out of the gradient as new arrays")
def test_keras_still_loses_the_mask_in_training_on_jax():
    model, tokens = tagger_in_keras()
    model.compile(
        keras.optimizers.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=[Nats()]
    )
    fitted = model.fit(tokens, CLASSES, batch_size=5, verbose=0).history["nats"][0]
    logits = ops.convert_to_numpy(model(tokens))
    everywhere, evaluated = nats(logits=logits), model.evaluate(tokens, CLASSES, verbose=0, return_dict=True)["nats"]
    assert evaluated == pytest.approx(everywhere[MASK].mean(), rel=1e-5)
    assert fitted == pytest.approx(everywhere.mean(), rel=1e-5), (
        "Keras has repaired it: ZooModel.compute_metrics and padding_mask can go."
    )
