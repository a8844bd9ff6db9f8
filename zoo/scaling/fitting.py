"""The cost model's four costs from what was measured, by least squares.

The time is linear in the costs, so with one row a_i per setting and its measured time t_i the fit is

    minimise  sum over i of  ((a_i . costs - t_i) / t_i)^2,    costs >= 0

which counts relative errors: a microsecond matters where a step takes ten, and not where it takes a thousand.

A small error there only says that four numbers describe the settings they were made from. How well they *predict* is
told by settings that the fit has not seen: each one left out in turn, and the largest number of replicas left out.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from .model import ONE_DEVICE, RING, Costs, Gradients, all_reduce_terms, step_terms


@dataclass(frozen=True)
class Row:
    """One measured setting.

    Args:
        kind: "step" or "all-reduce".
        replicas: N.
        size: samples of the global batch; bytes of the message.
        terms: how often each cost occurs in it, shape `(4,)`.
        seconds: what it took.
    """

    kind: str
    replicas: int
    size: int
    terms: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Fit:
    """The costs, and how far off they are; errors are relative, predicted / measured - 1.

    Args:
        costs: fitted; `latency` and `per_byte` are NaN if one replica alone was measured.
        predicted: seconds for each row, from all rows.
        held_out: the error of each step setting when it is predicted from all other rows; None where these do not tell.
        extrapolated: the errors of the settings with the most replicas when these are predicted from the others.
    """

    costs: Costs
    predicted: Sequence[float]
    held_out: Sequence[float | None]
    extrapolated: Sequence[float]


def gradients_of(measurement: Mapping[str, Any]) -> Gradients:
    """What the measured training added up: logical CPU devices send each tensor by itself, GPUs all in one piece."""
    if measurement["shares_cores"]:
        return Gradients(measurement["gradient_bytes"], measurement["tensors"], ONE_DEVICE)
    return Gradients(measurement["gradient_bytes"], 1, RING)


def rows_of(measurement: Mapping[str, Any]) -> list[Row]:
    """The settings of a measurement: training steps first, then all-reduces."""
    gradients, shares = gradients_of(measurement), measurement["shares_cores"]
    rows = []
    for one in measurement["steps"]:
        terms = step_terms(one["replicas"], one["batch"], gradients, shares)
        rows.append(Row("step", one["replicas"], one["batch"], terms, one["seconds"]))
    for one in measurement["all_reduces"]:
        terms = all_reduce_terms(one["replicas"], Gradients(one["bytes"], 1, gradients.collective))
        rows.append(Row("all-reduce", one["replicas"], one["bytes"], terms, one["seconds"]))
    return rows


def fit_costs(rows: Sequence[Row]) -> Costs:
    """The costs that describe the rows best.

    Raises:
        ValueError: if the rows cannot tell the costs apart.

    Example:
        >>> gradients = Gradients(size=1e6)
        >>> rows = [Row("step", 1, b, step_terms(1, b, gradients), 0.25 + 0.5 * b) for b in (1, 2, 5)]
        >>> costs = fit_costs(rows)
        >>> round(costs.fixed, 6), round(costs.per_sample, 6)
        (0.25, 0.5)
    """
    from scipy.optimize import nnls

    relative = np.array([row.terms / row.seconds for row in rows]).reshape(-1, 4)
    occurs = np.asarray(relative.any(axis=0))
    sizes = np.where(occurs, np.linalg.norm(relative, axis=0), 1.0)  # columns of like size: seconds and bytes differ
    columns = (relative / sizes)[:, occurs]
    if not occurs[:2].all() or np.linalg.matrix_rank(columns, tol=1e-6) < columns.shape[1]:
        raise ValueError(
            "these settings cannot tell the cost of a step from that of a sample; measure at least two batch sizes, "
            "such as --batches 32,512."
        )
    found = np.full(4, np.nan)
    found[occurs] = nnls(columns, np.ones(len(rows)))[0]
    return Costs(*(found / sizes).tolist())


def fit_measurement(measurement: Mapping[str, Any]) -> Fit:
    """Fits the model to everything that was measured, and tries how well it predicts.

    Raises:
        ValueError: if what was measured cannot tell the costs apart.
    """
    rows = rows_of(measurement)
    costs = fit_costs(rows)
    held_out: list[float | None] = []
    for index, row in enumerate(rows):
        if row.kind == "step":
            errors = _errors_without(rows, [index])
            held_out.append(errors[0] if errors else None)
    most = max(row.replicas for row in rows)
    extrapolated = _errors_without(rows, [index for index, row in enumerate(rows) if row.replicas == most])
    return Fit(costs, [_seconds(costs, row) for row in rows], held_out, extrapolated)


def _errors_without(rows: Sequence[Row], left_out: Sequence[int]) -> list[float]:
    """The relative errors of the steps left out, predicted from the other rows; none if these do not tell the costs."""
    try:
        costs = fit_costs([row for index, row in enumerate(rows) if index not in left_out])
    except ValueError:
        return []
    errors = [_seconds(costs, rows[i]) / rows[i].seconds - 1 for i in left_out if rows[i].kind == "step"]
    return errors if np.isfinite(errors).all() else []


def _seconds(costs: Costs, row: Row) -> float:
    each = np.array(astuple(costs))
    occurs: np.ndarray = row.terms != 0
    return float(each[occurs] @ row.terms[occurs])


def summary(measurement: Mapping[str, Any], fit: Fit) -> dict[str, Any]:
    """The fit as plain values, for JSON: costs with their units in their names, errors by setting and in short."""
    rows = rows_of(measurement)
    residuals: list[dict[str, Any]] = [
        {"kind": row.kind, "replicas": row.replicas, "size": row.size, "measured": row.seconds, "predicted": predicted}
        for row, predicted in zip(rows, fit.predicted, strict=True)
    ]
    for residual, error in zip(residuals, fit.held_out, strict=False):
        residual["held_out_error"] = error

    def errors_of(kind: str) -> list[float]:
        return [one["predicted"] / one["measured"] - 1 for one in residuals if one["kind"] == kind]

    return {
        **fit.costs.in_units(),
        **{f"{kind.replace('-', '_')}_error": _sizes(errors_of(kind)) for kind in ("step", "all-reduce")},
        "held_out_error": _sizes([error for error in fit.held_out if error is not None]),
        "extrapolation_error": _sizes(fit.extrapolated),
        "extrapolated_to": max(row.replicas for row in rows),
        "settings": residuals,
    }


def _sizes(errors: Sequence[float]) -> dict[str, float] | None:
    """The `median` and the `largest` of the errors' sizes; None of no errors."""
    sizes = [abs(error) for error in errors]
    return {"median": statistics.median(sizes), "largest": max(sizes)} if sizes else None
