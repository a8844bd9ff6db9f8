"""A clipping rule as it runs in the compiled step, and what it counts there."""

from typing import Any

from keras import ops

from ..keras_internals import GradientStage
from .norm_history import NormHistory
from .rules import global_norm

# Over an epoch's updates: the largest of the first, sums of the others.
_COUNTS = ("max", "sum", "clipped", "nonfinite", "from_first_nonfinite", "updates")
_IS_LARGEST = [True, False, False, False, False, False]
_OF_NONFINITE = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]  # what an update that is not finite adds


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
        if self.history is not None:
            self.history.build(self)

    def on_gradients(self, gradients, variables):
        norm = global_norm(gradients)
        rule = self.rule if self.history is None else self.rule(ops.cast(self.history.add(norm, self), norm.dtype))
        gradients, clipped = rule(gradients, variables, norm)
        self._count(norm, clipped)
        return gradients

    def _count(self, norm, clipped) -> None:
        # in as few operations as possible: each costs microseconds
        counts, finite = ops.convert_to_tensor(self.state["counts"]), ops.isfinite(norm)
        norm, clipped = ops.cast(norm, "float32"), ops.cast(clipped, "float32")
        has_begun = ops.sign(counts[_COUNTS.index("nonfinite")])
        zero, one = ops.zeros_like(norm), ops.ones_like(norm)
        good, bad = ops.stack([norm, norm, clipped, zero, has_begun, one]), ops.convert_to_tensor(_OF_NONFINITE)
        new, is_largest = ops.where(finite, good, bad), ops.convert_to_tensor(_IS_LARGEST)
        self.state["counts"].assign(ops.where(is_largest, ops.maximum(counts, new), counts + new))
        self._allowed = finite if self.policy == "skip" else None

    def allows_update(self):
        return self._allowed

    def forget(self) -> None:
        """Begins to count anew."""
        if "counts" in self.state:
            self.state["counts"].assign(ops.zeros(len(_COUNTS)))

    def read(self) -> dict[str, float]:
        """The counts, by name."""
        values = ops.convert_to_numpy(self.state["counts"]) if "counts" in self.state else [0.0] * len(_COUNTS)
        return dict(zip(_COUNTS, map(float, values), strict=True))
