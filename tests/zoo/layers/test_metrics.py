"""Accuracy of classes and of distributions over them, against Keras's own for each."""

import keras
import numpy as np
import pytest

from gradschool.zoo.layers.metrics import TopAccuracy, get_metrics

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(101, 7)).astype("float32")
LABELS = RNG.integers(0, 7, 101)
MIXED = RNG.dirichlet(np.ones(7), 101).astype("float32")


def value(metric, *batches):
    for targets, logits in batches:
        metric.update_state(targets, logits)
    return float(metric.result())


def test_classes_as_keras_counts_them():
    batches = [(LABELS[:60], LOGITS[:60]), (LABELS[60:], LOGITS[60:])]
    assert value(TopAccuracy(), *batches) == pytest.approx(value(keras.metrics.SparseCategoricalAccuracy(), *batches))
    theirs = keras.metrics.SparseTopKCategoricalAccuracy(k=5)
    assert value(TopAccuracy(5), *batches) == pytest.approx(value(theirs, *batches))
    column = [(labels[:, None], logits) for labels, logits in batches]
    assert value(TopAccuracy(), *column) == value(TopAccuracy(), *batches)


@pytest.mark.parametrize("k", [1, 5])
def test_distributions_as_keras_counts_them(k):
    theirs = keras.metrics.TopKCategoricalAccuracy(k=k)
    assert value(TopAccuracy(k), (MIXED, LOGITS)) == pytest.approx(value(theirs, (MIXED, LOGITS)))


def test_one_metric_takes_both():
    both = value(TopAccuracy(), (MIXED[:50], LOGITS[:50]), (LABELS[50:], LOGITS[50:]))
    apart = value(TopAccuracy(), (MIXED[:50], LOGITS[:50])), value(TopAccuracy(), (LABELS[50:], LOGITS[50:]))
    assert both == pytest.approx((50 * apart[0] + 51 * apart[1]) / 101)


def test_names_and_configs():
    assert get_metrics(["accuracy", "mae"]) == ["accuracy", "mae"]
    assert [metric.name for metric in get_metrics(("accuracy", "top_5_accuracy"), mixed_classes=True)] == [
        "accuracy", "top_5_accuracy",
    ]  # fmt: skip
    again = keras.metrics.deserialize(keras.metrics.serialize(TopAccuracy(5)))
    assert (again.name, value(again, (LABELS, LOGITS))) == ("top_5_accuracy", value(TopAccuracy(5), (LABELS, LOGITS)))
    with pytest.raises(ValueError, match="with mixup, metrics are accuracy and top_5_accuracy; got 'mae'"):
        get_metrics(["mae"], mixed_classes=True)
