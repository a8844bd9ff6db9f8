"""`gradschool scale`: how training scales over replicas, measured, explained and predicted."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import Json, print_json

_REPLICAS, _BATCHES, _ACCELERATORS = "1,2,4", "32,128,512", "1,2,4,8,16,32,64"


def scale(
    model: Annotated[str | None, typer.Argument(help="What to train.", show_default="mlp")] = None,
    replicas: Annotated[
        str | None,
        typer.Option(help="Measured: so many GPUs, or logical devices of the CPU.", show_default=_REPLICAS),
    ] = None,
    batches: Annotated[str | None, typer.Option(help="Measured global batch sizes.", show_default=_BATCHES)] = None,
    accelerators: Annotated[str, typer.Option(help="Predicted.")] = _ACCELERATORS,
    batch: Annotated[
        int | None,
        typer.Option(help="Predicted: of all together, and of each one.", show_default="the largest measured"),
    ] = None,
    bandwidth: Annotated[float | None, typer.Option(help="Of other hardware, GB/s, in place of the fitted.")] = None,
    latency: Annotated[float | None, typer.Option(help="Of other hardware, us, in place of the fitted.")] = None,
    compute_seconds: Annotated[
        float | None, typer.Option(help="That one accelerator of other hardware takes for a step of that batch.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Turns that each measured setting takes.")] = 5,
    timeout: Annotated[float, typer.Option(help="Seconds to get ready, and for a turn.")] = 300.0,
    picture: Annotated[Path | None, typer.Option(help="Draw measurement and prediction into this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write everything into this .json file.")] = None,
    earlier: Annotated[
        Path | None, typer.Option("--from", help="Predict from such a file, without measuring anew.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure training over replicas, fit a cost model to it, and predict the step time on more accelerators."""
    from ..files import written_whole
    from ..scaling.fitting import fit_measurement, gradients_of, summary
    from ..scaling.measurement import load_measurement
    from ..scaling.model import Gradients
    from ..scaling.prediction import check_hardware, other_hardware, predict
    from ..scaling.report import render

    counts = whole_numbers("--accelerators", accelerators)
    if batch is not None and batch < 1:
        raise ValueError(f"--batch must be at least 1; got {batch}.")
    check_hardware(bandwidth, latency, compute_seconds)
    picture = picture and picture_file(picture)
    with ExitStack() as stack:
        # made now: a place that cannot be written to is found out before the minutes of measuring
        unfinished = [stack.enter_context(written_whole(path)) if path else None for path in (out, picture)]
        if earlier:
            if model or replicas or batches:
                raise ValueError("--from takes what was measured before: leave out MODEL, --replicas and --batches.")
            measurement = load_measurement(earlier)
        else:
            says_all = None not in (bandwidth, latency)
            measurement = _measure(model or "mlp", replicas, batches, rounds, timeout, one_is_enough=says_all)
        fit = fit_measurement(measurement)
        batch = batch or max(one["batch"] for one in measurement["steps"])
        costs = other_hardware(fit.costs, batch, bandwidth, latency, compute_seconds)
        report = {
            "measurement": measurement,
            "fit": summary(measurement, fit),
            "hardware": costs.in_units(),
            "prediction": predict(costs, Gradients(gradients_of(measurement).size), batch, counts),
        }
        if unfinished[0]:
            unfinished[0].write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        if unfinished[1]:
            from ..pictures.scaling import scaling
            from ..pictures.style import save_picture

            save_picture(scaling(report), unfinished[1])
    if as_json:
        print_json(report)
        return
    Console().print(render(report))
    for words, path in (("figures", out), ("picture", picture)):
        if path:
            print(f"{words}: {path}")


def _measure(
    model: str, replicas: str | None, batches: str | None, rounds: int, timeout: float, one_is_enough: bool
) -> dict[str, Any]:
    from ..scaling.measurement import measure_scaling
    from ..scaling.prediction import NO_COMMUNICATION

    counts = whole_numbers("--replicas", replicas or _REPLICAS)
    sizes = whole_numbers("--batches", batches or _BATCHES)
    if counts == [1] and not one_is_enough:
        raise ValueError(NO_COMMUNICATION)
    with Console(stderr=True).status("starting") as status:
        return measure_scaling(model, counts, sizes, rounds, timeout=timeout, tell=status.update)


def picture_file(path: Path) -> Path:
    """The file for a picture, a .png unless it says otherwise.

    Raises:
        ValueError: if matplotlib knows no such type.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    types = FigureCanvasBase.get_supported_filetypes()
    path = path if path.suffix or path.is_dir() else path.with_suffix(".png")
    if not path.is_dir() and path.suffix[1:].lower() not in types:
        raise ValueError(f"--picture {path}: there is no picture type {path.suffix!r}; such as .png, .svg or .pdf.")
    return path


def whole_numbers(option: str, text: str) -> list[int]:
    """The numbers of a list such as "1,2,4", in rising order.

    Raises:
        ValueError: if it is anything else.

    Example:
        >>> whole_numbers("--replicas", "4, 1,2")
        [1, 2, 4]
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and int(word) > 0 for word in words):
        raise ValueError(f"{option} must be whole numbers of at least 1, such as 1,2,4; got {text!r}.")
    return sorted({int(word) for word in words})
