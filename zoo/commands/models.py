"""`gradschool models`: list the models, or show one layer by layer."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import Json, print_json

UNBOUNDED = 1000  # characters, in which every table fits
MOST_ROWS = 60  # of a table of layers; where there are more, a block has one


def models(
    name: Annotated[
        str, typer.Argument(metavar="[MODEL|PATTERN]", help="A model, or a pattern such as 'lenet*'.")
    ] = "*",
    as_json: Json = False,
) -> None:
    """List the models, or show one layer by layer."""
    from ..registry import list_models, model_entry
    from ..tables import calls_note, kinds_table

    if any(character in name for character in "*?["):
        names = list_models(name)
        if not names:
            raise ValueError(f"no model's name fits the pattern {name!r}; gradschool models lists all.")
        entries = [model_entry(one) for one in names]
        if as_json:
            print_json([_entry_values(entry) for entry in entries])
        else:
            _list(entries)
        return
    entry = model_entry(name)
    rows = _layer_rows(entry)
    if as_json:
        from ..inspection.layer_kinds import layers_by_kind

        sums = [asdict(row) for row in layers_by_kind(rows)]
        print_json([{**_entry_values(entry), "layers": [asdict(row) for row in rows], "kinds": sums}])
        return
    console = Console()
    console.print(f"[bold]{entry.name}[/bold]  {entry.paper}", highlight=False)
    _print_layers(console, entry.name, rows)
    if note := calls_note(rows):
        console.print(f"\n{note}", highlight=False)
    console.print()
    console.print(kinds_table(rows))
    for preset in entry.presets:
        console.print(f"preset {preset}: gradschool evaluate {preset}", highlight=False)


def _list(entries) -> None:
    from ..tables import models_table

    console = Console()
    console.print(models_table(entries))
    if presets := [preset for entry in entries for preset in entry.presets]:
        console.print(f"\ntrained, for gradschool evaluate PRESET: {', '.join(presets)}", highlight=False)
    console.print("gradschool models MODEL shows one layer by layer, and the title of its paper", highlight=False)


def _print_layers(console: Console, name: str, rows) -> None:
    """The table of layers: of a model of many blocks, a row for each; without the layers' types if there is no room."""
    from ..inspection.layer_table import by_block
    from ..tables import layers_table

    shown = by_block(rows) if len(rows) > MOST_ROWS else rows
    table = layers_table(shown)
    wanted = console.measure(table, options=console.options.update(width=UNBOUNDED)).maximum
    fits = wanted <= console.width
    console.print(table if fits else layers_table(shown, types=False))
    if len(shown) < len(rows):
        console.print(f"\na row for each block; gradschool inspect {name} shows every layer", highlight=False)


def _entry_values(entry) -> dict[str, Any]:
    keys = ("name", "family", "parameters", "multiply_adds", "paper", "presets")
    return {key: list(value) if isinstance(value := getattr(entry, key), tuple) else value for key in keys}


def _layer_rows(entry) -> list[Any]:
    from ..inspection.layer_table import layer_table
    from ..registry import create_model

    return layer_table(create_model(entry.name))
