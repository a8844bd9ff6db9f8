"""`gradschool data`: list the data sets, or describe one."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .shared import DataDir, DataOption, Json, print_json

LOOKED_AT = 200  # of photographs that lie on disk


def data(
    name: Annotated[str | None, typer.Argument(metavar="[DATA]", help="A data set, a folder or a .csv file.")] = None,
    data_dir: DataDir = None,
    data_option: DataOption = None,
    picture: Annotated[Path | None, typer.Option(help="Draw some samples into this .png file.")] = None,
    as_json: Json = False,
) -> None:
    """List the data sets, or describe one (tensorflow-datasets' are downloaded and prepared on the way)."""
    from ..data import list_data, load_data
    from ..settings import data_options
    from ..tables import data_table, description_table

    if name is None:
        rows = list_data()
        if as_json:
            return print_json([asdict(row) for row in rows])
        console = Console()
        console.print(data_table(rows))
        words = "gradschool data DATA tells all of one, such as how many training samples are held out to validate"
        return console.print(f"\n{words}", highlight=False)
    loaded = load_data(name, data_dir=data_dir, **data_options(data_option or []))
    if picture:
        from ..pictures.run import draw_samples
        from ..pictures.style import save_picture

        shown = loaded.some("train", LOOKED_AT) if loaded.streamed else loaded.arrays("train")
        save_picture(draw_samples(*shown, loaded.description), picture)
    if as_json:
        print_json(asdict(loaded.description))
        return
    Console().print(description_table(loaded.description))
    if picture:
        print(f"picture: {picture}")
