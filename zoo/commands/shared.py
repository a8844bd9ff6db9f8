"""Options that several commands take, and how a result is printed as JSON."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DataOption = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="A data set's argument, such as column=views.")
]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder of prepared tensorflow-datasets.", show_default="~/tensorflow_datasets")
]


def print_json(value: Any) -> None:
    """Prints a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))
