"""What the cost model says of N accelerators, each with a replica of its own and all in a ring.

The speed-up S and the efficiency E compare with one accelerator at the batch that is kept, the global one or that of
each:

    S(N) = samples per second on N / samples per second on 1,    E(N) = S(N) / N
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .model import TERMS, Costs, Gradients, seconds_by_term, step_terms

NO_COMMUNICATION = "one replica alone says nothing of communication: give --latency and --bandwidth as well."
MOST = 2**16  # accelerators that are looked at for where more no longer help


def check_hardware(bandwidth: float | None, latency: float | None, compute_seconds: float | None) -> None:
    """Refuses values out of their range; arguments as in `other_hardware`.

    Raises:
        ValueError: if there is one.
    """
    if bandwidth is not None and not bandwidth > 0:
        raise ValueError(f"--bandwidth must be positive, in GB/s (inf for no limit); got {bandwidth}.")
    if latency is not None and not 0 <= latency < float("inf"):
        raise ValueError(f"--latency must not be negative, in microseconds; got {latency}.")
    if compute_seconds is not None and not 0 < compute_seconds < float("inf"):
        raise ValueError(f"--compute-seconds must be positive; got {compute_seconds}.")


def other_hardware(
    costs: Costs,
    batch: int,
    bandwidth: float | None = None,
    latency: float | None = None,
    compute_seconds: float | None = None,
) -> Costs:
    """Costs with what is known of other hardware in place of what was fitted.

    Args:
        costs: fitted.
        batch: that `compute_seconds` is the time of.
        bandwidth: beta, GB/s (10^9 bytes) that each accelerator sends.
        latency: alpha, microseconds of a message.
        compute_seconds: what one accelerator takes for a step of that batch; c0 and c1 change in proportion.

    Raises:
        ValueError: if a value is out of its range, or if there is neither a fitted nor a given latency or bandwidth.

    Example:
        >>> other_hardware(Costs(1.0, 0.5, 0.0, 0.0), batch=2, bandwidth=10, compute_seconds=0.5)
        Costs(fixed=0.25, per_sample=0.125, latency=0.0, per_byte=1e-10)
    """
    check_hardware(bandwidth, latency, compute_seconds)
    if bandwidth is not None:
        costs = replace(costs, per_byte=1e-9 / bandwidth)
    if latency is not None:
        costs = replace(costs, latency=latency * 1e-6)
    if np.isnan(costs.latency) or np.isnan(costs.per_byte):
        raise ValueError(NO_COMMUNICATION)
    if compute_seconds is not None:
        faster = compute_seconds / (costs.fixed + costs.per_sample * batch)
        costs = replace(costs, fixed=costs.fixed * faster, per_sample=costs.per_sample * faster)
    return costs


def predict(costs: Costs, gradients: Gradients, batch: int, accelerators: Sequence[int]) -> dict[str, Any]:
    """Strong and weak scaling.

    Args:
        costs: of the hardware.
        gradients: what is added up in each step.
        batch: samples of the global batch (strong), or of each accelerator's (weak).
        accelerators: the numbers N to predict for.

    Returns:
        A dict that is JSON: `batch`, and for `strong` and `weak` each: `rows`, one for each N, with the global batch,
        `seconds` of a step, `samples_per_second`, `speedup`, `efficiency`, `parts` (seconds by term) and `limit`, the
        largest part; `fastest`, the least N with the most samples per second (strong only: under weak scaling each
        more adds some); `half`, the least N whose efficiency is below one half, None if there is none up to `MOST`.
    """
    return {
        "batch": batch,
        "strong": {
            "rows": [_row(costs, gradients, batch, n, batch) for n in accelerators],
            "fastest": _fastest(costs, gradients, batch),
            "half": _half(costs, gradients, lambda n: np.full_like(n, batch)),
        },
        "weak": {
            "rows": [_row(costs, gradients, batch, n, batch * n) for n in accelerators],
            "half": _half(costs, gradients, lambda n: batch * n),
        },
    }


def _row(costs: Costs, gradients: Gradients, batch: int, accelerators: int, whole: int) -> dict[str, Any]:
    parts = seconds_by_term(costs, step_terms(accelerators, whole, gradients))
    seconds = float(parts.sum())
    alone = float(seconds_by_term(costs, step_terms(1, batch, gradients)).sum())
    speedup = (whole / seconds) / (batch / alone)
    return {
        "accelerators": accelerators,
        "batch": whole,
        "seconds": seconds,
        "samples_per_second": whole / seconds,
        "speedup": speedup,
        "efficiency": speedup / accelerators,
        "parts": dict(zip(TERMS, parts.tolist(), strict=True)),
        "limit": TERMS[int(parts.argmax())],
    }


def _fastest(costs: Costs, gradients: Gradients, batch: int) -> int:
    """More accelerators than samples have nothing to do."""
    counts = np.arange(1, batch + 1)
    return int(counts[seconds_by_term(costs, step_terms(counts, batch, gradients)).sum(axis=0).argmin()])


def _half(costs: Costs, gradients: Gradients, whole) -> int | None:
    counts = np.arange(1, MOST + 1)
    batches = whole(counts)
    rates = batches / seconds_by_term(costs, step_terms(counts, batches, gradients)).sum(axis=0)
    below = counts[rates / (counts * rates[0]) < 0.5]
    return int(below[0]) if len(below) else None
