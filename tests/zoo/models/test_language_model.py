"""The recurrent language model against the same in PyTorch, and what a language model must not do."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.callbacks.keras_internals import mask_of
from gradschool.zoo.data.description import Description
from gradschool.zoo.models.language_model import RecurrentLanguageModel

CELLS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def tokens(count: int = 3, steps: int = 11, seed: int = 0):
    return np.random.default_rng(seed).integers(1, 13, (count, steps)).astype("int32")


def small(**options):
    return RecurrentLanguageModel(tokens=13, units=17, embedding=5, **options)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])  # PyTorch's GRU has its gates in another order
def test_it_is_pytorch_s(cell):
    torch = pytest.importorskip("torch")
    model = small(cell=cell, layers=2)
    embedding, twin = torch.nn.Embedding(13, 5), getattr(torch.nn, CELLS[cell])(5, 17, 2, batch_first=True)
    logits = torch.nn.Linear(17, 13)
    ours = {weight.path: convert_to_numpy(weight) for weight in model.weights}

    def weight(ending):
        return torch.tensor(next(value for path, value in ours.items() if path.endswith(ending)))

    with torch.no_grad():
        embedding.weight.copy_(weight("embedding/embeddings"))
        logits.weight.copy_(weight("logits/kernel").T)
        logits.bias.copy_(weight("logits/bias"))
        for number in (1, 2):
            names = {"kernel": "weight_ih", "recurrent_kernel": "weight_hh", "bias": "bias_ih"}
            for name, theirs in names.items():
                value = weight(f"{cell}{number}/{cell if cell != 'rnn' else 'simple_rnn'}_cell/{name}")
                getattr(twin, f"{theirs}_l{number - 1}").copy_(value.T if value.ndim == 2 else value)
            getattr(twin, f"bias_hh_l{number - 1}").zero_()
    read = tokens()
    answers = logits(twin(embedding(torch.tensor(read, dtype=torch.int64)))[0])
    np.testing.assert_allclose(convert_to_numpy(model(read)), answers.detach(), atol=1e-5)

    following = np.roll(read, -1, axis=1)
    torch.nn.functional.cross_entropy(answers.reshape(-1, 13), torch.tensor(following.ravel()).long()).backward()
    found = gradients(model, read, following, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    gradient = next(value for path, value in found.items() if path.endswith("embeddings"))
    np.testing.assert_allclose(gradient, embedding.weight.grad, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_what_comes_later_changes_nothing_before(cell):
    model, read = small(cell=cell), tokens()
    changed = read.copy()
    changed[:, 7:] = tokens(seed=1)[:, 7:]
    before, after = (convert_to_numpy(model(one)) for one in (read, changed))
    np.testing.assert_allclose(before[:, :7], after[:, :7], atol=1e-6)
    assert np.abs(before[:, 7:] - after[:, 7:]).max() > 1e-3


@pytest.mark.parametrize("cell", CELLS)
def test_steps_add_up_to_the_whole(cell):
    model, read = small(cell=cell, layers=2), tokens()
    whole, states = convert_to_numpy(model(read)), model.initial_states(3)
    for place in range(11):
        logits, states = model.step(read[:, place], states)
        np.testing.assert_allclose(convert_to_numpy(logits), whole[:, place], atol=1e-5)


def test_padding_is_masked_and_changes_no_answer():
    model, read = small(), tokens()
    padded = np.pad(read, ((0, 0), (0, 4)))
    answers = model(padded)
    np.testing.assert_allclose(convert_to_numpy(answers)[:, :11], convert_to_numpy(model(read)), atol=1e-6)
    assert convert_to_numpy(mask_of(answers)).tolist() == (padded != 0).tolist()


def test_the_loss_is_that_of_the_tokens_alone():
    model, read = small(), tokens()
    following = np.roll(read, -1, axis=1)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    loss = model.evaluate(read, following, verbose=0)
    padded = [np.pad(one, ((0, 0), (0, 4))) for one in (read, following)]
    assert model.evaluate(*padded, verbose=0) == pytest.approx(loss, rel=1e-5)


def test_it_takes_its_size_from_the_data():
    known = Description("t", "files", "language_modelling", "", (None,), 13, (), {}, "", "", input_tokens=13)
    assert RecurrentLanguageModel.config_for(known, units=3) == {"tokens": 13, "units": 3}
    digits = Description("digits", "embedded", "classification", "", (28, 28, 1), 10, (), {}, "", "")
    with pytest.raises(ValueError, match="RecurrentLanguageModel is for language modelling; digits is for classificat"):
        RecurrentLanguageModel.config_for(digits)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tokens": 1}, "tokens must be a whole number of at least 2; got 1"),
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"layers": 0}, "layers must be a whole number of at least 1; got 0"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\); got 1"),
        ({"cell": "lstn"}, "unknown cell 'lstn'; did you mean 'lstm'"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        RecurrentLanguageModel(**config)
