"""Weight decay: weights that the loss does not hold in place shrink towards zero. There are two kinds.

With g the gradient of the loss, lambda the decay, eta the learning rate:

    in the gradient (L2)    g <- g + lambda w, then the optimizer's rule        sgd, momentum, nesterov, adam, ...
    decoupled               w <- w - eta lambda w, beside the optimizer's rule  adamw, lion

The first is the derivative of lambda/2 |w|^2 and is what AlexNet, VGG and ResNet were trained with: it enters the
momentum, which multiplies it by 1 / (1 - 0.9) in the long run. The second is what AdamW and Lion are defined with.
Keras's argument `weight_decay=` is decoupled for every optimizer, so that 5e-4 in `keras.optimizers.SGD(momentum=0.9)`
decays a tenth as fast as the papers' 5e-4. Hence the classes here. The decay joins the gradient behind clipping and
behind the sum over replicas.

What decays: all weights, as in `torch.optim`; or kernels alone: matrices, filters, embeddings; not biases, a
normalisation's scale and shift, a parametric ReLU's slopes, or the centres of radial units.

Reference:
    Krizhevsky et al. (2012), "ImageNet Classification with Deep Convolutional Neural Networks", section 5; Loshchilov
    and Hutter (2019), "Decoupled Weight Decay Regularization", algorithms 1 and 2; He et al. (2015), "Delving Deep into
    Rectifiers", section 2.1: decay would push the slopes to zero, and a parametric ReLU to a ReLU.
"""

from typing import Any

import keras
from keras import ops

_NO_KERNELS = ("bias", "gamma", "beta", "scale", "alpha", "centres")  # with two or more axes in some layers


def is_kernel(variable) -> bool:
    """Whether a weight is a matrix, a filter or an embedding, by its axes and the last word of its name.

    Example:
        >>> layer = keras.layers.EinsumDense("bd,dhk->bhk", (3, 5), bias_axes="hk")  # a bias of two axes
        >>> layer.build((None, 2))
        >>> [(weight.name, is_kernel(weight)) for weight in layer.weights]
        [('kernel', True), ('bias', False)]
    """
    return len(variable.shape) > 1 and variable.name.rpartition("_")[-1] not in _NO_KERNELS


class _ChosenWeights:
    """A Keras optimizer whose weight decay is for kernels alone, if told so.

    Args:
        *args, **kwargs: of the optimizer.
        weight_decay_on: "all" or "kernels".
    """

    def __init__(self, *args, weight_decay_on: str = "all", **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_decay_on = weight_decay_on

    def _use_weight_decay(self, variable) -> bool:
        if self.weight_decay_on == "kernels":
            own = self._trainable_variables[self._get_variable_index(variable)]  # type: ignore[attr-defined]
            if not is_kernel(own):  # TensorFlow's variable does not know its name in the layer
                return False
        return super()._use_weight_decay(variable)  # type: ignore[misc]

    def _apply_weight_decay(self, variables) -> None:
        if decaying := [one for one in variables if self._use_weight_decay(one)]:  # Keras on PyTorch fails on none
            super()._apply_weight_decay(decaying)  # type: ignore[misc]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight_decay_on": self.weight_decay_on}  # type: ignore[misc]


class _InGradient(_ChosenWeights):
    """A Keras optimizer whose weight decay is added to the gradient."""

    def update_step(self, gradient, variable, learning_rate):
        if self.weight_decay and self._use_weight_decay(variable):  # type: ignore[attr-defined]
            weights = ops.convert_to_tensor(variable)
            gradient = ops.add(ops.cast(gradient, weights.dtype), self.weight_decay * weights)  # type: ignore[attr-defined]
        super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]

    def _apply_weight_decay(self, variables) -> None:
        """Nothing beside the update."""


def _registered(kind: type, name: str, rule: str, mixin: type) -> type:
    made = type(
        name, (mixin, kind), {"__doc__": f"Keras's {kind.__name__} with weight decay {rule}.", "__module__": __name__}
    )
    return keras.saving.register_keras_serializable(package="gradschool")(made)


_L2 = {
    kind: _registered(kind, f"{kind.__name__}WithL2", "in the gradient", _InGradient)
    for kind in (
        keras.optimizers.SGD,
        keras.optimizers.Adagrad,
        keras.optimizers.Adadelta,
        keras.optimizers.RMSprop,
        keras.optimizers.Adam,
        keras.optimizers.Nadam,
    )
}
_DECOUPLED = {
    kind: _registered(kind, f"{kind.__name__}OnChosenWeights", "beside the update", _ChosenWeights)
    for kind in (keras.optimizers.AdamW, keras.optimizers.Lion)
}
SGDWithL2 = _L2[keras.optimizers.SGD]


def with_decay_classes() -> list[type]:
    """Every class that `with_weight_decay` can give."""
    return [*_L2, *_L2.values(), *_DECOUPLED, *_DECOUPLED.values()]


def with_weight_decay(
    kind: type, weight_decay: float | None, weight_decay_on: str = "all"
) -> tuple[type, dict[str, Any]]:
    """The class in place of one of Keras's optimizers, and the arguments of its weight decay.

    Args:
        kind: of Keras's optimizers.
        weight_decay: lambda, at least 0; None leaves it to Keras.
        weight_decay_on: "all" or "kernels".

    Returns:
        The class, which is Keras's own where nothing has to be different, and its further arguments.

    Raises:
        ValueError: if the optimizer has no kind of decay here.

    Example:
        >>> kind, arguments = with_weight_decay(keras.optimizers.SGD, 1e-4)
        >>> kind.__name__, kind(0.1, momentum=0.9, **arguments).weight_decay
        ('SGDWithL2', 0.0001)
    """
    if weight_decay is None:
        return kind, {}
    if not weight_decay:
        return kind, {"weight_decay": 0.0} if kind in _DECOUPLED else {}
    arguments = {"weight_decay": weight_decay, "weight_decay_on": weight_decay_on}
    if kind in _L2:
        return _L2[kind], arguments
    if kind in _DECOUPLED:
        return _DECOUPLED[kind], arguments
    raise ValueError(f"weight_decay is for the optimizers of get_optimizer; got {kind.__name__}.")
