"""`gradschool report`: a run on one page."""

from pathlib import Path
from typing import Annotated

import typer

from .shared import Json, print_json


def report(
    run: Annotated[Path, typer.Argument(help="A run folder, also one of several seeds or folds.")],
    out: Annotated[Path | None, typer.Option(help="The file to write.", show_default="RUN/report.html")] = None,
    as_json: Json = False,
) -> None:
    """Put a run on one page: an HTML file that needs no network and no other file."""
    from ..report import report_run

    written = report_run(run, out)
    if as_json:
        print_json({"report": str(written.path), "sections": written.sections})
    else:
        print(f"report: {written.path}")
