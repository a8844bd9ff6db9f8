"""How far a driver comes: what is steered decides what is seen next.

An error on recorded frames says little of driving, where small mistakes add up to places that no recording shows (Ross
et al. 2011). So the driver sits in a simulated car (`vehicle.py`), and what counts is

    the metres driven until the middle of the rear axle is farther than w = HALF_LANE from the middle of the lane

which is found between two steps of the simulation by a straight line.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..checks import check_number
from .camera import Camera
from .drivers import Driver, Expert, View
from .drives import RATE
from .rendering import FAR, Renderer
from .road import HALF_LANE, Road, winding_road
from .scenery import Scenery
from .vehicle import Car

SPEEDS = (2.0, 25.0)  # m/s, within which a model's own speed is taken
FOR_RIDES = 1  # part of the roads' seeds: no ride is on a road of the training data


@dataclass(frozen=True)
class Ride:
    """What came of one ride.

    Args:
        driver: its name.
        metres: driven by it until it left the lane, or in all.
        seconds: that took.
        departed: whether it left the lane.
        mean_offset: mean distance from the lane's middle, metres.
        x, y, heading, s, d, steering, speed: at every step, each of shape `(steps,)`.
        frames: what the camera saw, if that was kept.
    """

    driver: str
    metres: float
    seconds: float
    departed: bool
    mean_offset: float
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    heading: np.ndarray = field(repr=False)
    s: np.ndarray = field(repr=False)
    d: np.ndarray = field(repr=False)
    steering: np.ndarray = field(repr=False)
    speed: np.ndarray = field(repr=False)
    frames: list[np.ndarray] = field(repr=False, default_factory=list)


def ride(
    driver: Driver,
    road: Road,
    metres: float,
    *,
    camera: Camera | None = None,
    scenery: Scenery | None = None,
    car: Car | None = None,
    speed: float | None = None,
    start: tuple[float, float, float] = (0.0, 0.0, 0.0),
    keep_frames: bool = False,
    tell: Callable[[float], object] = lambda metres: None,
) -> Ride:
    """Lets a driver drive until it leaves the lane or has come so far.

    Args:
        driver: who drives; while it has seen too little, the expert does, and nothing is counted.
        road: at least as long.
        metres: how far, at most.
        camera: 66x200 pixels by default.
        scenery: a clear day by default.
        car: a medium-sized one by default.
        speed: m/s, constant; by default that of the driver, or else what the curves allow.
        start: s, d and heading to the left of the road's, in metres and radians.
        keep_frames: whether the frames are kept.
        tell: is told after every step how far the driver has come.

    Raises:
        ValueError: if the road is too short, or a number out of its range.
    """
    check_number("metres", metres, "(0, inf)")
    if speed is not None:
        check_number("speed", speed, "(0, 40]")
    if road.length < start[0] + metres:
        raise ValueError(f"a road of {road.length:g} m is too short for {metres:g} m from {start[0]:g} m on.")
    car = car or Car()
    renderer = Renderer(road, camera or Camera.looking_ahead((66, 200)), scenery or Scenery())
    allowed, _ = car.speeds(road)
    x, y, heading = road.place(*start)
    s, driven, rows, frames, departed = start[0], 0.0, [], [], False
    expert, own_from, last_d = Expert(), None, start[1]
    while driven < metres and s < road.length:
        s, d = road.locate(x, y, near=s)
        number = len(rows)

        def frame(place=(x, y, heading, s), number=number):
            return renderer.picture(*place, number=number)

        if keep_frames:
            frames.append(frame())
        seen = (lambda kept=frames[-1]: kept) if keep_frames else frame
        view = View(seen, road, s, d, heading - float(road.at(road.heading, s)), car)
        controls = driver.drive(view)
        if controls is not None and own_from is None:
            own_from = number
        controls = controls or expert.drive(view)
        now = speed or float(np.clip(controls.speed or road.at(allowed, s), *SPEEDS))
        rows.append((x, y, heading, s, d, controls.steering, now))
        step = min(now / RATE, metres - driven)
        x, y, heading = car.advance(x, y, heading, controls.steering, step)
        after, last_d = road.locate(x, y, near=min(s + step, road.length))[1], d
        if own_from is None:
            continue
        if departed := abs(after) > HALF_LANE:
            driven += step * (HALF_LANE - abs(last_d)) / (abs(after) - abs(last_d)) if abs(last_d) < HALF_LANE else 0.0
            break
        driven += step
        tell(driven)
    table = np.array(rows)
    own = table[own_from or 0 :]
    seconds = float(len(own) / RATE)
    return Ride(driver.name, float(driven), seconds, departed, float(np.abs(own[:, 4]).mean()), *table.T, frames)


def ride_road(seed: int, metres: float) -> Road:
    """A winding road for rides of so many metres, which no training data have.

    Example:
        >>> ride_road(0, 500.0).length >= 500
        True
    """
    return winding_road(metres + 60 + FAR, [seed, FOR_RIDES, 2**31])
