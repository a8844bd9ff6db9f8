"""What `gradschool bench` prints."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from .cases import GRADSCHOOL, KERAS, KERAS_APPLICATIONS, TORCH, TORCH_CHANNELS_LAST
from .figures import shown_ratio
from .load import BUSY

_COLUMNS = (
    "model", "ours\nms", "Keras\nms", "PyTorch\nms", "vs Keras\n(goal)", "vs PyTorch\n(goal)", "of\npeak",
    "memory\nMiB", "first\nstep s",
)  # fmt: skip


def render(report: Mapping[str, Any]) -> Group:
    """The figures of `run_bench` as a table with notes for a rich console."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for number, heading in enumerate(_COLUMNS):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for measured in report["models"]:
        table.add_row(*_cells(measured))
    return Group(table, "", *(Text(note) for note in _notes(report)))


def render_profile(profiled: Mapping[str, Any], most: int = 12) -> Group:
    """The longest operations of `profiling.profile` as a table."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column(f"{profiled['model']}: operation", no_wrap=True)
    for heading in ("ms a step", "share", "calls a step"):
        table.add_column(heading, justify="right", no_wrap=True)
    operations = profiled["operations"]
    total = sum(one["ms_per_step"] for one in operations) or 1.0
    for one in operations[:most]:
        share = one["ms_per_step"] / total
        table.add_row(one["kind"], f"{one['ms_per_step']:.3f}", f"{share:.0%}", f"{one['calls_per_step']:.4g}")
    return Group(table, "")


def render_costs(report: Mapping[str, Any]) -> Group:
    """What `callback_costs.measure_costs` found, as tables."""
    parts: list[Any] = []
    for measured in report["models"]:
        table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
        table.add_column(f"{measured['model']}: overhead of", no_wrap=True)
        loops = measured["loops"]
        for name, loop in loops.items():
            whose = "Keras's" if name == KERAS else "the zoo's"
            table.add_column(f"over {whose} fit\n({loop['step_ms']:.3g} ms a step)", justify="right", no_wrap=True)
        for callback in loops[KERAS]["callbacks"]:
            table.add_row(callback, *(_cost(loop["callbacks"][callback]) for loop in loops.values()))
        parts += [table, ""]
        if "optimizers" in measured:
            found = measured["optimizers"]
            parts.append(
                Text(f"{measured['model']}: {len(found['optimizers'])} optimizers within one fit, as a share of")
            )
            parts.append(Text(f"a default Keras fit for each ({found['eight_fits_ms']:.3g} ms a step together)"))
            for way, share in found["shares"].items():
                goal = "" if share["goal"] is None else f" ({share['goal']}) {'yes' if share['met'] else 'no'}"
                parts.append(Text(f"  {way}: {share['median']:.2f}{goal}"))
            parts.append("")
    pairs = f"{report['rounds']} epochs of {report['fits']} pairs of fits, with the callback and without in short turns"
    parts.append(Text(f"Medians over {pairs}; quartiles below them, goals in brackets."))
    return Group(*parts)


def _cost(cost: Mapping[str, Any]) -> Text:
    lower, upper = (f"{quartile:+.1%}" for quartile in cost["quartiles"])
    goal = "" if cost["goal"] is None else f" ({cost['goal']:.0%}) {'yes' if cost['met'] else 'no'}"
    style = {True: "green", False: "red", None: ""}[cost["met"]]
    return Text.assemble((f"{cost['median']:+.1%}{goal}", style), f"\n{lower} to {upper}")


def count_goals(report: Mapping[str, Any]) -> dict[str, int]:
    """How many goals are met, how many are missed, and how many were not measured.

    Example:
        >>> ratios = {"keras": {"met": False}, "torch channels_last": {"met": None}}
        >>> count_goals({"models": [{"ratios": ratios, "goals": {"keras": 4.0, "torch": 1.8}}]})
        {'met': 0, 'missed': 1, 'not_measured': 1}
    """
    counts = {"met": 0, "missed": 0, "not_measured": 0}
    for measured in report["models"]:
        for name in measured["goals"]:
            judged = measured["ratios"].get(name)
            counts["not_measured" if judged is None else "met" if judged["met"] else "missed"] += 1
    return counts


def _cells(measured: Mapping[str, Any]) -> Iterator[str | Text]:
    contenders, ours = measured["contenders"], measured["contenders"][GRADSCHOOL]
    yield measured["model"]
    for name in (GRADSCHOOL, KERAS, TORCH):
        yield f"{contenders[name]['step_ms']['median']:.4g}" if name in contenders else "-"
    for name in (KERAS, TORCH):
        yield _ratio(measured["ratios"].get(name))
    yield f"{measured['share_of_peak']['median']:.0%}"
    yield f"{ours['peak_memory_mib']:,.0f}"
    yield f"{ours['first_step_s']:.1f}"


def _ratio(ratio: Mapping[str, Any] | None) -> Text:
    """The median, the goal and whether it is met; below, the quartiles."""
    if ratio is None:
        return Text("-")
    lower, upper = map(shown_ratio, ratio["quartiles"])
    goal = "" if ratio["goal"] is None else f" ({ratio['goal']}) {'yes' if ratio['met'] else 'no'}"
    style = {True: "green", False: "red", None: ""}[ratio["met"]]
    return Text.assemble((f"{shown_ratio(ratio['median'])}{goal}", style), f"\n{lower} to {upper}")


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    for measured in report["models"]:
        name, contenders = measured["model"], measured["contenders"]
        if TORCH_CHANNELS_LAST in contenders:
            step = contenders[TORCH_CHANNELS_LAST]["step_ms"]["median"]
            ratio = shown_ratio(measured["ratios"][TORCH_CHANNELS_LAST]["median"])
            yield f"{name}: PyTorch with channels_last {step:.4g} ms, {ratio} times ours"
        if KERAS_APPLICATIONS in contenders:
            step = contenders[KERAS_APPLICATIONS]["step_ms"]["median"]
            ratio = _ratio(measured["ratios"][KERAS_APPLICATIONS]).plain.replace("\n", ", quartiles ")
            yield f"{name}: that of keras.applications in Keras's fit {step:.4g} ms, times ours (goal): {ratio}"
        for contender, reason in measured["left_out"].items():
            yield f"{name}: {contender} left out: {reason}"
        peak, steps = measured["peak_gflops"]["median"], measured["steps_per_round"]
        yield f"{name}: {steps} steps a round, {measured['gflop_per_step']:.3g} GFLOP a step, peak {peak:.0f} GFLOP/s"
        if (measured["others"] or 0) > BUSY:
            yield (
                f"{name}: not to be relied on: other programs used {measured['others']:.0%} of the machine meanwhile, "
                "which slows the contenders down unequally"
            )
    goals = count_goals(report)
    beside = f"; not measured: {goals['not_measured']}" if goals["not_measured"] else ""
    yield f"goals met: {goals['met']} of {sum(goals.values())}{beside}"
    yield (
        "Medians of ms a step; ratios are medians over rounds, their quartiles below. Peak memory and time to the "
        "first step are ours, from the start of the process on, with imports and data."
    )
