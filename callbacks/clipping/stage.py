"""A clipping rule as it runs in the compiled step, and what it counts there."""

from typing import Any

from keras import ops

from ..keras_internals import GradientStage, multiply_or_zero
from .norm_history import NormHistory
from .rules import global_norm

_COUNTS = ("sum", "clipped", "nonfinite", "from_first_nonfinite", "updates")  # sums over an epoch's updates
_LEAST_LIMIT = 1e-30  # in place of a percentile of 0, by which a norm of 0 is not divided
_STATE = ("counts", "largest", "was_nonfinite")


class ClippingStage(GradientStage):
    """The rule as it runs in the compiled step, and its counts.

    Args:
        rule: that clips; with a history, what makes a rule of a limit.
        policy: of `nonfinite`.
        history: of norms, whose percentile is the limit.
    """

    order = 10

    def __init__(self, rule: Any, policy: str, history: NormHistory | None = None):
        super().__init__()
        self.rule, self.policy, self.history = rule, policy, history
        self.handles_nonfinite, self.may_leave_out = policy != "raise", policy == "skip"
        self._allowed: Any = None

    def build(self, variables):
        self.add_state("counts", (len(_COUNTS),))
        self.add_state("largest")
        self.add_state("was_nonfinite")  # 1 once a gradient of this epoch was
        if self.history is not None:
            self.history.build(self)

    def on_gradients(self, gradients, variables):
        norm = global_norm(gradients)
        rule = self.rule
        if self.history is not None:
            limit = ops.cast(self.history.add(norm, self), norm.dtype)
            rule = self.rule(ops.maximum(limit, _LEAST_LIMIT))
        gradients, clipped = rule(gradients, variables, norm)
        self._count(norm, clipped)
        return gradients

    def _count(self, norm, clipped) -> None:
        # In as few and as small operations as possible: each costs microseconds, to choose or to take a part ten.
        counts, largest, was = (ops.convert_to_tensor(self.state[name]) for name in _STATE)
        is_finite = ops.isfinite(norm)
        finite, norm, clipped = (ops.cast(one, "float32") for one in (is_finite, norm, clipped))
        norm, nonfinite = multiply_or_zero(norm, finite), 1.0 - finite
        from_first = ops.maximum(was, nonfinite)
        new = ops.stack([norm, clipped * finite, nonfinite, from_first, ops.ones_like(norm)])
        self.state["counts"].assign(counts + new)
        self.state["largest"].assign(ops.maximum(largest, norm))
        self.state["was_nonfinite"].assign(from_first)
        self._allowed = is_finite if self.policy == "skip" else None

    def allows_update(self):
        return self._allowed

    def forget(self) -> None:
        """Begins to count anew."""
        for variable in (self.state[name] for name in _STATE if self.built):
            variable.assign(ops.zeros(variable.shape))

    def read(self) -> dict[str, float]:
        """The counts by name, and the largest norm as `max`."""
        if not self.built:
            return dict.fromkeys((*_COUNTS, "max"), 0.0)
        values = map(float, ops.convert_to_numpy(self.state["counts"]))
        return dict(zip(_COUNTS, values, strict=True)) | {"max": float(ops.convert_to_numpy(self.state["largest"]))}
