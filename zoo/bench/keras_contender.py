"""`fit` of a zoo model, as its users call it, or Keras's own `fit` of the same layers."""

from typing import Any

import numpy as np

from ..layers.losses import get_loss
from .cases import BenchCase
from .samples import make_samples


class KerasContender:
    """Trains with `model.fit(inputs, targets)` and its default settings, without the progress bar.

    Args:
        case: what to train.
        threads: for the back end's operations; its default for None.
        plain: train a plain functional `keras.Model` of the zoo model's layers, in place of the zoo model; of recurrent
            layers, Keras's own.

    Raises:
        ValueError: if threads are asked for on a back end whose number of threads cannot be set.
    """

    def __init__(self, case: BenchCase, threads: int | None = None, plain: bool = False):
        import keras

        limit_threads(threads)
        self.case = case
        self.version = f"keras {keras.__version__} on {back_end()}"
        model = self.make_model(case)
        self.model = of_keras(model) if plain else model
        self.loss = get_loss(case.loss)
        self.model.compile(optimizer=keras.optimizers.Adam(case.learning_rate), loss=self.loss)
        self.inputs, self.targets = make_samples(case)

    def make_model(self, case: BenchCase) -> Any:
        """What is trained."""
        return case.make_model()

    def take_weights(self, saved: Any) -> None:
        """Takes the weights of an .npz file, by their paths."""
        for weight in self.model.weights:
            weight.assign(saved[weight.path])

    def first_step(self) -> None:
        """Trains on one batch; whatever is compiled for it is compiled now."""
        self._fit(self.case.batch, epochs=1)

    def train(self, epochs: int) -> None:
        """One call of `fit`."""
        self._fit(self.case.samples, epochs)

    def _fit(self, samples: int, epochs: int) -> None:
        inputs, targets = self.inputs[:samples], self.targets[:samples]
        self.model.fit(inputs, targets, batch_size=self.case.batch, epochs=epochs, verbose=0)

    def save(self, file: str) -> dict[str, float]:
        """Writes the weights, and the logits of the first batch, to an .npz file; gives that batch's loss."""
        logits, loss = self._answers()
        weights = {weight.path: _array(weight) for weight in self.model.weights}
        np.savez(file, logits=logits, **weights)  # type: ignore[arg-type]
        return {"loss": loss, "difference": 0.0}

    def check(self, file: str) -> dict[str, float]:
        """Takes the weights of such a file; gives the first batch's loss and how far its logits are from the file's."""
        with np.load(file) as saved:
            self.take_weights(saved)
            logits, loss = self._answers()
            return {"loss": loss, "difference": float(np.abs(logits - saved["logits"]).max())}

    def _answers(self) -> tuple[np.ndarray, float]:
        logits = self.model(self.inputs[: self.case.batch], training=False)
        return _array(logits), float(self.loss(self.targets[: self.case.batch], logits))


def of_keras(model: Any) -> Any:
    """A plain functional model of a zoo model's layers, or of Keras's where those are recurrent."""
    import keras

    from ..layers.recurrence import RecurrentLayer

    plain = keras.Model(model.input, model.output)
    if not any(isinstance(layer, RecurrentLayer) for layer in model.layers):
        return plain

    def clone(layer):
        config, kind = layer.get_config(), type(layer)
        if isinstance(layer, RecurrentLayer):
            kind = next(base for base in kind.__mro__ if base.__module__.startswith("keras."))
            config.pop("layer_normalization")
        return kind.from_config(config)

    return keras.models.clone_model(plain, clone_function=clone)


def limit_threads(threads: int | None) -> None:
    """Lets the back end's operations use so many threads; must come before the first operation."""
    import keras

    if threads is None:
        return
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    elif keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(threads)
    else:
        raise ValueError("threads can be set on TensorFlow and PyTorch; leave --threads out on another back end.")


def back_end() -> str:
    """The back end and its version."""
    import importlib.metadata

    import keras

    name = keras.backend.backend()
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:  # one of TensorFlow's other distributions
        return name


def _array(tensor: Any) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(tensor)
