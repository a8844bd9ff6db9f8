"""What `gradschool scale` prints."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..bench.load import BUSY


def render(report: Mapping[str, Any]) -> Group:
    """Measurement, fit and prediction as tables with notes for a rich console.

    Args:
        report: with the keys `measurement`, `fit` (from `fitting.summary`), `hardware` and `prediction`.
    """
    measurement, prediction = report["measurement"], report["prediction"]
    batch = prediction["batch"]
    return Group(
        _title(f"{measurement['model']}: step time, measured and fitted"),
        _steps_table(report["fit"]),
        "",
        _title("sum of a message over the replicas, measured and fitted"),
        _all_reduces_table(report["fit"]),
        "",
        _title("costs: fitted, and as used for the prediction"),
        _costs_table(report),
        "",
        *(Text(note) for note in _notes(report)),
        "",
        _title(f"strong scaling: one batch of {batch} over N accelerators"),
        _prediction_table(prediction["strong"]["rows"]),
        Text(_strong_note(prediction["strong"])),
        "",
        _title(f"weak scaling: a batch of {batch} for each of N accelerators"),
        _prediction_table(prediction["weak"]["rows"]),
        Text(_half_note(prediction["weak"]["half"])),
    )


def _title(words: str) -> Text:
    return Text(words, style="bold")


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _steps_table(fit: Mapping[str, Any]) -> Table:
    table = _table("replicas", "batch", "measured ms", "fitted ms", "off by", "left out, off by")
    for one in fit["settings"]:
        if one["kind"] == "step":
            times = [f"{1e3 * one[name]:.3f}" for name in ("measured", "predicted")]
            errors = [_percent(one["predicted"] / one["measured"] - 1), _percent(one["held_out_error"])]
            table.add_row(str(one["replicas"]), str(one["size"]), *times, *errors)
    return table


def _all_reduces_table(fit: Mapping[str, Any]) -> Table | Text:
    table = _table("replicas", "message", "measured us", "fitted us", "off by")
    for one in fit["settings"]:
        if one["kind"] == "all-reduce":
            times = [f"{1e6 * one[name]:.1f}" for name in ("measured", "predicted")]
            table.add_row(
                str(one["replicas"]), show_bytes(one["size"]), *times, _percent(one["predicted"] / one["measured"] - 1)
            )
    return table if table.row_count else Text("one replica has nothing to sum")


def _costs_table(report: Mapping[str, Any]) -> Table:
    fit, used = report["fit"], report["hardware"]
    table = _table("", "fitted", "used", "unit")
    table.columns[0].justify = table.columns[3].justify = "left"
    for words, key, unit in (
        ("c0, any step", "fixed_ms", "ms"),
        ("c1, a sample", "per_sample_us", "us"),
        ("alpha, latency of a message", "latency_us", "us"),
        ("beta, bandwidth", "bandwidth_gb_s", "GB/s"),
    ):
        fitted = _figure(fit[key], "unknown" if fit["latency_us"] is None else "no limit")
        table.add_row(words, fitted, _figure(used[key], "no limit"), unit)
    return table


def _prediction_table(rows: list[Mapping[str, Any]]) -> Table:
    table = _table("N", "step ms", "samples/s", "speed-up", "efficiency", "limited by")
    for row in rows:
        table.add_row(
            f"{row['accelerators']:,}",
            f"{1e3 * row['seconds']:.3f}",
            f"{row['samples_per_second']:,.0f}",
            f"{row['speedup']:.2f}",
            f"{row['efficiency']:.0%}".replace("%", " %"),
            row["limit"],
        )
    return table


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    measurement, fit, used = report["measurement"], report["fit"], report["hardware"]
    size = show_bytes(measurement["gradient_bytes"])
    yield f"Gradients: {size} in {measurement['tensors']} tensors; predicted as one message in a ring."
    yield (
        f"Errors of step times, median and largest: {_errors(fit['step_error'])} where fitted; "
        f"{_errors(fit['held_out_error'])} where each setting is left out of the fit in turn; "
        f"{_errors(fit['extrapolation_error'])} on {fit['extrapolated_to']} replicas predicted from fewer. "
        f"Of sums: {_errors(fit['all_reduce_error'])}."
    )
    if measurement["shares_cores"]:
        yield (
            f"The replicas were logical devices of one CPU and shared its {measurement['machine']['cores']} cores: all "
            "of them together compute no faster than one, so the measured step takes N (c0 + c1 ceil(B/N)) and a sum "
            "in shared memory. The prediction gives every replica an accelerator of its own."
        )
        if used["latency_us"] == fit["latency_us"] or used["bandwidth_gb_s"] == fit["bandwidth_gb_s"]:
            yield "Fitted latency and bandwidth are those of shared memory; for a network: --latency and --bandwidth."
    if (measurement["others"] or 0) > BUSY:
        yield f"Not to be relied on: other programs used {measurement['others']:.0%} of the machine meanwhile."


def _strong_note(strong: Mapping[str, Any]) -> str:
    fastest = strong["fastest"]
    words = "More than one do not help" if fastest == 1 else f"More than {fastest:,} no longer help"
    return f"{words}. {_half_note(strong['half'])}"


def _half_note(half: int | None) -> str:
    return "Efficiency stays above one half." if half is None else f"Efficiency falls below one half at N = {half:,}."


def show_bytes(size: float) -> str:
    """A size in the unit that fits.

    Example:
        >>> show_bytes(1024), show_bytes(419_752), show_bytes(2**24)
        ('1 KiB', '410 KiB', '16 MiB')
    """
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GiB"


def _errors(errors: Mapping[str, float] | None) -> str:
    if errors is None:
        return "unknown"
    return f"{_percent(errors['median'], '')} and {_percent(errors['largest'], '')}"


def _percent(error: float | None, sign: str = "+") -> str:
    return "unknown" if error is None else f"{error:{sign}.0%}".replace("%", " %")


def _figure(value: float | None, none: str) -> str:
    return none if value is None else f"{value:.4g}"
