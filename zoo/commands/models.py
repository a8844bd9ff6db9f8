"""`gradschool models`: list the models, or show one layer by layer."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import Json, print_json


def models(
    name: Annotated[
        str, typer.Argument(metavar="[MODEL|PATTERN]", help="A model, or a pattern such as 'lenet*'.")
    ] = "*",
    as_json: Json = False,
) -> None:
    """List the models, or show one layer by layer."""
    from ..registry import list_models, model_entry
    from ..tables import kinds_table, layers_table, models_table

    if any(character in name for character in "*?["):
        names = list_models(name)
        if not names:
            raise ValueError(f"no model's name fits the pattern {name!r}; gradschool models lists all.")
        entries = [model_entry(one) for one in names]
        if as_json:
            print_json([_entry_values(entry) for entry in entries])
        else:
            Console().print(models_table(entries))
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
    console.print(layers_table(rows))
    console.print()
    console.print(kinds_table(rows))
    for preset in entry.presets:
        console.print(f"preset {preset}: gradschool evaluate {preset}", highlight=False)


def _entry_values(entry) -> dict[str, Any]:
    keys = ("name", "family", "parameters", "multiply_adds", "paper", "presets")
    return {key: list(value) if isinstance(value := getattr(entry, key), tuple) else value for key in keys}


def _layer_rows(entry) -> list[Any]:
    from ..inspection.layer_table import layer_table
    from ..registry import create_model

    return layer_table(create_model(entry.name))
