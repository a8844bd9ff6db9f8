"""`gradschool evaluate`: measure a trained model."""

from typing import Annotated

import typer
from rich.console import Console

from .shared import DataDir, DataOption, Json, print_json


def evaluate(
    trained: Annotated[str, typer.Argument(metavar="RUN|PRESET", help="A run folder, a preset or a .keras file.")],
    data: Annotated[str | None, typer.Option(help="Other data than it was trained on.")] = None,
    data_dir: DataDir = None,
    data_option: DataOption = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Json = False,
) -> None:
    """Measure a trained model on a part of its data, or on other data."""
    from ..data import check_available
    from ..presets import list_presets
    from ..settings import data_options

    card = list_presets().get(trained, {})
    if data or card:
        check_available(data or card["data"], data_dir)  # before the engine, which imports Keras
    from ..engine.opening import open_model
    from ..engine.scoring import measure_trained
    from ..tables import figures_table, show_result

    options = data_options(data_option or [])
    measured = measure_trained(open_model(trained), data, data_dir, part, options)
    if as_json:
        print_json(measured)
        return
    console = Console()
    console.print(figures_table({part: measured[part]}))
    if "test_in_units" in measured:
        console.print(f"\n[bold]test {show_result('mean_absolute_error', measured)}[/bold]", highlight=False)
