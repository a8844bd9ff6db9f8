"""A ride as an animated picture: what the camera saw, the steering wheel, and the road from above."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..files import written_whole
from .closed_loop import Ride
from .drives import RATE
from .road import HALF_LANE, Road

EVERY = 2  # steps of the ride for one picture of the film
WIDTH, VIEW_HEIGHT, PANEL = 480, 240, 150  # pixels: of the film, at most of the camera's view, of what is below it
RATIO = 15.0  # degrees that the steering wheel turns for one of the front wheels
METRES = 110.0  # of the road that are seen from above, to the right of the wheel
HOLD = 12  # times that the last picture is shown
_BACK, _INK, _ROAD, _LINE, _TRACK, _ALARM = "#f4f4f0", "#222222", "#8a8a8a", "#ffffff", "#1f6fb4", "#c8321e"


def write_film(
    ride: Ride, road: Road, path: Path, tell: Callable[[int, int], object] = lambda done, all_: None
) -> None:
    """Writes a ride whose frames were kept as an animated GIF, in the time that it took.

    Args:
        ride: with `keep_frames`.
        road: that it was on.
        path: of the .gif file.
        tell: is told how many of how many pictures are drawn.

    Raises:
        ValueError: if the ride kept no frames, or the path does not end in .gif.
        OSError: if the file cannot be written.
    """
    if path.suffix.lower() != ".gif":
        raise ValueError(f"a film is a .gif file; got {path}.")
    if not ride.frames:
        raise ValueError("the ride kept no frames: ride with keep_frames=True.")
    pictures = []
    count = len(range(0, len(ride.frames), EVERY))
    for picture in film_pictures(ride, road):
        pictures.append(picture.quantize(96, dither=0))
        tell(len(pictures), count)
    pictures += [pictures[-1]] * (HOLD - 1)
    with written_whole(path) as unfinished:
        pictures[0].save(
            unfinished, format="GIF", save_all=True, append_images=pictures[1:], duration=1000 * EVERY // RATE, loop=0
        )


def film_pictures(ride: Ride, road: Road) -> Iterator[Any]:
    """The pictures of the film, one after the other, as Pillow's images."""
    last = len(ride.frames) - 1
    for step in range(0, last + 1, EVERY):
        yield _picture(ride, road, step, left=ride.departed and step + EVERY > last)


def _picture(ride: Ride, road: Road, step: int, left: bool):
    from PIL import Image, ImageDraw

    height, width, channels = ride.frames[step].shape
    scale = min(WIDTH / width, VIEW_HEIGHT / height)
    view = (round(width * scale), round(height * scale))
    film = Image.new("RGB", (WIDTH, view[1] + PANEL), _BACK)
    frame = Image.fromarray(ride.frames[step] if channels == 3 else ride.frames[step][..., 0]).convert("RGB")
    film.paste(frame.resize(view, Image.Resampling.NEAREST), ((WIDTH - view[0]) // 2, 0))
    draw = ImageDraw.Draw(film)
    _draw_wheel(draw, (PANEL // 2, view[1] + PANEL // 2 - 8), PANEL // 3, ride.steering[step])
    film.paste(_map(ride, road, step, left), (PANEL, view[1]))
    angle = round(ride.steering[step], 1)
    words = f"{abs(angle):.1f} degrees {'left' if angle > 0 else 'right'}" if angle else "straight on"
    draw.text((10, view[1] + PANEL - 16), words, fill=_INK)
    words = f"{ride.speed[step]:4.1f} m/s    {abs(ride.d[step]):.2f} m off the middle    {ride.driver}"
    draw.text((PANEL + 8, view[1] + PANEL - 16), "out of the lane" if left else words, fill=_ALARM if left else _INK)
    return film


def _draw_wheel(draw, middle: tuple[int, int], radius: int, steering: float) -> None:
    """The steering wheel, turned as far as a driver would have to."""
    x, y = middle
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_INK, width=7)
    turned = -np.deg2rad(RATIO * steering)  # on the screen, y points down
    for spoke in (0.0, np.pi, np.pi / 2):
        end = x + (radius - 3) * np.cos(turned + spoke), y + (radius - 3) * np.sin(turned + spoke)
        draw.line((x, y, *end), fill=_INK, width=6)
    top = turned - np.pi / 2
    mark = x + (radius - 3) * np.cos(top), y + (radius - 3) * np.sin(top)
    draw.ellipse((mark[0] - 5, mark[1] - 5, mark[0] + 5, mark[1] + 5), fill=_TRACK)
    draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=_INK)


def _map(ride: Ride, road: Road, step: int, left: bool):
    """The road from above, the car's heading to the right, and where it came from."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH - PANEL, PANEL - 20), _BACK)
    draw = ImageDraw.Draw(picture)
    scale, origin = picture.width / METRES, (0.3 * picture.width, 0.5 * picture.height)
    cosine, sine = np.cos(ride.heading[step]), np.sin(ride.heading[step])

    def on_screen(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
        to_x, to_y = x - ride.x[step], y - ride.y[step]
        ahead, leftwards = to_x * cosine + to_y * sine, to_y * cosine - to_x * sine
        shown = np.stack([origin[0] + scale * ahead, origin[1] - scale * leftwards], axis=-1)
        return list(map(tuple, shown))

    near = np.abs(road.s - ride.s[step]) < METRES
    heading = road.heading[near]

    def beside(d: float) -> list[tuple[float, float]]:
        return on_screen(road.x[near] - d * np.sin(heading), road.y[near] + d * np.cos(heading))

    draw.polygon(beside(-HALF_LANE) + beside(HALF_LANE)[::-1], fill=_ROAD)
    for d in (-HALF_LANE, HALF_LANE):
        draw.line(beside(d), fill=_INK, width=1)
    if step:
        draw.line(on_screen(ride.x[: step + 1], ride.y[: step + 1]), fill=_TRACK, width=2)
    x, y = origin
    draw.rectangle((x - 2, y - 4, x + 9, y + 4), fill=_ALARM if left else _TRACK, outline=_INK)
    return picture
