"""A road as the middle of its lane: a curve whose curvature along the arc length is known.

    kappa(s) is piecewise linear (straights, arcs, and clothoids between them)
    psi(s)  = psi_0 + integral of kappa ds                          heading
    (x, y)' = (cos psi, sin psi)

A point beside the road has the coordinates (s, d): the arc length of the nearest point of the middle, and how far to
its left it lies.

Shapes:
    P  number of points of the curve, `STEP` metres apart
    N  number of places asked for
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..checks import check_number

STEP = 0.5  # metres
MOST_HEADING = 1.2  # radians to either side of where the road began: it never meets itself
RADII = (30.0, 160.0)  # metres
HALF_LANE = 1.8  # metres from the middle of the lane to its edges


@dataclass(frozen=True)
class Road:
    """The middle of a lane.

    Args:
        curvature: 1/m at points `STEP` metres apart, positive to the left, shape `(P,)`.

    Attributes:
        heading: radians, shape `(P,)`; 0 at the start.
        x, y: metres, shape `(P,)`; 0 at the start.
        s: arc length, metres, shape `(P,)`.

    Raises:
        ValueError: if there are fewer than two points, or one that is not finite.

    Example:
        >>> straight = Road(np.zeros(201))
        >>> straight.length, straight.locate(50.0, 1.0, near=48.0)
        (100.0, (50.0, 1.0))
    """

    curvature: np.ndarray
    heading: np.ndarray = field(init=False, repr=False)
    x: np.ndarray = field(init=False, repr=False)
    y: np.ndarray = field(init=False, repr=False)
    s: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        curvature = np.asarray(self.curvature, "float64")
        if curvature.ndim != 1 or len(curvature) < 2 or not np.isfinite(curvature).all():
            raise ValueError(
                f"a road's curvature must be at least two finite numbers in a row; got shape {curvature.shape}."
            )
        turns = STEP * (curvature[:-1] + curvature[1:]) / 2  # exact where kappa is linear
        heading = np.concatenate([[0.0], np.cumsum(turns)])
        middle = heading[:-1] + turns / 2
        chords = STEP * np.sinc(turns / (2 * np.pi))  # of an arc: exact where kappa is constant
        x, y = (np.concatenate([[0.0], np.cumsum(chords * part(middle))]) for part in (np.cos, np.sin))
        s = STEP * np.arange(len(curvature))
        for name, value in (("curvature", curvature), ("heading", heading), ("x", x), ("y", y), ("s", s)):
            object.__setattr__(self, name, value)

    @property
    def length(self) -> float:
        """Metres from the first point to the last."""
        return STEP * (len(self.curvature) - 1)

    def at(self, quantity: np.ndarray, s):
        """One of `curvature`, `heading`, `x` and `y` at arc length `s`, between the points linearly."""
        return np.interp(s, self.s, quantity)

    def place(self, s: float, d: float = 0.0, turned: float = 0.0) -> tuple[float, float, float]:
        """x, y and heading of a car at (s, d) that looks `turned` radians to the left of the road."""
        heading = float(self.at(self.heading, s))
        x, y = (float(self.at(quantity, s)) for quantity in (self.x, self.y))
        return x - d * np.sin(heading), y + d * np.cos(heading), heading + turned

    def locate(self, x: float, y: float, near: float) -> tuple[float, float]:
        """The coordinates (s, d) of a place, given an arc length not far from it.

        Newton's method on (P - C(s)) . T(s) = 0, whose derivative is -(1 - kappa d).
        """
        s = float(near)
        for _ in range(20):
            heading = self.at(self.heading, s)
            to_x, to_y = x - self.at(self.x, s), y - self.at(self.y, s)
            along = to_x * np.cos(heading) + to_y * np.sin(heading)
            d = to_y * np.cos(heading) - to_x * np.sin(heading)
            s += along / max(1 - self.at(self.curvature, s) * d, 0.3)
            if abs(along) < 1e-9 or not 0 <= s <= self.length:
                break
        return float(np.clip(s, 0, self.length)), float(d)


def arcs(*pieces: tuple[float, float]) -> Road:
    """A road of straights and arcs without clothoids between them.

    Args:
        *pieces: pairs of length in metres and curvature in 1/m; from one to the next it changes within `STEP`.

    Example:
        >>> quarter = arcs((np.pi / 2 * 100, 1 / 100))
        >>> round(float(quarter.heading[-1]), 2)
        1.57
    """
    curvature = [np.full(round(length / STEP), bend) for length, bend in pieces]
    return Road(np.concatenate([*curvature, curvature[-1][-1:]]))


def winding_road(length: float, seed: int | Sequence[int], radii: tuple[float, float] = RADII) -> Road:
    """A random road: straights, and curves of random radius with a clothoid before and after the arc.

    Args:
        length: metres, at least.
        seed: of the road.
        radii: the smallest and the largest radius of an arc, in metres.

    Returns:
        A road whose heading stays within `MOST_HEADING` of where it began.

    Raises:
        ValueError: if there is no such length or radius.

    Example:
        >>> winding_road(500.0, seed=0).length >= 500
        True
    """
    check_number("length", length, "(0, inf)")
    if not (len(radii) == 2 and 10 <= radii[0] <= radii[1]):
        raise ValueError(f"radii must be two numbers of metres, at least 10 and rising, such as {RADII}; got {radii}.")
    rng = np.random.default_rng(seed)
    at, curvature, heading = [0.0], [0.0], 0.0
    while at[-1] < length:
        bend, ramp, arc = _curve(rng, heading, radii)
        straight = rng.uniform(10, 70)
        at += list(at[-1] + np.cumsum([straight, ramp, arc, ramp]))
        curvature += [0.0, bend, bend, 0.0]
        heading += bend * (arc + ramp)
    s = STEP * np.arange(int(at[-1] / STEP) + 1)
    return Road(np.interp(s, at, curvature))


def _curve(rng: np.random.Generator, heading: float, radii: tuple[float, float]) -> tuple[float, float, float]:
    """Curvature of an arc, length of each of its clothoids, and its own length."""
    radius = float(np.exp(rng.uniform(*np.log(radii))))
    ramp = float(rng.uniform(15, 35))
    turn = rng.uniform(0.15, 1.2)
    bend = float(rng.choice([-1, 1])) / radius
    if abs(heading + np.sign(bend) * turn) > MOST_HEADING:
        bend = -bend
    room = MOST_HEADING - np.sign(bend) * heading  # to the side that it bends to
    turn = min(turn, room)
    arc = max(turn * radius - ramp, 0.0)
    return bend * min(1.0, turn * radius / ramp), ramp, arc  # a short curve is as sharp as its clothoids get
