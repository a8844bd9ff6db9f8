"""The bench's PyTorch models compute what the zoo's do: answers, gradients, and answers in training."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo import create_model
from gradschool.zoo.bench.cases import CASES, TORCH
from gradschool.zoo.bench.torch_models import TWINS
from gradschool.zoo.bench.torch_weights import SECOND_BIAS, flat_name, load_keras_weights, torch_name, torch_order

torch = pytest.importorskip("torch")

SMALL = {  # sizes that are distinct primes, where the model allows it: swapped axes cannot pass unnoticed
    "mlp": {"input_shape": (5, 7, 3), "classes": 11, "hidden": (17, 13)},
    "lenet5": {"input_shape": (17, 29, 3), "classes": 7},
    "resnet20": {"input_shape": (13, 11, 3), "classes": 7, "depth": 8, "width": 5},
    "char_lstm": {"classes": 13, "embedding": 5, "units": 7},
}


def a_pair(name, **config):
    """A zoo model with weights away from their initial values, and its twin with the same."""
    own = {"tokens" if key == "classes" and CASES[name].tokens else key: value for key, value in config.items()}
    model = create_model(name, **(own or CASES[name].config))
    rng = np.random.default_rng(1)
    for weight in model.weights:
        value = convert_to_numpy(weight)
        weight.assign(value + np.abs(rng.normal(scale=0.05, size=value.shape)))
    config = config or {"input_shape": CASES[name].input_shape, "classes": CASES[name].classes}
    twin = TWINS[name](**config)
    load_keras_weights(twin, {weight.path: convert_to_numpy(weight) for weight in model.weights})
    return model, twin


def samples(model, count):
    rng = np.random.default_rng(0)
    if len(model.output_shape) == 3:
        tokens = rng.integers(1, model.output_shape[-1], (2, count, 11), dtype="int32")
        return tokens[0], torch.tensor(tokens[0]), tokens[1]
    images = rng.random((count, *model.input_shape[1:]), "float32")
    return images, torch.tensor(images.transpose(0, 3, 1, 2)), np.arange(count) % model.output_shape[-1]


def test_every_case_has_a_twin():
    beside_torch = {case.model for case in CASES.values() if TORCH in case.contenders}
    assert TWINS.keys() == beside_torch == SMALL.keys()


@pytest.mark.parametrize("name", TWINS)
def test_answers_are_the_zoo_s_at_the_bench_s_own_size(name):
    model, twin = a_pair(name)
    images, theirs, _ = samples(model, 3)
    np.testing.assert_allclose(twin.eval()(theirs).detach(), convert_to_numpy(model(images)), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("name", TWINS)
def test_answers_and_gradients_in_training_are_the_zoo_s(name):
    model, twin = a_pair(name, **SMALL[name])
    images, theirs, labels = samples(model, 13)
    logits = twin.train()(theirs)
    np.testing.assert_allclose(logits.detach(), convert_to_numpy(model(images, training=True)), atol=1e-4)

    rows = logits.flatten(0, -2), torch.tensor(labels, dtype=torch.int64).flatten()
    torch.nn.functional.cross_entropy(*rows).backward()
    found = {flat_name(key): one.grad for key, one in twin.named_parameters() if not key.endswith(SECOND_BIAS)}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wanted = gradients(model, images, labels, loss, training=True)
    assert {torch_name(path) for path in wanted} == found.keys()
    for path, gradient in wanted.items():
        ours = torch_order(path, gradient, getattr(twin, "flattened", {}))
        np.testing.assert_allclose(found[torch_name(path)], ours, atol=1e-4, rtol=1e-3, err_msg=path)


def test_channels_last_changes_the_order_of_memory_only():
    model, twin = a_pair("resnet20", **SMALL["resnet20"])
    images, theirs, _ = samples(model, 3)
    other = twin.eval().to(memory_format=torch.channels_last)
    answers = other(theirs.contiguous(memory_format=torch.channels_last)).detach()
    np.testing.assert_allclose(answers, convert_to_numpy(model(images)), atol=1e-4, rtol=1e-4)


def test_weights_of_another_model_are_refused():
    weights = {weight.path: convert_to_numpy(weight) for weight in create_model("mlp").weights}
    with pytest.raises(ValueError, match=r"2 weights are either in the twin .* hidden2\.bias, hidden2\.weight"):
        load_keras_weights(TWINS["mlp"](hidden=(128,)), weights)
    with pytest.raises(ValueError, match=r"logits\.\w+ has other shapes"):
        load_keras_weights(TWINS["mlp"](classes=11), weights)
