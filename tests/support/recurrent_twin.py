"""The same recurrent network in PyTorch, on packed sequences, which have no padding."""

import numpy as np
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.layers.losses import get_loss


def assert_recurrent_twins(model, tokens, targets, atol=1e-5):
    """Answers, and the gradients of the mean cross-entropy, are those of `torch.nn.LSTM` with the same weights.

    Args:
        model: of LSTM layers behind an embedding, as `SequenceClassifier` and `SequenceTagger` make it.
        tokens: padded with 0, shape `(B, T)`.
        targets: classes, shape `(B,)`, or, of every step, `(B, T)`.
        atol: largest difference.
    """
    import torch

    twin = _twin(model)
    parameters = _in_keras_s_order(twin, model)
    with torch.no_grad():
        for parameter, variable in zip(parameters, model.trainable_variables, strict=True):
            parameter.copy_(torch.tensor(in_torch_s_order(variable.path, convert_to_numpy(variable))))
        for name, parameter in twin.named_parameters():
            if "bias_hh" in name:
                parameter.zero_()  # PyTorch has two biases of a gate, which are added
    present = np.asarray(tokens) != 0
    logits = twin(torch.tensor(tokens, dtype=torch.int64), torch.tensor(present.sum(axis=1)))
    ours, chosen = convert_to_numpy(model(tokens)), np.asarray(targets)
    if chosen.ndim == 2:
        ours, logits, chosen = ours[present], logits[torch.tensor(present)], chosen[present]
    np.testing.assert_allclose(ours, logits.detach(), atol=atol)

    torch.nn.functional.cross_entropy(logits, torch.tensor(chosen, dtype=torch.int64)).backward()
    found = gradients(model, tokens, targets, get_loss("cross_entropy"))
    for (path, gradient), parameter in zip(found.items(), parameters, strict=True):
        np.testing.assert_allclose(in_torch_s_order(path, gradient), parameter.grad, atol=atol, err_msg=path)


def in_torch_s_order(path: str, weight):
    """(in, out) -> (out, in); an embedding is a table of rows in both."""
    return weight.T if "kernel" in path else weight


def _in_keras_s_order(twin, model):
    directions = ("", "_reverse") if model.bidirectional else ("",)
    found = [twin.embedding.weight]
    for layer in range(model.depth):
        for direction in directions:
            names = (f"{kind}_l{layer}{direction}" for kind in ("weight_ih", "weight_hh", "bias_ih"))
            found += [getattr(twin.lstm, name) for name in names]
    return [*found, twin.logits.weight, twin.logits.bias]


def _twin(model):
    import torch
    from torch.nn.utils import rnn

    class Twin(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(model.tokens, model.embedding)
            self.lstm = torch.nn.LSTM(
                model.embedding, model.units, model.depth, batch_first=True, bidirectional=model.bidirectional
            )
            self.logits = torch.nn.Linear(model.units * (1 + model.bidirectional), model.classes)

        def forward(self, tokens, lengths):
            packed = rnn.pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
            outputs, (last, _) = self.lstm(packed)
            if model.task == "tagging":
                return self.logits(rnn.pad_packed_sequence(outputs, batch_first=True, total_length=tokens.shape[1])[0])
            directions = 1 + model.bidirectional
            return self.logits(torch.cat(list(last[-directions:]), dim=1))

    return Twin()
