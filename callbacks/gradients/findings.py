"""Which gradients vanish and which explode, told from their norms.

Rules, for the mean norms n_0 ... n_D of an epoch, the layer nearest the input first:

    vanishing   n_d < 1/1000 of the largest norm of a deeper layer, or 0 while a deeper layer learns; norms below about
                1e-19 read as 0, since their squares do in float32
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


def _vanishes(row, deeper: Sequence[Mapping[str, Any]]) -> str | None:
    norm, others = row["gradient_norm"], [one for one in deeper if one["gradient_norm"] > 0]
    if not others or not norm < max(one["gradient_norm"] for one in others) / BETWEEN_LAYERS:
        return None
    largest = max(others, key=lambda one: one["gradient_norm"])
    if norm == 0:
        return f"float32 cannot tell its gradient from 0; that of {largest['layer']} has a norm of {_say(largest)}"
    times = largest["gradient_norm"] / norm
    sentence = f"its mean gradient norm is {norm:.3g}, {times:.3g} times smaller than that of {largest['layer']}"
    sentence += f" ({_say(largest)})"
    between = [row, *deeper[: deeper.index(largest) + 1]]
    if len(between) > 3 and all(one["gradient_norm"] > 0 for one in between):
        factor = times ** (-1 / (len(between) - 1))  # the geometric mean: all steps together make up the ratio
        sentence += f"; on average, from layer to layer it shrinks to {factor:.3g} of what it was"
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
