"""The command line's tables: models, data sets, layers, figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from rich.table import Table


def _table(*headings: str, **kwargs: Any) -> Table:
    """A table without lines, whose first columns are never shortened."""
    table = Table(box=None, header_style="bold", pad_edge=False, **kwargs)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def rows_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """A row per dict of texts, a column per key."""
    first, *others = (name.replace("_", " ") for name in rows[0])
    table = _table(first)
    for heading in others:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row.values())
    return table


def models_table(entries: Iterable[Any]) -> Table:
    """A row per model of the registry; of its paper, the authors and the year, which leave room for all figures."""
    table = _table("model")
    for heading in ("parameters", "multiply-adds"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("paper")
    for entry in entries:
        table.add_row(entry.name, f"{entry.parameters:,}", f"{entry.multiply_adds:,}", entry.paper.partition(",")[0])
    return table


def layers_table(rows: Sequence[Any], sees: Mapping[str, str] | None = None, types: bool = True) -> Table:
    """A row per layer of one model with its shares of the whole, and the totals; the layers of a block below its name.

    Args:
        rows: as `layer_table` gives them.
        sees: what a unit sees of the input, by the layer's name: a column in place of the layer's type.
        types: whether there is a column of the layers' types.
    """
    from .inspection.layer_kinds import share  # imports Keras, as whoever has rows already did
    from .inspection.layer_table import part_of, total

    totals, types, part = total(rows), types and not sees, ""
    table = _table("layer", *(["type"] if types else []), "output", show_footer=True)
    for heading, count in zip(("parameters", "multiply-adds"), totals, strict=True):
        table.add_column(heading, justify="right", no_wrap=True, footer=f"{count:,}")
        table.add_column("%", justify="right", no_wrap=True)
    if sees:
        table.add_column("sees", justify="right", no_wrap=True)
    for row in rows:
        if part_of(row.name) not in ("", part):
            table.add_row(part_of(row.name))
        part = part_of(row.name)
        name = f"  {row.name[len(part) + 1 :]}" if part else row.name
        cells = [name, *([row.type] if types else []), "x".join(str(size) for size in row.output_shape)]
        for count, whole in zip((row.parameters, row.multiply_adds), totals, strict=True):
            cells += [f"{count:,}", show_share(share(count, whole)) if count else ""]
        table.add_row(*cells, *([sees.get(row.name, "")] if sees else []))
    return table


def calls_note(rows: Sequence[Any]) -> str:
    """A line about the layers whose multiply-adds are those of several calls; "" if there are none.

    Args:
        rows: as `layer_table` gives them.
    """
    often = [row for row in rows if row.calls > 1 and row.multiply_adds]
    if not often:
        return ""
    names = ", ".join(f"{row.name} ({row.calls})" for row in often)
    return f"parameters count once, multiply-adds for every call of a layer; called several times: {names}"


def kinds_table(rows: Sequence[Any]) -> Table:
    """The sums of a layer table by kind: dense, convolution, recurrent, other."""
    from .inspection.layer_kinds import layers_by_kind

    table = _table("kind", "layers")
    for heading in ("parameters", "%", "multiply-adds", "%"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in layers_by_kind(rows):
        held = f"{row.parameters:,}", show_share(row.parameter_share)
        table.add_row(row.kind, str(row.layers), *held, f"{row.multiply_adds:,}", show_share(row.multiply_add_share))
    return table


def show_share(value: float) -> str:
    """A share in per cent, with one digit after the point.

    Example:
        >>> show_share(0.9399), show_share(0.0001)
        ('94.0', '<0.1')
    """
    return "<0.1" if 0 < value < 0.0005 else f"{100 * value:.1f}"


def data_table(descriptions: Iterable[Any]) -> Table:
    """A row per data set; how many samples are held out to validate is said of each alone."""
    table = _table("data", "input")
    for heading in ("classes", "training", "test"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what")
    for one in descriptions:
        shape = "x".join(map(show_size, one.input_shape))
        samples = [f"{one.samples[part]:,}" for part in ("train", "test")]
        table.add_row(one.name, shape, str(one.classes or ""), *samples, one.summary)
    return table


def description_table(description: Any) -> Table:
    """What is known about one data set, a row per fact."""
    facts = {one.name: value for one in fields(description) if (value := getattr(description, one.name))}
    for one in ("input_tokenizer", "target_tokenizer", "input_scales"):
        facts.pop(one, None)
    facts["input_shape"] = " x ".join(map(show_size, description.input_shape))
    facts["samples"] = ", ".join(f"{count:,} {part}" for part, count in description.samples.items())
    if description.class_names:
        facts["class_names"] = ", ".join(description.class_names)
    if description.features:
        facts["features"] = ", ".join(description.features)
    if scale := description.scale:
        facts["scale"] = f"mean {scale.mean:,.4g}, std {scale.std:,.4g} {scale.unit}"
    if description.outputs:
        facts["outputs"] = "; ".join(
            f"{one.name} (mean {one.mean:,.4g}, std {one.std:,.4g} {one.unit})" for one in description.outputs
        )
    if description.baselines:
        facts["baselines"] = ", ".join(
            f"{name.replace('_', ' ')} {show_figure(name, value)}" for name, value in description.baselines.items()
        )
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    for key, fact in facts.items():
        table.add_row(key.replace("_", " "), str(fact))
    return table


def show_size(size: int | None) -> str:
    """A size of a sample, or the letter for one that differs from sample to sample.

    Example:
        >>> "x".join(map(show_size, (None, 64)))
        'Tx64'
    """
    return "T" if size is None else str(size)


def figures_table(parts: Mapping[str, Mapping[str, float]]) -> Table:
    """A row per part of the data, a column per figure: accuracies in per cent."""
    headings = list(dict.fromkeys(name for figures in parts.values() for name in figures))
    table = _table("")
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
    is_share = "accuracy" in name or name == "exact_match"
    return f"{value:.2%}".replace("%", " %") if is_share else f"{value:.4g}"


def show_result(name: str, metrics: Mapping[str, Any]) -> str:
    """A run's main test figure in a line, beside that of forecasts or guesses which need no model.

    Example:
        >>> show_result("accuracy", {"test": {"accuracy": 0.5}, "baselines": {"accuracy": {"majority class": 0.4}}})
        'accuracy: 50.00 % (majority class: 40.00 %)'
        >>> show_result("mean_absolute_error", {"test_in_units": {"unit": "m/s", "mean_absolute_error": 2.0}})
        'mean absolute error: 2 m/s'
    """
    words, in_units = name.replace("_", " "), metrics.get("test_in_units", {})
    if name in in_units:
        return f"{words}: {_in_unit(name, in_units)}"
    if any(isinstance(one, Mapping) and name in one for one in in_units.values()):
        return f"{words}: " + "; ".join(f"{output} {_in_unit(name, errors)}" for output, errors in in_units.items())
    beside = metrics.get("baselines", {}).get(name, {})
    told = ", ".join(f"{other}: {show_figure(name, value)}" for other, value in beside.items())
    return f"{words}: {show_figure(name, metrics['test'][name])}" + (f" ({told})" if told else "")


def _in_unit(name: str, errors: Mapping[str, Any]) -> str:
    others = {other: value for other, value in errors.items() if other not in (name, "unit")}
    told = ", ".join(f"{other.replace('_', ' ')}: {value:,.4g}" for other, value in others.items())
    return f"{errors[name]:,.4g} {errors['unit']}".rstrip() + (f" ({told})" if told else "")
