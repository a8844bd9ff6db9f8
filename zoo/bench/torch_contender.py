"""A PyTorch training loop of the same model, as one would write it by hand to be fast."""

import numpy as np

from .cases import BenchCase
from .samples import make_samples
from .torch_models import TWINS
from .torch_weights import load_keras_weights


class TorchContender:
    """Trains with a plain loop: data in memory, shuffled every epoch, fused Adam, the loss read once an epoch.

    Args:
        case: what to train.
        threads: for PyTorch's operations; its default for None.
        channels_last: keep maps and kernels in the order of memory that puts the channels last.
    """

    def __init__(self, case: BenchCase, threads: int | None = None, channels_last: bool = False):
        import torch

        if threads:
            torch.set_num_threads(threads)
        self.case = case
        self.version = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
        self.model = TWINS[case.model](case.input_shape, case.classes)
        inputs, targets = make_samples(case)
        self.inputs, self.targets = arrange(inputs), torch.tensor(targets, dtype=torch.int64)
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
            self.inputs = self.inputs.contiguous(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=case.learning_rate, eps=1e-7, fused=True)

    def first_step(self) -> None:
        """Trains on one batch."""
        self._train_epoch(self.case.batch)

    def train(self, epochs: int) -> None:
        """So many passes over the samples, each in a new order."""
        for _ in range(epochs):
            self._train_epoch(self.case.samples)

    def _train_epoch(self, samples: int) -> float:
        import torch

        self.model.train()
        total = torch.zeros(())
        for rows in torch.randperm(samples).split(self.case.batch):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self._loss(self.model(self.inputs[rows]), self.targets[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return float(total) / (samples // self.case.batch)

    def _loss(self, logits, targets):
        import torch

        losses = {"cross_entropy": torch.nn.functional.cross_entropy}
        return losses[self.case.loss](logits.flatten(0, -2), targets.flatten())  # (B, C) stays, (B, T, C) becomes rows

    def check(self, file: str) -> dict[str, float]:
        """Takes the zoo model's weights; gives the first batch's loss and how far its logits are from the file's."""
        import torch

        with np.load(file) as saved:
            load_keras_weights(self.model, {path: saved[path] for path in saved.files if path != "logits"})
            self.model.eval()
            with torch.no_grad():
                logits = self.model(self.inputs[: self.case.batch])
                loss = self._loss(logits, self.targets[: self.case.batch])
            return {"loss": float(loss), "difference": float(np.abs(logits.numpy() - saved["logits"]).max())}


def arrange(inputs: np.ndarray):
    """Inputs as PyTorch's layers take them: images `(B, H, W, C)` become `(B, C, H, W)`, others stay."""
    import torch

    if inputs.ndim == 4:
        return torch.tensor(np.ascontiguousarray(inputs.transpose(0, 3, 1, 2)))
    return torch.tensor(inputs)
