"""A learning rate of its own for each layer (Howard & Ruder 2018, "discriminative fine-tuning").

    eta_l = factor_l eta        in place of eta wherever the optimizer's rule has it, decoupled weight decay too

Scaling a gradient would not do: Adam and its kin do not feel how large a gradient is.
"""

from collections.abc import Mapping
from typing import Any

import keras

from ..checks import check_number
from .weight_decay import with_decay_classes


class _LayerRates:
    """A Keras optimizer with a factor for each layer's learning rate.

    Args:
        *args, **kwargs: of the optimizer.
        rates: factor by the layer's name; a layer that is not named keeps the optimizer's rate.
    """

    def __init__(self, *args, rates: Mapping[str, float] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.rates = dict(rates or {})

    def build(self, variables) -> None:
        parts = {part for variable in variables for part in variable.path.split("/")}
        if self.rates and not parts & self.rates.keys():
            raise ValueError(
                f"rates: the model has no layer of the names {', '.join(self.rates)}; zoo.learning_rates(model, decay) "
                "makes rates for each of its layers."
            )
        super().build(variables)  # type: ignore[misc]

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate * self._factor(variable))  # type: ignore[misc]

    def _apply_weight_decay(self, variables) -> None:
        decay: float | None = self.weight_decay  # type: ignore[has-type]
        factors = [self._factor(variable) for variable in variables]
        if decay is None:
            return
        try:
            for factor in sorted(set(factors)):
                self.weight_decay = factor * decay
                chosen = [variable for variable, its in zip(variables, factors, strict=True) if its == factor]
                super()._apply_weight_decay(chosen)  # type: ignore[misc]
        finally:
            self.weight_decay = decay

    def _factor(self, variable) -> float:
        own = self._trainable_variables[self._get_variable_index(variable)]  # type: ignore[attr-defined]
        named = [self.rates[part] for part in own.path.split("/") if part in self.rates]  # model/layer/kernel
        return named[0] if named else 1.0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rates": self.rates}  # type: ignore[misc]


def _registered(kind: type) -> type:
    words = f"Keras's {kind.__name__} with a factor for each layer's learning rate."
    made = type(f"{kind.__name__}WithLayerRates", (_LayerRates, kind), {"__doc__": words, "__module__": __name__})
    return keras.saving.register_keras_serializable(package="gradschool")(made)


_WITH_RATES = {kind: _registered(kind) for kind in with_decay_classes()}


def with_layer_rates(kind: type, rates: Mapping[str, float] | None) -> tuple[type, dict[str, Any]]:
    """The class in place of an optimizer, and its further argument; the class itself where no rates are given.

    Args:
        kind: an optimizer of `get_optimizer`.
        rates: factor by the layer's name, above 0, as `zoo.learning_rates` gives them.

    Raises:
        ValueError: if a factor is no number above 0.

    Example:
        >>> kind, argument = with_layer_rates(keras.optimizers.Adam, {"conv1": 0.1})
        >>> kind(1e-3, **argument).rates
        {'conv1': 0.1}
    """
    if not rates:
        return kind, {}
    for name, factor in rates.items():
        check_number(f"rates: the factor of {name}", factor, "(0, inf)")
    return _WITH_RATES[kind], {"rates": dict(rates)}
