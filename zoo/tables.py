"""The command line's tables: models, data sets, layers, figures."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table


def models_table(entries: Iterable[Any]) -> Table:
    """A row per model of the registry."""
    table = Table("model", "family", box=None, header_style="bold")
    for heading in ("parameters", "multiply-adds"):
        table.add_column(heading, justify="right")
    table.add_column("paper", overflow="ellipsis", no_wrap=True)
    table.add_column("presets")
    for entry in entries:
        counts = (f"{entry.parameters:,}", f"{entry.multiply_adds:,}")
        table.add_row(entry.name, entry.family, *counts, entry.paper, ", ".join(entry.presets))
    return table


def layers_table(rows: Sequence[Any]) -> Table:
    """A row per layer of one model, and the totals."""
    table = Table("layer", "type", "output shape", box=None, header_style="bold", show_footer=True)
    totals = (sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows))
    for heading, total in zip(("parameters", "multiply-adds"), totals, strict=True):
        table.add_column(heading, justify="right", footer=f"{total:,}")
    for row in rows:
        shape = " x ".join(str(size) for size in row.output_shape)
        table.add_row(row.name, row.type, shape, f"{row.parameters:,}", f"{row.multiply_adds:,}")
    return table


def data_table(descriptions: Iterable[Any]) -> Table:
    """A row per data set."""
    table = Table("data", "kind", "input", box=None, header_style="bold")
    for heading in ("classes", "training", "validation", "test"):
        table.add_column(heading, justify="right")
    table.add_column("source", overflow="ellipsis", no_wrap=True)
    for one in descriptions:
        shape = " x ".join(str(size) for size in one.input_shape)
        samples = [f"{one.samples[part]:,}" if one.samples else "" for part in ("train", "validation", "test")]
        table.add_row(one.name, one.kind, shape, str(one.classes or ""), *samples, one.source)
    return table


def figures_table(parts: Mapping[str, Mapping[str, float]]) -> Table:
    """A row per part of the data, a column per figure: accuracies in per cent."""
    headings = list(dict.fromkeys(name for figures in parts.values() for name in figures))
    table = Table("", box=None, header_style="bold")
    for heading in headings:
        table.add_column(heading.replace("_", " "), justify="right")
    for part, figures in parts.items():
        table.add_row(part.replace("_", " "), *(show_figure(name, figures.get(name)) for name in headings))
    return table


def show_figure(name: str, value: float | None) -> str:
    """One figure as text: a share as a percentage, anything else with four digits.

    Example:
        >>> show_figure("accuracy", 0.98765), show_figure("loss", 0.98765)
        ('98.77 %', '0.9877')
    """
    if value is None:
        return ""
    return f"{value:.2%}".replace("%", " %") if "accuracy" in name else f"{value:.4g}"
