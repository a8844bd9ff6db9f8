"""A clipping rule as it runs in the compiled step, and what it counts there."""

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from ..keras_internals import GradientStage, add_to, multiply_or_zero
from .norm_history import NormHistory
from .rules import global_norm

_COUNTS = ("norm", "clipped", "nonfinite", "updates")  # of one update; the last three are 0 or 1
_LEAST_LIMIT = 1e-30  # in place of a percentile of 0, by which a norm of 0 is not divided
_STATE = ("sums", "largest", "sums_of_largest")  # over an epoch; the last, of the largest up to each update


@dataclass(frozen=True)
class ClippingCounts:
    """What clipping has come to over an epoch.

    Args:
        updates: how many there were.
        nonfinite: those whose gradients were not finite.
        first_nonfinite: the number of the first of these, from 1; None if all were finite.
        clip_rate: the share of updates that was clipped.
        norm: the mean global norm before clipping, of the updates that were finite.
        norm_max: the largest of these norms.
    """

    updates: int
    nonfinite: int
    first_nonfinite: int | None
    clip_rate: float
    norm: float
    norm_max: float


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
        for name in _STATE:
            self.add_state(name, (len(_COUNTS),))
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
        is_finite = ops.isfinite(norm)
        finite, norm, clipped = (ops.cast(one, "float32") for one in (is_finite, norm, clipped))
        new = ops.stack([multiply_or_zero(norm, finite), clipped * finite, 1.0 - finite, ops.ones_like(norm)])
        largest = ops.maximum(ops.convert_to_tensor(self.state["largest"]), new)
        self.state["largest"].assign(largest)
        add_to(self.state["sums"], new)
        add_to(self.state["sums_of_largest"], largest)
        self._allowed = is_finite if self.policy == "skip" else None

    def allows_update(self):
        allowed, self._allowed = self._allowed, None  # a tensor of the step, which nothing else is to keep
        return allowed

    def forget(self) -> None:
        """Begins to count anew."""
        for variable in (self.state[name] for name in _STATE if self.built):
            variable.assign(ops.zeros(variable.shape))

    def read(self) -> "ClippingCounts | None":
        """What was counted since; None if there was no update."""
        if not self.built:
            return None
        sums, largest, of_largest = (ops.convert_to_numpy(self.state[name]).tolist() for name in _STATE)
        norm, clipped, nonfinite, updates = sums
        if not updates:
            return None
        from_first_nonfinite = of_largest[_COUNTS.index("nonfinite")]
        first = int(updates - from_first_nonfinite) + 1 if nonfinite else None
        finite = updates - nonfinite
        return ClippingCounts(
            updates=int(updates),
            nonfinite=int(nonfinite),
            first_nonfinite=first,
            clip_rate=clipped / updates,
            norm=norm / finite if finite else math.nan,
            norm_max=largest[0] if finite else math.nan,
        )
