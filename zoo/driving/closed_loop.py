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
    seconds: float | None = None,
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
        road: at least as long, and as long as the expert may drive besides.
        metres: how far, at most.
        seconds: how long, at most.
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
    for name, value in (("seconds", seconds), ("speed", speed)):
        if value is not None:
            check_number(name, value, "(0, inf)")
    if road.length < start[0] + metres:
        raise ValueError(f"a road of {road.length:g} m is too short for {metres:g} m from {start[0]:g} m on.")
    renderer = Renderer(road, camera or Camera.looking_ahead((66, 200)), scenery or Scenery())
    simulation = _Simulation(driver, road, car or Car(), renderer, speed, keep_frames)
    driver.begin()
    place, s, driven, departed = road.place(*start), start[0], 0.0, False
    steps = np.inf if seconds is None else seconds * RATE
    while driven < metres and simulation.own_steps < steps and s < road.length:
        controls, now = simulation.look(place, s)
        step = min(now / RATE, metres - driven)
        place = simulation.car.advance(*place, controls, step)
        s, after = road.locate(*place[:2], near=min(s + step, road.length))
        if not simulation.own_steps:
            continue
        driven += step * _share_in_lane(simulation.rows[-1][4], after)
        tell(driven)
        if departed := abs(after) > HALF_LANE:
            break
    columns = np.array(simulation.rows).T
    own = columns[4, len(simulation.rows) - simulation.own_steps :]  # offsets
    return Ride(
        driver=driver.name,
        metres=float(driven),
        seconds=len(own) / RATE,
        departed=departed,
        mean_offset=float(np.abs(own).mean()) if len(own) else 0.0,
        frames=simulation.frames,
        **dict(zip(("x", "y", "heading", "s", "d", "steering", "speed"), columns, strict=True)),
    )


def _share_in_lane(before: float, after: float) -> float:
    """The share of a step, from one offset to the next, that lies within the lane."""
    if abs(after) <= HALF_LANE:
        return 1.0
    return max(0.0, (HALF_LANE - abs(before)) / (abs(after) - abs(before)))


class _Simulation:
    """What is the same in every step of a ride: the driver looks, and what it does is noted.

    Attributes:
        rows: x, y, heading, s, d, steering and speed at each step.
        frames: what the camera saw, if that is kept.
        own_steps: how many steps the driver itself has driven.
    """

    def __init__(self, driver: Driver, road: Road, car: Car, renderer: Renderer, speed: float | None, keep: bool):
        self.driver, self.road, self.car, self.renderer, self.speed, self.keep = (
            driver,
            road,
            car,
            renderer,
            speed,
            keep,
        )
        self.allowed, _ = car.speeds(road)
        self.expert = Expert()
        self.rows: list[tuple[float, ...]] = []
        self.frames: list[np.ndarray] = []
        self.own_steps = 0

    def look(self, place: tuple[float, float, float], s: float) -> tuple[float, float]:
        """Steering angle in degrees and speed in m/s at a place near the arc length s."""
        s, d = self.road.locate(*place[:2], near=s)
        number = len(self.rows)

        def frame() -> np.ndarray:
            return self.renderer.picture(*place, s=s, number=number)

        if self.keep:
            self.frames.append(kept := frame())
        view = View(
            frame=(lambda: kept) if self.keep else frame,
            road=self.road,
            s=s,
            d=d,
            turned=place[2] - float(self.road.at(self.road.heading, s)),
            car=self.car,
        )
        controls = self.driver.drive(view)
        if controls is None:
            controls = self.expert.drive(view)
        else:
            self.own_steps += 1
        wanted = float(self.road.at(self.allowed, s)) if controls.speed is None else controls.speed
        speed = self.speed or float(np.clip(wanted, *SPEEDS))
        steering = float(np.clip(controls.steering, -self.car.most_steering, self.car.most_steering))
        self.rows.append((*place, s, d, steering, speed))
        return steering, speed


def ride_road(seed: int, metres: float) -> Road:
    """A winding road for rides of so many metres, which no training data have.

    Example:
        >>> ride_road(0, 500.0).length >= 500
        True
    """
    return winding_road(metres + 160 + FAR, [seed, FOR_RIDES, 2**31])
