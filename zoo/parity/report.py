"""What `gradschool parity` prints: a row for each case, a cell for each setting."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group
from rich.table import Table

from .comparing import FLOAT32_FACTOR, Comparison

LEGEND = (
    "largest difference of a weight from one device after 20 steps in float64 (at most 1e-9); "
    f"x: in float32, as a multiple of the rounding spread of one device (at most {FLOAT32_FACTOR})"
)


def parity_table(comparisons: Sequence[Comparison]) -> Group:
    """The table for a rich console, with what its figures mean."""
    settings, rows = _rows(comparisons)
    table = Table(box=None, header_style="bold")
    table.add_column("case", no_wrap=True)
    for setting in settings:
        table.add_column(setting, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return Group(table, "", LEGEND)


def parity_markdown(comparisons: Sequence[Comparison]) -> str:
    """The same as Markdown, for the docs."""
    settings, rows = _rows(comparisons)
    lines = [["case", *settings], ["---", *(["--:"] * len(settings))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + f"\n\n{LEGEND[0].upper()}{LEGEND[1:]}."


def failures(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """Those that do not hold."""
    return [one for one in comparisons if not one.holds]


def _rows(comparisons: Sequence[Comparison]) -> tuple[list[str], list[list[str]]]:
    settings = list(dict.fromkeys(one.setting for one in comparisons))
    cases = dict.fromkeys(one.case for one in comparisons)
    return settings, [
        [case, *(_cell([one for one in comparisons if (one.case, one.setting) == (case, where)]) for where in settings)]
        for case in cases
    ]


def _cell(comparisons: Sequence[Comparison]) -> str:
    """Figures of the weights, and what does not hold."""
    bad = [f"{one.precision} {one.part} FAIL" for one in failures(comparisons)]
    return ", ".join([*_figures(comparisons), *bad])


def _figures(comparisons: Sequence[Comparison]) -> Iterator[str]:
    for one in comparisons:
        if one.part == "weights":
            if one.precision == "float64":
                yield f"{one.difference:.0e}"
            elif one.precision == "float32":
                yield f"{FLOAT32_FACTOR * one.difference / one.allowed:.1f}x"
            else:
                yield f"{one.precision}: {one.difference:.0e}"
