"""Which gradients vanish and which explode, told from their norms.

Rules, for the mean norms n_0 ... n_D of an epoch, the layer nearest the input first:

    vanishing   n_d < 1/1000 of the largest norm of a deeper layer, or 0 while a deeper layer learns
    exploding   some update's gradient was not finite; or n_d > 1000 times the last layer's; or the layer's largest
                norm in the epoch is more than 100 times the mean norm that any layer had in the first epoch

A sigmoid's derivative is at most 1/4, so that ten such layers may shrink a gradient by 4^-10 = 1e-6, while in networks
that train well the norms of layers lie within a factor of ten or so of each other (Glorot and Bengio 2010, figure 7).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

BETWEEN_LAYERS = 1e3
OVER_TIME = 1e2


def find_trouble(rows: Sequence[Mapping[str, Any]], first_norms: Mapping[str, float]) -> list[dict[str, Any]]:
    """The vanishing and exploding gradients of one epoch.

    Args:
        rows: one for each layer, as in `GradientMonitor.results`, in the order of depth.
        first_norms: the layers' mean norms in the first epoch.

    Returns:
        For each layer concerned `epoch`, `condition` ("vanishing" or "exploding"), `layer` and `evidence`, a sentence.

    Example:
        >>> row = {"epoch": 1, "nonfinite": 0}
        >>> front = {**row, "layer": "front", "gradient_norm": 1e-8, "gradient_norm_max": 1e-8}
        >>> back = {**row, "layer": "back", "gradient_norm": 1.0, "gradient_norm_max": 1.0}
        >>> find_trouble([front, back], {})[0]["evidence"]
        'its mean gradient norm is 1e-08, 1e+08 times smaller than that of back (1)'
    """
    findings = []
    largest_first = max((norm for norm in first_norms.values() if math.isfinite(norm)), default=None)
    for place, row in enumerate(rows):
        for condition, evidence in (
            ("exploding", _explodes(row, rows[-1], largest_first)),
            ("vanishing", _vanishes(row, rows[place + 1 :])),
        ):
            if evidence:
                findings.append(
                    {"epoch": row["epoch"], "condition": condition, "layer": row["layer"], "evidence": evidence}
                )
    return findings


def shrinkage_by_layer(norms: Sequence[float]) -> float:
    """The factor by which the norm changes from a layer to the one before it, fitted to all: exp of the slope of log n.

    Args:
        norms: positive, the layer nearest the input first; at least two.

    Example:
        >>> round(shrinkage_by_layer([0.001, 0.01, 0.1, 1.0]), 6)
        0.1
    """
    depths = range(len(norms))
    logs = [math.log(one) for one in norms]
    depth, mean = sum(depths) / len(norms), sum(logs) / len(logs)
    slope = sum((d - depth) * (one - mean) for d, one in zip(depths, logs, strict=True)) / sum(
        (d - depth) ** 2 for d in depths
    )
    return math.exp(-slope)


def _vanishes(row, deeper: Sequence[Mapping[str, Any]]) -> str | None:
    norm, others = row["gradient_norm"], [one for one in deeper if one["gradient_norm"] > 0]
    if not others or not norm < max(one["gradient_norm"] for one in others) / BETWEEN_LAYERS:
        return None
    largest = max(others, key=lambda one: one["gradient_norm"])
    if norm == 0:
        return f"it gets no gradient at all, while that of {largest['layer']} has a norm of " + _say(largest)
    times = largest["gradient_norm"] / norm
    sentence = f"its mean gradient norm is {norm:.3g}, {times:.3g} times smaller than that of {largest['layer']}"
    sentence += f" ({_say(largest)})"
    between = [row, *deeper[: deeper.index(largest) + 1]]
    if len(between) > 3 and all(one["gradient_norm"] > 0 for one in between):
        factor = shrinkage_by_layer([one["gradient_norm"] for one in between])
        sentence += f": from layer to layer it shrinks to {factor:.2g} of what it was"
    return sentence


def _explodes(row, last, first_norm: float | None) -> str | None:
    if row["nonfinite"]:
        return f"its gradient was infinite or no number in {row['nonfinite']} update{'s' * (row['nonfinite'] > 1)}"
    norm, largest = row["gradient_norm"], row["gradient_norm_max"]
    if last["gradient_norm"] > 0 and norm > BETWEEN_LAYERS * last["gradient_norm"]:
        return (
            f"its mean gradient norm is {norm:.3g}, {norm / last['gradient_norm']:.3g} times larger than that of "
            f"{last['layer']} ({_say(last)})"
        )
    if first_norm and largest > OVER_TIME * first_norm:
        return f"its gradient norm rose to {largest:.3g}; in the first epoch, layers had {first_norm:.3g} at most"
    return None


def _say(row) -> str:
    return f"{row['gradient_norm']:.3g}"
