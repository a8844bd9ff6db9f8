"""`gradschool predict`: what a trained model says of image files, or of texts."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .shared import Json, print_json


def predict(
    trained: Annotated[str, typer.Argument(metavar="RUN|PRESET", help="A run folder, a preset or a .keras file.")],
    inputs: Annotated[
        list[str], typer.Argument(metavar="IMAGE|TEXT...", help="Image files, .npy arrays, folders of them; or texts.")
    ],
    picture: Annotated[Path | None, typer.Option(help="Draw the images and the answers into this .png file.")] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Take the images as they are; do not centre the digit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Classify image files or texts: class and confidence. An autoencoder gives images back: how well it could."""
    from ..engine.opening import open_model
    from ..engine.prediction import classify_images

    opened = open_model(trained)
    if opened.input_tokenizer is not None:
        _classify_texts(opened, inputs, picture, as_json)
        return
    images = [Path(one) for one in inputs]
    if getattr(opened.model, "task", "") == "reconstruction":
        _reconstruct(opened, images, picture, as_is, as_json)
        return
    answers = classify_images(opened, images, as_is=as_is)
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


def _classify_texts(opened, texts: list[str], picture: Path | None, as_json: bool) -> None:
    from ..engine.prediction import classify_texts

    if picture:
        raise ValueError("--picture is for images; this model takes texts.")
    if files := [text for text in texts if Path(text).is_file()]:
        raise ValueError(f"{files[0]} is a file, and this model takes texts: give what stands in it.")
    answers = classify_texts(opened, texts)
    if as_json:
        print_json([{"text": one.text, "class": one.class_name, "confidence": one.confidence} for one in answers])
        return
    for one in answers:
        if one.unknown:
            never = " ".join(map(repr, one.unknown))
            print(f"{one.text}: the model has never seen {never} and looks at the rest", file=sys.stderr)
        print(f"{one.text}: {one.class_name} ({one.confidence:.1%})")


def _reconstruct(opened, images: list[Path], picture: Path | None, as_is: bool, as_json: bool) -> None:
    import numpy as np

    from ..engine.prediction import reconstruct_images
    from ..pictures.reconstructions import reconstructions
    from ..pictures.style import save_picture

    found = reconstruct_images(opened, images, as_is=as_is)
    if as_json:
        print_json([{"image": one.name, "pixel_squared_error": one.error, "code": one.code.tolist()} for one in found])
    else:
        for one in found:
            print(f"{one.name}: given back with a mean squared error of {one.error:.4g} a pixel")
    if picture:
        shown = np.stack([one.image for one in found]), np.stack([one.reconstructed for one in found])
        save_picture(reconstructions(*shown), picture)
        if not as_json:
            print(f"picture: {picture}")
