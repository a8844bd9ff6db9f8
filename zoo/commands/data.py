"""`gradschool data`: list the data sets, or describe one."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from textwrap import indent
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import DataDir, DataOption, Json, print_json

LOOKED_AT = 200  # of photographs that lie on disk


def data(
    name: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A data set, or a file or folder of your own.")
    ] = None,
    data_dir: DataDir = None,
    data_option: DataOption = None,
    picture: Annotated[Path | None, typer.Option(help="Draw some samples into this .png file.")] = None,
    as_json: Json = False,
) -> None:
    """List the data sets, or describe one (tensorflow-datasets' are downloaded and prepared on the way)."""
    from ..data import list_data, load_data
    from ..data.sample_texts import sample_texts
    from ..settings import data_options
    from ..tables import data_table, description_table

    if name is None:
        rows = list_data()
        if as_json:
            return print_json([_facts(row) for row in rows])
        console = Console()
        console.print(data_table(rows))
        words = "gradschool data DATA tells all of one, such as how many training samples are held out to validate"
        return console.print(f"\n{words}", highlight=False)
    loaded = load_data(name, data_dir=data_dir, **data_options(data_option or []))
    texts = sample_texts(loaded)
    if picture:
        from ..pictures.run import draw_samples
        from ..pictures.style import save_picture

        if texts:
            raise ValueError(f"--picture draws images and the like; those of {name} are texts, printed without it.")
        few = loaded.streamed or len(loaded.description.input_shape) > 3  # images on disk, or sequences of them
        shown = loaded.some("train", LOOKED_AT) if few else loaded.arrays("train")
        save_picture(draw_samples(*shown, loaded.description), picture)
    if as_json:
        return print_json(_facts(loaded.description))
    Console().print(description_table(loaded.description))
    if texts:
        _print_texts(texts)
    if picture:
        print(f"picture: {picture}")


def _facts(description: Any) -> dict[str, Any]:
    """What JSON can say of a description."""
    facts = asdict(replace(description, input_tokenizer=None, target_tokenizer=None))
    return {name: fact for name, fact in facts.items() if not name.endswith("_tokenizer")}


def _print_texts(pairs: Sequence[tuple[str, str]]) -> None:
    """Some samples: a text, an arrow and its class or translation; those without one in paragraphs."""
    print("\nsome training samples:\n")
    for text, answer in pairs:
        print(f"  {text}  ->  {answer}" if answer else indent(text.strip("\n"), "  ") + "\n")
