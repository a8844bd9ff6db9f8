"""What the counts of an epoch come to: for each unit, for each layer, for the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .counts import UnitCount

_STATES = ("dead", "saturated")


def unit_figures(count: UnitCount, saturated_above: float) -> dict[str, np.ndarray]:
    """What each unit of a layer did, as arrays of shape `(U,)`.

    Args:
        count: of the layer.
        saturated_above: the share of outputs near a limit above which a unit is saturated.

    Example:
        >>> count = UnitCount(np.array([True, False]), np.array([0.5, 0.0]), 8)
        >>> {name: values.tolist() for name, values in unit_figures(count, 0.95).items()}
        {'dead': [False, True], 'frequency': [0.5, 0.0]}
    """
    if count.fired is not None:
        return {"dead": ~count.fired} | ({} if count.share is None else {"frequency": count.share})
    assert count.share is not None
    return {"saturated": count.share > saturated_above, "saturation": count.share}


def layer_figures(
    units: Mapping[str, Any], activation: str, before: Mapping[str, Any] | None, probed: bool
) -> dict[str, Any]:
    """The row of a layer for an epoch.

    Args:
        units: its epoch, its name, and the arrays of `unit_figures`.
        activation: of the layer.
        before: the same of the epoch before, if there is one.
        probed: whether there is a probe set.
    """
    states = [units[name] for name in _STATES if name in units]
    row: dict[str, Any] = {"epoch": units["epoch"], "layer": units["layer"], "activation": activation}
    row["units"] = len(states[0])
    for prefix in ("", "probe_") if probed else ("",):
        for state in _STATES:
            found = units.get(prefix + state)
            row[f"{prefix}{state}"] = None if found is None else int(found.sum())
            row[f"{prefix}{state}_fraction"] = None if found is None else float(found.mean())
            if prefix + state == "dead":
                row["newly_dead"], row["revived"] = _changes(found, (before or {}).get("dead"))
    return row


def _changes(now: np.ndarray | None, then: np.ndarray | None) -> tuple[int | None, int | None]:
    """How many units have died, and how many are back, since the epoch before."""
    if now is None or then is None or len(now) != len(then):
        return None, None
    return int((now & ~then).sum()), int((then & ~now).sum())


def scalars(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What goes into the logs: shares of all units, and by layer.

    Args:
        rows: of `layer_figures`, of one epoch.

    Example:
        >>> rows = [{"layer": "a", "units": 4, "dead": 2, "dead_fraction": 0.5}, {"layer": "b", "units": 12, "dead": 0,
        ...          "dead_fraction": 0.0}]
        >>> scalars(rows)
        {'dead_fraction': 0.125, 'dead_fraction/a': 0.5, 'dead_fraction/b': 0.0}
    """
    logs = {}
    for name in ("dead", "saturated", "probe_dead", "probe_saturated"):
        those = [row for row in rows if row.get(name) is not None]
        if those:
            logs[f"{name}_fraction"] = sum(row[name] for row in those) / sum(row["units"] for row in those)
        logs |= {f"{name}_fraction/{row['layer']}": row[f"{name}_fraction"] for row in those}
    return logs
