"""The time of a data-parallel training step: everyone computes a part of the batch, then all add up their gradients.

    t(N) = c0 + c1 ceil(B / N) + r(N)                      each replica on an accelerator of its own
    t(N) = N (c0 + c1 ceil(B / N)) + r(N)                  N replicas that take turns on the same cores

The gradients' sum r, by the model in which a message of G bytes takes alpha + G / beta (Hockney):

    r(N) = 2 (N - 1) M alpha + 2 (N - 1) / N * G / beta    ring: each sends N - 1 parts around twice
    r(N) = 2 (N - 1) M alpha + (N + 1) G / beta            one device: it reads N gradients and writes their sum

and r(1) = 0. The ring moves nearly the same number of bytes however many take part, which is the least that is possible
(Patarasuk & Yuan); its latency grows with N. Memory that all devices share is the other extreme: whoever needs the sum
reads it where it lies.

*Strong scaling* keeps the global batch B, and ends where c0 and r(N) are all that is left (Amdahl). *Weak scaling*
keeps the batch B / N of each accelerator, and loses only what r(N) takes (Gustafson). Nothing overlaps with anything
else here: a training that hides its communication behind the backward pass does better.

Symbols:
    N      replicas                       B      samples of a global batch
    c0     seconds of any step            c1     seconds of a sample, forward, backward and update
    G      bytes of the gradients         M      messages they are sent in
    alpha  seconds until a message comes  beta   bytes per second

References:
    Hockney 1994, The communication challenge for MPP: Intel Paragon and Meiko CS-2, Parallel Computing 20(3).
    Patarasuk & Yuan 2009, Bandwidth optimal all-reduce algorithms for clusters of workstations, J. Parallel and
    Distributed Computing 69(2).
    Amdahl 1967, Validity of the single processor approach; Gustafson 1988, Reevaluating Amdahl's law.
"""

from dataclasses import astuple, dataclass

import numpy as np

RING, ONE_DEVICE = "ring", "one device"
TERMS = ("fixed", "compute", "latency", "bandwidth")  # what a step's time is made of, in the order of `Costs`


@dataclass(frozen=True)
class Costs:
    """What a machine takes for each thing.

    Args:
        fixed: c0, seconds of a step whatever its batch.
        per_sample: c1, seconds.
        latency: alpha, seconds of a message.
        per_byte: 1 / beta, seconds; 0 for a bandwidth without limit.
    """

    fixed: float
    per_sample: float
    latency: float
    per_byte: float

    def in_units(self) -> dict[str, float | None]:
        """As they are usually told, for JSON; None for what is not known, and for a bandwidth without limit.

        Example:
            >>> Costs(0.5, 0.25, 0.125, 1e-10).in_units()
            {'fixed_ms': 500.0, 'per_sample_us': 250000.0, 'latency_us': 125000.0, 'bandwidth_gb_s': 10.0}
        """
        return {
            "fixed_ms": 1e3 * self.fixed,
            "per_sample_us": 1e6 * self.per_sample,
            "latency_us": None if np.isnan(self.latency) else 1e6 * self.latency,
            "bandwidth_gb_s": 1e-9 / self.per_byte if self.per_byte > 0 else None,
        }


@dataclass(frozen=True)
class Gradients:
    """What is added up over the replicas in each step.

    Args:
        size: G, bytes.
        messages: M, how many messages they are sent in; 1 when they are packed together.
        collective: how they are added up, `RING` or `ONE_DEVICE`.
    """

    size: float
    messages: int = 1
    collective: str = RING


def all_reduce_terms(replicas, gradients: Gradients) -> np.ndarray:
    """How often each cost occurs in one all-reduce.

    Args:
        replicas: N, a number or an array, shape `(...)`.
        gradients: what is added up.

    Returns:
        Counts in the order of `Costs`, shape `(4, ...)`.

    Example:
        >>> all_reduce_terms(4, Gradients(size=100.0)).tolist()
        [0.0, 0.0, 6.0, 150.0]
    """
    n = np.asarray(replicas, float)
    if gradients.collective == RING:
        moved = 2 * (n - 1) / n * gradients.size
    else:
        moved = np.where(n > 1, (n + 1) * gradients.size, 0.0)
    nothing = np.zeros_like(n)
    return np.stack([nothing, nothing, 2 * (n - 1) * gradients.messages, moved])


def step_terms(replicas, batch, gradients: Gradients, shares_cores: bool = False) -> np.ndarray:
    """How often each cost occurs in one training step.

    Args:
        replicas: N, a number or an array, shape `(...)`.
        batch: B, samples of the global batch, a number or an array of that shape.
        gradients: what is added up.
        shares_cores: whether the replicas take turns on the same cores.

    Returns:
        Counts in the order of `Costs`, shape `(4, ...)`.

    Example:
        >>> step_terms(4, 32, Gradients(size=100.0)).tolist()
        [1.0, 8.0, 6.0, 150.0]
    """
    n = np.asarray(replicas, float)
    turns = n if shares_cores else np.ones_like(n)
    samples = np.ceil(np.asarray(batch, float) / n)
    nothing = np.zeros_like(n)
    return np.stack([turns, turns * samples, nothing, nothing]) + all_reduce_terms(n, gradients)


def seconds_by_term(costs: Costs, terms: np.ndarray) -> np.ndarray:
    """Seconds of each of `TERMS`, shape `(4, ...)`; their sum over the first axis is the time.

    Example:
        >>> seconds_by_term(Costs(2.0, 1.0, 0.5, 0.01), step_terms(4, 32, Gradients(size=100.0))).tolist()
        [2.0, 8.0, 3.0, 1.5]
    """
    return np.asarray(astuple(costs)).reshape(4, *[1] * (terms.ndim - 1)) * terms


def step_seconds(costs: Costs, replicas, batch, gradients: Gradients, shares_cores: bool = False):
    """t(N), the time of a training step in seconds, shape `(...)`; arguments as in `step_terms`.

    Example:
        >>> float(step_seconds(Costs(2.0, 1.0, 0.5, 0.01), 4, 32, Gradients(size=100.0)))
        14.5
    """
    return seconds_by_term(costs, step_terms(replicas, batch, gradients, shares_cores)).sum(axis=0)


def all_reduce_seconds(costs: Costs, replicas, gradients: Gradients):
    """r(N), the time of an all-reduce in seconds, shape `(...)`.

    Example:
        >>> float(all_reduce_seconds(Costs(2.0, 1.0, 0.5, 0.01), 1, Gradients(size=100.0)))
        0.0
    """
    return seconds_by_term(costs, all_reduce_terms(replicas, gradients)).sum(axis=0)
