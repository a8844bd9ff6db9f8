"""`GradientClipping`: makes large gradients smaller, once for every update, and says how often it had to."""

import fnmatch
import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import keras

from .clipping import rules
from .clipping.norm_history import NormHistory
from .clipping.stage import ClippingStage
from .diagnostic import Diagnostic, build_if_possible, check_patterns
from .keras_internals import FitSession, axes_of_units, gradient_stages, layer_tree, session_of, stages_of
from .numbers_given import is_number, is_whole

_POLICIES = ("raise", "skip", "zero")


class NonFiniteGradientError(ValueError):
    """A gradient was infinite or no number.

    Attributes:
        epoch: in which, from 1.
        update: which update of the epoch, from 1.
    """

    def __init__(self, epoch: int, update: int, count: int):
        self.epoch, self.update = epoch, update
        super().__init__(
            f"gradients were not finite in {count} update{'s' if count > 1 else ''} of epoch {epoch}, first in update "
            f"{update}; they counted as zeros. Try a lower learning rate or look at the samples; "
            'nonfinite="skip" or "zero" goes on instead.'
        )


class GradientClipping(Diagnostic):
    """Clips the gradients behind the sum over replicas and the loss scale, once for every update of the optimizer.

    Exactly one of the six rules (`clipping/rules.py` has the equations):

    Args:
        global_norm: the largest norm of all gradients together.
        norm: the largest norm of each variable's gradient.
        value: the largest absolute value of any gradient.
        normalize: the norm that all gradients together always get: with eta, a step of plain SGD at a learning rate of
            1 is eta * g / |g|.
        adaptive: the largest norm of a unit's gradient in proportion to its weights' (AGC); 0.01 in the paper.
        percentile: of all norms of the run so far, in percent, above which the global norm is clipped (AutoClip); 10 in
            the paper. The history goes on in the next `fit`, as long as the model has the same optimizer.
        window: how many of the last norms the percentile is taken of, in place of all. For `percentile` alone.
        epsilon: the least norm that a unit's weights count as, 1e-3 by default. For `adaptive` alone.
        exclude: layers that `adaptive` leaves alone, by name, by pattern such as "logits*", or themselves; the paper
            excludes the last layer of a classifier.
        nonfinite: what becomes of an update whose gradients are infinite or no numbers. "zero": they become zeros, so
            that only the optimizer's momentum moves the weights. "skip": it is left out, as if it had never been.
            "raise": as "zero", and the fit ends with the epoch and a `NonFiniteGradientError` that says which update
            was the first; gradschool's engine ends training at that very step. With another callback that sees to such
            updates, as `LearningRateFinder` does, nothing is raised.

    The logs get `grad_norm` and `grad_norm_max`, mean and largest global norm before clipping over the epoch's updates,
    and `clip_rate`, the share of them that the rule changed; for "skip" and "zero" also `nonfinite_steps`. `results`
    has one row an epoch. In mixed_float16, updates that the loss scale skips for an overflow do not arrive here, and do
    not count. Squares are summed in float32, so that a gradient beyond about 1.8e19 counts as infinite, and one below
    1e-19 as 0.

    Raises:
        ValueError: for none or several rules, a limit that is not positive, a layer that is not there, or a model
            without an optimizer, or with several.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> clipping = GradientClipping(global_norm=0.5)
        >>> history = model.fit(np.ones((8, 2)), np.full((8, 1), 9.0), epochs=2, callbacks=[clipping], verbose=0)
        >>> history.history["clip_rate"]
        [1.0, 1.0]

    References:
        Pascanu et al. 2013, "On the difficulty of training recurrent neural networks" (global norm).
        Brock et al. 2021, "High-Performance Large-Scale Image Recognition Without Normalization" (adaptive).
        Seetharaman et al. 2020, "AutoClip: Adaptive Gradient Clipping for Source Separation Networks" (percentile).
    """

    def __init__(
        self,
        *,
        global_norm: float | None = None,
        norm: float | None = None,
        value: float | None = None,
        normalize: float | None = None,
        adaptive: float | None = None,
        percentile: float | None = None,
        window: int | None = None,
        epsilon: float | None = None,
        exclude: Any = (),
        nonfinite: str = "raise",
    ):
        super().__init__()
        given = {
            "global_norm": global_norm,
            "norm": norm,
            "value": value,
            "normalize": normalize,
            "adaptive": adaptive,
            "percentile": percentile,
        }
        chosen = {name: limit for name, limit in given.items() if limit is not None}
        if len(chosen) != 1:
            raise ValueError(
                f"GradientClipping takes exactly one of {', '.join(given)}; got "
                + (f"{', '.join(chosen)}. Use two callbacks to clip twice." if chosen else "none.")
            )
        ((self.mode, self.limit),) = chosen.items()
        _check_positive(self.mode, self.limit)
        if epsilon is not None and self.mode != "adaptive":
            raise ValueError(f"epsilon goes with adaptive; got {epsilon} with {self.mode}.")
        epsilon = 1e-3 if epsilon is None else epsilon
        _check_positive("epsilon", epsilon)
        if self.mode == "percentile" and self.limit > 100:
            raise ValueError(f"percentile is in percent, at most 100; got {self.limit}.")
        if window is not None and (self.mode != "percentile" or not is_whole(window, 1)):
            raise ValueError(f"window is a number of updates, at least 1, and goes with percentile; got {window}.")
        if nonfinite not in _POLICIES:
            raise ValueError(f"nonfinite must be one of {', '.join(_POLICIES)}; got {nonfinite!r}.")
        self.exclude = _as_tuple(exclude)
        if self.exclude and self.mode != "adaptive":
            raise ValueError(f"exclude goes with adaptive; got {self.exclude} with {self.mode}.")
        self.limit, self.epsilon, self.nonfinite = float(self.limit), float(epsilon), nonfinite
        self.window = None if window is None else int(window)
        self._stage: Any = None  # a ClippingStage, from the first fit on
        self._of: Any = None  # the optimizer that the stage was made for

    def __getstate__(self):
        return self.__dict__ | {"_stage": None, "_of": None}  # which belong to one model's compiled step

    def attach(self, fit: FitSession) -> None:
        leaf = self.only_optimizer()
        clips = [name for name in ("clipnorm", "global_clipnorm", "clipvalue") if getattr(leaf, name, None) is not None]
        if clips:
            warnings.warn(
                f"the optimizer clips as well, and before GradientClipping does: {clips[0]}={getattr(leaf, clips[0])}. "
                f"Leave out {clips[0]}.",
                stacklevel=2,
            )
        if self.model.weights and not self.model.trainable_variables:
            raise ValueError(f"GradientClipping has nothing to clip: all layers of {self.model.name!r} are frozen.")
        if self._of is not leaf:
            self._stage, self._of = None, leaf
        if self.mode == "adaptive":
            build_if_possible(fit)  # units and layers to exclude are those of weights
        self._stage = self._next_stage(_updates_to_come(self.params, leaf))
        fit.enter(gradient_stages(self.model, self._stage))

    def _next_stage(self, updates: int) -> ClippingStage:
        """The stage of the last fit, or a new one; either with room in its history for the updates of this fit."""
        if self.mode != "percentile":
            return self._stage or ClippingStage(self._rule(), self.nonfinite)
        history = NormHistory(self.limit, self.window or updates, bool(self.window))
        if self._stage is not None:
            before = self._stage.history
            before.read(self._stage)  # of a fit that was broken off, too
            history = before.with_room_for(updates)
            if history is before:
                return self._stage
        return ClippingStage(rules.by_global_norm, self.nonfinite, history)

    def _rule(self) -> rules.Rule:
        if self.mode == "adaptive":
            axes = axes_of_units(self.model)
            exempt = {id(weight) for layer in self.excluded_layers(self.model) for weight in layer.weights}
            return rules.adaptive(
                self.limit,
                self.epsilon,
                lambda variable: id(variable) in exempt,
                lambda variable: axes.get(id(variable)),
            )
        make: dict[str, Callable[[float], rules.Rule]] = {
            "global_norm": rules.by_global_norm,
            "norm": rules.by_norm,
            "value": rules.by_value,
            "normalize": rules.to_constant_norm,
        }
        return make[self.mode](self.limit)

    def excluded_layers(self, model: keras.Model) -> list[keras.layers.Layer]:
        """The layers of a built model that `exclude` stands for.

        Raises:
            ValueError: for one that is, or fits, no layer with weights.
        """
        layers = [(layer, layer.name) for layer in model._flatten_layers(include_self=False)]
        layers += [(node.operation, node.path) for node in layer_tree(model)[1:]]
        layers = [(layer, name) for layer, name in layers if getattr(layer, "weights", ())]
        patterns = [one for one in self.exclude if isinstance(one, str)]
        check_patterns("exclude", patterns, [name for _, name in layers])
        found = [layer for layer, name in layers if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
        for one in (one for one in self.exclude if not isinstance(one, str)):
            if not any(one is layer for layer, _ in layers):
                raise ValueError(f"exclude: {one.name!r} is no layer with weights in {model.name!r}.")
            found.append(one)
        return found

    # === Epochs ===
    def on_epoch_begin(self, epoch, logs=None):
        self._stage.forget()

    def on_epoch_end(self, epoch, logs=None):
        counts = self._stage.read()
        if counts is None:
            self.warn_of_no_updates()
            return
        figures = {"grad_norm": counts.norm, "grad_norm_max": counts.norm_max, "clip_rate": counts.clip_rate}
        self.rows.append(
            {"epoch": epoch + 1, **figures, "nonfinite_steps": counts.nonfinite, "updates": counts.updates}
        )
        if logs is not None:
            for name, figure in figures.items():
                logs.setdefault(name, figure)  # of two that clip, the first has the gradients as they were
            if self.nonfinite != "raise":
                logs["nonfinite_steps"] = counts.nonfinite
        if counts.first_nonfinite and self.nonfinite == "raise" and not self._is_seen_to_by_others():
            self._end_with(NonFiniteGradientError(epoch + 1, counts.first_nonfinite, counts.nonfinite))
        if self._stage.history is not None:
            self._warn_if_full(self._stage.history)

    def _end_with(self, error: NonFiniteGradientError) -> None:
        """Ends the fit when all callbacks have seen the epoch: what they measured tells what went wrong."""
        session = session_of(self.model)
        if session is None:
            raise error
        session.error, self.model.stop_training = session.error or error, True

    def _is_seen_to_by_others(self) -> bool:
        """Whether another callback reckons with gradients that are not finite, so that training goes on."""
        session = session_of(self.model)
        return (session is not None and session.handles_nonfinite) or any(
            stage.handles_nonfinite for stage in stages_of(self.model)
        )

    def _warn_if_full(self, history: NormHistory) -> None:
        history.read(self._stage)
        if history.is_full:
            warnings.warn(
                f"the history of norms is full: only the first {history.places} count in the percentile. Give "
                "steps_per_epoch or a window.",
                stacklevel=2,
            )

    # === Results ===
    def plot(self):
        """Norms before clipping, and the share of updates that was clipped, by epoch."""
        from .pictures import BLUE, GREY, ORANGE, count_epochs, new_figure, tidy

        self.check_has_results()
        table = self.results
        figure = new_figure(8.4, 3.2)
        norms, rates = figure.subplots(1, 2)
        norms.semilogy(table["epoch"], table["grad_norm"], color=BLUE, marker="o", ms=3, label="mean")
        norms.semilogy(table["epoch"], table["grad_norm_max"], color=GREY, marker="o", ms=3, label="largest")
        if self.mode in ("global_norm", "normalize"):
            norms.axhline(self.limit, color=ORANGE, linewidth=1, label="limit")
        norms.set_title("global gradient norm before clipping", loc="left", fontsize=10)
        norms.legend(frameon=False, fontsize=8)
        rates.plot(table["epoch"], 100 * table["clip_rate"], color=ORANGE, marker="o", ms=3)
        rates.set_ylim(-2, 102)
        rates.set_title(f"updates clipped, in % ({self.mode}={self.limit:g})", loc="left", fontsize=10)
        for axes in (norms, rates):
            count_epochs(tidy(axes))
        return figure


_OF_UNKNOWN_LENGTH = 65536  # updates that a history has room for if nobody knows how many will come


def _updates_to_come(params, optimizer) -> int:
    steps, epochs = (params or {}).get("steps"), (params or {}).get("epochs")
    if not steps or not epochs:
        return _OF_UNKNOWN_LENGTH
    return math.ceil(steps * epochs / (optimizer.gradient_accumulation_steps or 1))


def _as_tuple(layers: Any) -> tuple[Any, ...]:
    given = layers if isinstance(layers, Iterable) and not isinstance(layers, str) else [layers]
    found = tuple(one for one in given if one is not None)
    for one in found:
        if not isinstance(one, str | keras.layers.Layer):
            raise ValueError(f"exclude takes names, patterns or Keras layers; got {one!r}.")
    return found


def _check_positive(name: str, value: Any) -> None:
    if not is_number(value) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number; got {value!r}.")
