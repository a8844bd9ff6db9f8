"""Who may sit at the wheel of the simulated car.

    Expert     knows the road: its curvature, and where the car is on it
    Straight   holds the wheel straight
    Model      a trained model that sees what the camera sees

A driver is asked `RATE` times a second, and answers with the angle of the front wheels and, if it likes, a speed.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from .road import Road
from .vehicle import Car


@dataclass(frozen=True)
class View:
    """What a driver may look at.

    Args:
        frame: takes the camera's picture: uint8, shape `(height, width, 3)`.
        road: that the car is on.
        s, d: road coordinates of the car, metres.
        turned: its heading to the left of the road's, radians.
        car: that is driven.
    """

    frame: Callable[[], np.ndarray]
    road: Road
    s: float
    d: float
    turned: float
    car: Car


class Controls(NamedTuple):
    """What a driver does.

    Args:
        steering: angle of the front wheels in degrees, positive to the left.
        speed: m/s; None leaves it to the law of the road.
    """

    steering: float
    speed: float | None = None


class Driver(Protocol):
    """Whoever can drive."""

    name: str

    def begin(self) -> None:
        """Told before every ride."""

    def drive(self, view: View) -> Controls | None:
        """What to do now; None hands the wheel to the expert, as long as too little has been seen."""


class Expert:
    """The driver who knows the road, by the law of `Car.follow`."""

    name = "expert, who knows the curvature"

    def begin(self) -> None:
        """Nothing to forget."""

    def drive(self, view: View) -> Controls:
        """The angle that brings the car back to the lane's middle."""
        curvature = float(view.road.at(view.road.curvature, view.s))
        return Controls(view.car.follow(curvature, view.d, view.turned))


class Straight:
    """The driver who never turns the wheel."""

    name = "straight on"

    def begin(self) -> None:
        """Nothing to forget."""

    def drive(self, view: View) -> Controls:
        """No angle."""
        return Controls(0.0)


class Model:
    """A trained model that sees the last frames.

    Args:
        predict: from inputs of shape `(1, ...)` to the standardised outputs, shape `(1, O)`.
        outputs: what these are (`data/description.py: Output`); the first is the steering angle in degrees.
        frames: T, how many a sequence has; None for a model of single frames, whose inputs have no such axis.
        see: from a frame to what the model is shown of it; pixels in [0, 1] by default.
        name: for tables.
        own_speed: whether the model's speed is driven, if it gives one.
    """

    def __init__(
        self,
        predict: Callable[[np.ndarray], Any],
        outputs: Sequence[Any],
        frames: int | None = None,
        see: Callable[[np.ndarray], np.ndarray] | None = None,
        name: str = "model",
        own_speed: bool = False,
    ):
        self.predict, self.outputs, self.frames, self.name = predict, outputs, frames, name
        self.see = see or (lambda frame: np.divide(frame, 255, dtype="float32"))
        names = [one.name for one in outputs]
        self.speed_at = names.index("speed") if own_speed and "speed" in names else None
        self.seen: deque[np.ndarray] = deque(maxlen=frames or 1)

    def begin(self) -> None:
        """Forgets what was seen on another road."""
        self.seen.clear()

    def drive(self, view: View) -> Controls | None:
        """What the model answers to the last frames; None while there are too few."""
        self.seen.append(self.see(view.frame()))
        if len(self.seen) < (self.frames or 1):
            return None
        shown = np.stack(self.seen) if self.frames else self.seen[-1]
        values = np.asarray(self.predict(shown[np.newaxis]))[0]
        restored = [float(one.restore(value)) for one, value in zip(self.outputs, values, strict=True)]
        return Controls(restored[0], None if self.speed_at is None else restored[self.speed_at])
