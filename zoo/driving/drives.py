"""A drive as a person records it: what the camera saw, and the steering angle, the speed and the torque with it.

The driver knows the road and follows the lane's middle (`vehicle.py: Car.follow`). But a driver who never strays shows
nobody how to come back, so the hand at the wheel trembles: what the wheels do is

    delta[k] + w[k],   w[k] = c w[k-1] + sqrt(1 - c^2) sigma e[k],   c = exp(-metres driven / `TREMBLE_METRES`)

and what is recorded is delta[k], the angle that is right where the car is. (Bojarski et al. 2016, section 3, shift and
turn the pictures of a straight drive to the same end; Laskey et al. 2017, "DART", put noise on the driver as here.)

Shapes:
    K  number of pictures that there could be, `RATE` a second
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .camera import Camera
from .rendering import FAR, Renderer
from .road import Road, winding_road
from .scenery import draw_scenery
from .vehicle import Car

RATE = 10  # pictures a second
TREMBLE_METRES, TREMBLE_DEGREES = 6.0, 2.0
OUTPUTS = (("steering angle", "degrees"), ("speed", "m/s"), ("torque", "N m"))  # of `Track.values`, with their units


class Track(NamedTuple):
    """Where a car was, and what its driver did.

    Args:
        x, y: of the middle of the rear axle, metres, shape `(K,)`.
        heading: radians, shape `(K,)`.
        s, d: road coordinates, metres, shape `(K,)`.
        values: steering angle in degrees, speed in m/s, torque in N m, shape `(K, 3)`.
    """

    x: np.ndarray
    y: np.ndarray
    heading: np.ndarray
    s: np.ndarray
    d: np.ndarray
    values: np.ndarray


def drive(road: Road, count: int, seed: int | Sequence[int] = 0, car: Car | None = None) -> Track:
    """Drives along a road with a trembling hand.

    Args:
        road: as long as the drive, and a little longer.
        count: K.
        seed: of the hand.
        car: a medium-sized one by default.

    Raises:
        ValueError: if the road ends before.
    """
    car, rng = car or Car(), np.random.default_rng(seed)
    speeds, accelerations = car.speeds(road)
    x, y, heading, s, tremble = 0.0, 0.0, 0.0, 0.0, 0.0
    rows = []
    for _ in range(count):
        s, d = road.locate(x, y, near=s)
        if s >= road.length:
            raise ValueError(f"a road of {road.length:g} m ends before {count} pictures; make it longer.")
        speed = float(road.at(speeds, s))
        angle = car.follow(float(road.at(road.curvature, s)), d, heading - float(road.at(road.heading, s)))
        torque = float(car.torque(speed, float(road.at(accelerations, s))))
        rows.append((x, y, heading, s, d, angle, speed, torque))
        metres = speed / RATE
        kept = np.exp(-metres / TREMBLE_METRES)
        tremble = kept * tremble + np.sqrt(1 - kept**2) * TREMBLE_DEGREES * rng.normal()
        x, y, heading = car.advance(x, y, heading, angle + tremble, metres)
        s = min(s + metres, road.length)
    table = np.array(rows)  # (K, 8)
    x_, y_, headings, along, offsets = table.T[:5]
    return Track(x_, y_, headings, along, offsets, table[:, 5:])


@dataclass(frozen=True)
class Drive:
    """A recorded drive, cut into windows.

    Args:
        frames: uint8, shape `(windows, length, height, width, 3)`.
        shown: which picture of the drive each frame is, shape `(windows, length)`.
        track: the whole drive, between the windows too.
    """

    frames: np.ndarray
    shown: np.ndarray
    track: Track

    @property
    def values(self) -> np.ndarray:
        """Steering angle, speed and torque at the last frame of each window, shape `(windows, 3)`."""
        return self.track.values[self.shown[:, -1]]

    @property
    def before(self) -> np.ndarray:
        """The same a tenth of a second before, shape `(windows, 3)`."""
        return self.track.values[self.shown[:, -1] - 1]


def record(
    size: tuple[int, int],
    windows: int,
    length: int = 1,
    stride: int = 1,
    *,
    seed: Sequence[int] = (0,),
    weather: str = "mixed",
    light: str = "mixed",
) -> Drive:
    """A random road, driven and recorded.

    Args:
        size: (height, width) of the frames, in pixels.
        windows: how many.
        length: frames of a window, one after the other, `RATE` a second.
        stride: pictures from the first frame of one window to that of the next; what no window shows is not drawn.
        seed: numbers, at least 0, that road, scenery and driver are drawn from.
        weather: one of `WEATHERS`, or "mixed".
        light: one of `LIGHTS`, or "mixed".

    Example:
        >>> drive = record((66, 200), windows=3, length=2)
        >>> drive.frames.shape, drive.values.shape
        ((3, 2, 66, 200, 3), (3, 3))
    """
    shown = 1 + stride * np.arange(windows)[:, np.newaxis] + np.arange(length)  # (windows, length)
    count, car = int(shown[-1, -1]) + 1, Car()
    road = winding_road(count * car.most_speed / RATE + FAR, [*seed, 0])
    track = drive(road, count, [*seed, 1], car)
    scenery = draw_scenery(np.random.default_rng([*seed, 2]), weather, light)
    renderer = Renderer(road, Camera.looking_ahead(size), scenery)
    drawn, place = np.unique(shown, return_inverse=True)
    pictures = np.stack(
        [renderer.picture(track.x[k], track.y[k], track.heading[k], s=track.s[k], number=int(k)) for k in drawn]
    )
    return Drive(pictures[place.reshape(shown.shape)], shown, track)
