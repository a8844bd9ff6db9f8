"""A model at the wheel beside who knows the road, and who never turns the wheel."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .camera import Camera
from .closed_loop import Ride, ride, ride_road
from .drivers import Driver, Expert, Straight
from .road import Road
from .scenery import Scenery


class OnRoad(NamedTuple):
    """A ride, and the road that it was on."""

    ride: Ride
    road: Road


def compare_drivers(
    model: Driver,
    size: tuple[int, int],
    sceneries: Sequence[Scenery],
    *,
    seed: int = 0,
    metres: float = 500.0,
    seconds: float | None = None,
    speed: float | None = None,
    keep_frames: bool = False,
    tell: Callable[[float, float], object] = lambda done, total: None,
) -> list[list[OnRoad]]:
    """Rides of a model, of the expert and straight on, each on the same roads.

    Args:
        model: who is measured.
        size: (height, width) of the frames that it sees.
        sceneries: one for each road.
        seed: of the first road; the next one has the next.
        metres: how far on each road, at most.
        seconds: how long, at most.
        speed: m/s, constant; by default what the curves allow, or the model's.
        keep_frames: whether the frames of the model's first ride are kept, for a film.
        tell: is told how many metres of how many are driven; the other drivers need no camera, and no time.

    Returns:
        For each of the three drivers its rides, a road each.
    """
    camera = Camera.looking_ahead(size)
    roads = [ride_road(seed + number, metres) for number in range(len(sceneries))]
    found: list[list[OnRoad]] = []
    drivers: tuple[Driver, ...] = (model, Expert(), Straight())
    for driver in drivers:
        rides = []
        for number, (road, scenery) in enumerate(zip(roads, sceneries, strict=True)):
            before = number * metres if driver is model else len(roads) * metres
            one = ride(
                driver,
                road,
                metres,
                camera=camera,
                scenery=scenery,
                speed=speed,
                seconds=seconds,
                keep_frames=keep_frames and driver is model and not number,
                tell=partial(_tell, tell, before, len(roads) * metres),
            )
            rides.append(OnRoad(one, road))
        found.append(rides)
    return found


def _tell(tell: Callable[[float, float], object], before: float, total: float, driven: float) -> None:
    tell(min(before + driven, total), total)


def summary(rides: Sequence[Sequence[OnRoad]]) -> list[dict[str, Any]]:
    """A row for each driver.

    Returns:
        Dicts of `driver`, its name; `metres` until it left the lane, the mean over the roads; `departures`, on how many
        roads it left the lane; and `mean_offset` from the lane's middle, in metres.
    """
    return [
        {
            "driver": of_driver[0].ride.driver,
            "metres": float(np.mean([one.ride.metres for one in of_driver])),
            "departures": sum(one.ride.departed for one in of_driver),
            "mean_offset": float(np.mean([one.ride.mean_offset for one in of_driver])),
        }
        for of_driver in rides
    ]
