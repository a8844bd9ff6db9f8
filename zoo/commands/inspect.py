"""`gradschool inspect`: look into a model."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import DataDir, DataOption, Json, print_json

VIEWS = ("layers", "receptive-field", "filters", "feature-maps", "most-activating", "occlusion", "grad-cam", "shift")
# The views that take an option; no other takes it.
_TAKEN_BY = {
    "--layer": ("receptive-field", "filters", "feature-maps", "most-activating", "grad-cam"),
    "--unit": ("filters", "feature-maps", "most-activating"),
    "--class": ("occlusion", "grad-cam"),
    "--data": tuple(view for view in VIEWS if view not in ("layers", "filters")),
    "--image": ("receptive-field", "feature-maps", "most-activating", "occlusion", "grad-cam"),
    "--sample": ("feature-maps", "occlusion", "grad-cam", "shift"),
    "--count": ("receptive-field", "most-activating", "occlusion", "grad-cam", "shift"),
    "--whole": ("most-activating",),
    "--size": ("occlusion",),
    "--shifts": ("shift",),
    "--samples and --epochs": ("layers",),
    "--picture": VIEWS[1:],
}


def inspect(
    names: Annotated[
        list[str],
        typer.Argument(metavar="MODEL|RUN|PRESET", help="A model, a run folder, a preset or a .keras file."),
    ],
    view: Annotated[str, typer.Option(help=f"One of {', '.join(VIEWS)}.")] = "layers",
    layer: Annotated[str | None, typer.Option(help="Which layer.", show_default="what suits the view")] = None,
    unit: Annotated[list[int] | None, typer.Option(help="Only this unit (map) of the layer; may be repeated.")] = None,
    explained: Annotated[
        str | None, typer.Option("--class", help="Explain this class.", show_default="the model's own answer")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Images of this data set.", show_default="the model's own")] = None,
    data_dir: DataDir = None,
    data_option: DataOption = None,
    image: Annotated[list[Path] | None, typer.Option(help="Your own image file or folder; may be repeated.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="Number of the first image of the test part.")] = 0,
    count: Annotated[int | None, typer.Option(min=1, help="Images: shown, or found for a unit.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="most-activating: the whole images, the patch framed.")
    ] = False,
    size: Annotated[int | None, typer.Option(help="occlusion: side of the patch in pixels.")] = None,
    shifts: Annotated[str | None, typer.Option(help="shift: pixels.", show_default="0,1,2,3,4,5,6")] = None,
    samples: Annotated[int | None, typer.Option(help="layers: what a training on so many samples costs,")] = None,
    epochs: Annotated[int | None, typer.Option(help="for so many epochs.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="The file to draw into.", show_default="MODEL-VIEW.png here")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look into a model: its layers, what they see, look for and find, and what an answer rests on.

    --view shift takes several models and compares them.
    """
    from ..errors import unknown_name
    from ..files import written_whole
    from ..settings import data_options, slug
    from .scale import picture_file

    if view not in VIEWS:
        raise unknown_name("view", view, VIEWS)
    if len(names) > 1 and view != "shift":
        raise ValueError(f"--view {view} looks at one model; got {', '.join(names)}. (--view shift compares several.)")
    if (samples is None) != (epochs is None):
        raise ValueError("what a training costs depends on both: give --samples and --epochs.")
    if image and data:
        raise ValueError("--image and --data both say which images: give one of them.")
    given = (layer, unit, explained, data, image, sample, count, whole, size, shifts, samples, picture)
    for option, value in zip(_TAKEN_BY, given, strict=True):
        if value and view not in _TAKEN_BY[option]:
            raise ValueError(f"--view {view} takes no {option}; it is for {', '.join(_TAKEN_BY[option])}.")
    pixels = _pixels(shifts or "0,1,2,3,4,5,6")
    options = data_options(data_option or [])
    if view in _TAKEN_BY["--data"] and not image:
        _check_data(names[0], view, data, data_dir)
    if picture is None and view != "layers":
        picture = Path(f"{slug(names[0])}-{view}.png")
    picture = picture and picture_file(picture)
    with ExitStack() as stack:  # the file to draw into is opened before anything is computed
        unfinished = stack.enter_context(written_whole(picture)) if picture else None
        from ..inspection.subject import check_takes_images, check_test_part, open_subject
        from ..inspection.view import Wishes
        from ..inspection.views import VIEWS as LOOKS

        subjects = [open_subject(name) for name in names]
        if view != "layers":
            check_takes_images(subjects, view)
        check_test_part(subjects, data)
        training = (samples, epochs) if samples is not None and epochs is not None else None
        wishes = Wishes(layer, unit or None, explained, count, sample, size, pixels, training, whole)

        def images():
            return _images(subjects[0], view, image, data, data_dir, options)

        found = LOOKS[view](subjects, wishes, images)
        if found.figure is not None and unfinished is not None:
            from ..pictures.style import save_picture

            save_picture(found.figure, unfinished)
        elif unfinished is not None:  # there is nothing to draw, and what was there stays
            stack.pop_all()
            unfinished.unlink(missing_ok=True)
    drawn = str(picture) if found.figure is not None else None
    if as_json:
        print_json({**found.values, **({"picture": drawn} if drawn else {})})
        return
    console = Console()
    for subject in subjects:
        state = "random weights" if subject.untrained else "trained"
        console.print(f"[bold]{subject.name}[/bold]  {type(subject.model).__name__}, {state}", highlight=False)
    for one in found.printed:
        console.print(one, highlight=False)
    if drawn:
        print(f"picture: {drawn}")


def _check_data(name: str, view: str, data: str | None, data_dir: Path | None) -> None:
    """Refuses data that are not there before Keras is imported; says what needs no download, where one is to come."""
    from ..data import check_available, is_prepared
    from ..presets import list_presets

    card = list_presets().get(name, {})
    own = data or card.get("data")
    if not own:
        return
    if data or is_prepared(own, data_dir):
        check_available(own, data_dir)
        return
    instead = _shown_instead(own, view)
    try:
        check_available(own, data_dir)
    except OSError as error:
        raise type(error)(f"{error} Without it: {instead}." if instead else str(error)) from error
    told = f"{own}, which {name} was trained on, is not prepared and will be downloaded."
    print(f"{told} {instead}." if instead else told, file=sys.stderr)


def _shown_instead(data: str, view: str) -> str:
    """Words on what a view shows without a download: embedded images of the data set's shape, or the user's own."""
    from ..data.catalogue import describe

    ways = []
    if describe(data).input_shape == describe("digits").input_shape:
        ways.append("--data digits shows it embedded images of the same shape")
    if view in _TAKEN_BY["--image"]:
        ways.append("--image FILE shows it an image of yours")
    return ", and ".join(ways)


def _images(subject, view: str, files, data: str | None, data_dir: Path | None, options: dict[str, Any]):
    if files:
        return subject.read_images(files)
    if view == "receptive-field" and data is None:
        return subject.any_images(data_dir)
    return subject.test_images(data, data_dir, options)


def _pixels(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() for word in words):
        raise ValueError(f"--shifts must be whole numbers of pixels, such as 0,2,4; got {text!r}.")
    return sorted({int(word) for word in words})
