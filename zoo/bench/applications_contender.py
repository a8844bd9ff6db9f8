"""The model of `keras.applications` with the same layers as the zoo's, in Keras's own `fit`."""

from typing import Any

import numpy as np

from .cases import BenchCase
from .keras_contender import KerasContender


class ApplicationsContender(KerasContender):
    """Trains `keras.applications.ResNet50` and its like with `model.fit` and its default settings.

    Args:
        case: what to train, for a model that `models/keras_applications.py` knows.
        threads: for the back end's operations; its default for None.
    """

    def make_model(self, case: BenchCase) -> Any:
        from ..models.keras_applications import build_theirs

        shape = tuple(case.input_shape)
        return build_theirs(case.model, input_shape=shape, classes=case.classes, classifier_activation=None)

    def take_weights(self, saved: Any) -> None:
        """Takes ours: the mean and the variance that BN keeps, biases of zero, and all kernels as they are."""
        from ..models.keras_applications import their_layer

        for layer in self.model.layers:
            if len(layer.weights) == 2 and "conv" in layer.name:
                layer.bias.assign(np.zeros(layer.bias.shape, "float32"))
        for path in saved.files:
            ours, _, kind = path.rpartition("/")
            if ours:
                getattr(self.model.get_layer(their_layer(ours)), kind).assign(saved[path])
