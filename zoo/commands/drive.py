"""`gradschool drive`: a trained model drives a simulated car."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .shared import Json, print_json


def drive(
    trained: Annotated[str, typer.Argument(metavar="RUN|PRESET", help="A run folder, a preset or a .keras file.")],
    metres: Annotated[float, typer.Option(help="How far to drive on each road, at most.")] = 500.0,
    seconds: Annotated[float | None, typer.Option(help="How long, at most.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the first road.")] = 0,
    roads: Annotated[int, typer.Option(min=1, help="How many roads: that of the seed, of the seed after it, ...")] = 1,
    weather: Annotated[str, typer.Option(help="clear, rain or fog.")] = "clear",
    light: Annotated[str, typer.Option(help="day, dusk or night.")] = "day",
    speed: Annotated[
        float | None, typer.Option(metavar="M/S", help="Constant.", show_default="what the curves allow")
    ] = None,
    own_speed: Annotated[bool, typer.Option("--own-speed", help="Drive at the speed that the model gives.")] = False,
    video: Annotated[Path | None, typer.Option(help="Draw the first ride into this .gif file.")] = None,
    as_json: Json = False,
) -> None:
    """Let a trained model drive: metres until it leaves its lane, beside an expert and driving straight on."""
    from ..driving.scenery import Scenery

    sceneries = [Scenery(weather, light, seed + number) for number in range(roads)]
    if video is not None and video.suffix.lower() != ".gif":
        raise ValueError(f"--video takes a .gif file; got {video}.")
    if speed is not None and own_speed:
        raise ValueError("--speed and --own-speed exclude each other.")
    from ..driving.comparison import compare_drivers, summary
    from ..driving.film import write_film
    from ..driving.trained import driver_of
    from ..engine.opening import open_model
    from ..tables import rows_table
    from .progress import bar

    model, size = driver_of(open_model(trained), trained, own_speed)
    console = Console(stderr=as_json)
    with bar(console, "driving") as tell:
        rides = compare_drivers(
            model, size, sceneries, seed=seed, metres=metres, seconds=seconds, speed=speed,
            keep_frames=video is not None, tell=tell,
        )  # fmt: skip
    rows = summary(rides)
    if as_json:
        print_json({"roads": roads, "metres_at_most": metres, "drivers": rows})
    else:
        console.print(
            rows_table(
                [
                    {
                        "driver": row["driver"],
                        "metres": f"{row['metres']:,.1f}",
                        "left the lane": f"{row['departures']} of {roads}",
                        "mean offset (m)": f"{row['mean_offset']:.2f}",
                    }
                    for row in rows
                ]
            )
        )
    if video is not None:
        first = rides[0][0]
        with bar(console, "drawing") as tell:
            write_film(first.ride, first.road, video, tell)
        if not as_json:
            console.print(f"film: {video}", highlight=False, soft_wrap=True)
