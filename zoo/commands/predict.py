"""`gradschool predict`: classify image files."""

from pathlib import Path
from typing import Annotated

import typer

from .shared import Json, print_json


def predict(
    trained: Annotated[str, typer.Argument(metavar="RUN|PRESET", help="A run folder, a preset or a .keras file.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, .npy arrays, or folders of them.")],
    picture: Annotated[Path | None, typer.Option(help="Draw the images and the answers into this .png file.")] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Take the images as they are; do not centre the digit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Classify image files: class and confidence for each."""
    from ..engine.opening import open_model
    from ..engine.prediction import classify_images

    answers = classify_images(open_model(trained), images, as_is=as_is)
    if as_json:
        print_json([{"image": one.name, "class": one.class_name, "confidence": one.confidence} for one in answers])
    else:
        for one in answers:
            print(f"{one.name}: {one.class_name} ({one.confidence:.1%})")
    if picture:
        from ..pictures.answers import draw_answers
        from ..pictures.style import save_picture

        save_picture(draw_answers(answers), picture)
        if not as_json:
            print(f"picture: {picture}")
