"""Each cost against NumPy, PyTorch, and the lecture's own figures."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import input_gradient
from gradschool.zoo.layers.losses import (
    LOSSES,
    HalfSquaredError,
    SmoothedCrossEntropy,
    get_loss,
    misclassification,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(11, 7)).astype("float32")
LABELS = RNG.integers(0, 7, 11)
ANSWERS = RNG.normal(size=(11, 3)).astype("float32")
TARGETS = RNG.normal(size=(11, 3)).astype("float32")

# What two models think of three samples, all of the first class; both get the third one wrong.
LECTURE = {
    1.38: [(0.4, 0.3, 0.3), (0.4, 0.3, 0.3), (0.1, 0.8, 0.1)],
    0.64: [(0.7, 0.2, 0.1), (0.7, 0.2, 0.1), (0.3, 0.4, 0.3)],
}


def cost(name, targets, answers):
    return float(get_loss(name)(keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(answers)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cross_entropy", np.mean(np.log(np.exp(LOGITS).sum(-1)) - LOGITS[np.arange(11), LABELS])),
        ("misclassification", np.mean(LOGITS.argmax(-1) != LABELS)),
        ("l2", np.mean((TARGETS - ANSWERS) ** 2)),
        ("mean_squared_error", np.mean((TARGETS - ANSWERS) ** 2)),
        ("l1", np.mean(np.abs(TARGETS - ANSWERS))),
        ("mean_absolute_error", np.mean(np.abs(TARGETS - ANSWERS))),
        ("half_squared_error", np.sum((TARGETS - ANSWERS) ** 2) / 2),
    ],
)
def test_equals_numpy(name, expected):
    pair = (LABELS, LOGITS) if name in ("cross_entropy", "misclassification") else (TARGETS, ANSWERS)
    np.testing.assert_allclose(cost(name, *pair), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "theirs"), [("cross_entropy", "cross_entropy"), ("l2", "mse_loss"), ("l1", "l1_loss")]
)
def test_value_and_gradient_equal_pytorch_s(name, theirs):
    torch = pytest.importorskip("torch")
    targets, answers = (LABELS, LOGITS) if name == "cross_entropy" else (TARGETS, ANSWERS)
    x = torch.tensor(answers, requires_grad=True)
    expected = getattr(torch.nn.functional, theirs)(x, torch.tensor(targets))
    expected.backward()
    np.testing.assert_allclose(cost(name, targets, answers), expected.item(), rtol=1e-6)
    ours = input_gradient(lambda x: get_loss(name)(keras.ops.convert_to_tensor(targets), x), answers)
    np.testing.assert_allclose(ours, x.grad, atol=1e-7)


@pytest.mark.parametrize(("figure", "probabilities"), LECTURE.items())
def test_the_lecture_s_two_models_differ_in_cross_entropy_and_not_in_misclassification(figure, probabilities):
    logits, labels = np.log(np.array(probabilities, "float32")), np.zeros(3, int)
    assert round(cost("cross_entropy", labels, logits), 2) == figure
    np.testing.assert_allclose(cost("misclassification", labels, logits), 1 / 3, rtol=1e-6)


# === Misclassification ===
def test_misclassification_cannot_be_learned_from():
    slope = input_gradient(lambda x: get_loss("misclassification")(keras.ops.convert_to_tensor(LABELS), x), LOGITS)
    np.testing.assert_array_equal(slope, np.zeros_like(LOGITS))


def test_a_fit_with_misclassification_changes_nothing():
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(5)])
    before = [weight.copy() for weight in model.get_weights()]
    model.compile(keras.optimizers.SGD(1.0), get_loss("misclassification"))
    model.fit(LOGITS, LABELS % 5, verbose=0)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_misclassification_as_a_metric_weighs_every_sample_the_same_in_an_uneven_batch():
    model = keras.Sequential([keras.Input((7,)), keras.layers.Identity()])
    model.compile(loss=get_loss("cross_entropy"), metrics=[misclassification])
    _, measured = model.evaluate(LOGITS, LABELS, batch_size=4, verbose=0)
    np.testing.assert_allclose(measured, np.mean(LOGITS.argmax(-1) != LABELS), rtol=1e-6)


def test_misclassification_takes_labels_in_a_column_and_distributions_over_the_classes():
    for labels in (LABELS, LABELS[:, None], np.eye(7)[LABELS] * 0.6 + 0.4 / 7):
        np.testing.assert_array_equal(convert_to_numpy(misclassification(labels, LOGITS)), LOGITS.argmax(-1) != LABELS)


def test_misclassification_refuses_a_single_output():
    with pytest.raises(ValueError, match=r"one logit for each class; got answers of shape \(11, 1\)"):
        misclassification(LABELS, LOGITS[:, :1])


# === Half squared error ===
def test_half_squared_error_takes_flat_targets_for_a_column_of_answers():
    assert cost("half_squared_error", [1.0, 3.0], [[0.0], [1.0]]) == 2.5


def test_half_squared_error_s_gradient_is_the_error():
    ours = input_gradient(lambda x: HalfSquaredError()(keras.ops.convert_to_tensor(TARGETS), x), ANSWERS)
    np.testing.assert_allclose(ours, ANSWERS - TARGETS, rtol=1e-6)


# === Lookup ===
@pytest.mark.parametrize("name", [*LOSSES, "huber", "MeanSquaredError"])
def test_every_name_is_found_and_serialises(name):
    loss = get_loss(name)
    again = get_loss(keras.losses.serialize(loss))
    pair = (LABELS, LOGITS) if name in ("cross_entropy", "misclassification") else (TARGETS, ANSWERS)
    np.testing.assert_array_equal(
        *(convert_to_numpy(one(*map(keras.ops.convert_to_tensor, pair))) for one in (loss, again))
    )


@pytest.mark.parametrize(
    ("name", "near"), [("crossentropy", "'cross_entropy'"), ("misclasification", "'misclassification'"), ("L3", "'l")]
)
def test_unknown_names_get_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"unknown loss {name!r}; did you mean .*{near}"):
        get_loss(name)


@pytest.mark.parametrize("identifier", [3, None])
def test_what_is_no_loss_is_refused(identifier):
    with pytest.raises(ValueError, match="loss"):
        get_loss(identifier)


# === Smoothed and mixed classes ===
MIXED = RNG.dirichlet(np.ones(7), 11).astype("float32")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.35])
@pytest.mark.parametrize("targets", [LABELS, MIXED], ids=["classes", "distributions"])
def test_smoothed_cross_entropy_and_its_gradient_equal_pytorch_s(smoothing, targets):
    torch = pytest.importorskip("torch")
    x = torch.tensor(LOGITS, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(x, torch.tensor(targets), label_smoothing=smoothing)
    expected.backward()
    loss = SmoothedCrossEntropy(smoothing)
    np.testing.assert_allclose(float(loss(keras.ops.convert_to_tensor(targets), LOGITS)), expected.item(), rtol=1e-6)
    ours = input_gradient(lambda x: loss(keras.ops.convert_to_tensor(targets), x), LOGITS)
    np.testing.assert_allclose(ours, x.grad, atol=1e-7)


def test_smoothed_cross_entropy_takes_classes_in_a_column_too():
    loss = SmoothedCrossEntropy(0.1)
    assert float(loss(LABELS[:, None], LOGITS)) == float(loss(LABELS, LOGITS))


@pytest.mark.parametrize("shape", [(3, 5, 2), (3, 5, 5)])  # as many tokens as classes are no distribution either
def test_smoothed_cross_entropy_takes_classes_for_every_token(shape):
    tokens, answers = RNG.integers(0, shape[-1], shape[:2]), RNG.normal(size=shape).astype("float32")
    flat = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(tokens.ravel(), answers.reshape(-1, shape[-1]))
    for targets in (tokens, tokens[..., None], np.eye(shape[-1])[tokens]):
        np.testing.assert_allclose(float(SmoothedCrossEntropy()(targets, answers)), float(flat), rtol=1e-6)


def test_get_loss_smooths_when_asked_and_only_what_it_can():
    assert get_loss("cross_entropy", label_smoothing=0.1).label_smoothing == 0.1
    assert get_loss("cross_entropy", mixed_classes=True).label_smoothing == 0
    assert type(get_loss("cross_entropy")) is keras.losses.SparseCategoricalCrossentropy
    again = keras.losses.deserialize(keras.losses.serialize(SmoothedCrossEntropy(0.2)))
    assert again.label_smoothing == 0.2
    for value in (1, -0.1, True, "a little"):
        with pytest.raises(ValueError, match=r"label_smoothing must be a number in \[0, 1\)"):
            get_loss("cross_entropy", label_smoothing=value)
    with pytest.raises(ValueError, match="label_smoothing needs the loss cross_entropy; got 'l2'"):
        get_loss("l2", label_smoothing=0.1)
    with pytest.raises(ValueError, match="mixup needs the loss cross_entropy; got 'l2'"):
        get_loss("l2", mixed_classes=True)
