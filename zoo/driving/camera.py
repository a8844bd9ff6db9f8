"""The pinhole camera on the car: from a point of the ground to a pixel, and back.

With height h, pitch p (downwards), focal length f in pixels, and the picture's middle (v_0, u_0), a point (X, Y) of the
ground before the car has

    depth = X cos p + h sin p,   u = u_0 - f Y / depth,   v = v_0 + f (h cos p - X sin p) / depth

and a pixel below the horizon shows

    t = h / (sin p + q cos p),   X = t (cos p - q sin p),   Y = -t r,   q = (v - v_0) / f,   r = (u - u_0) / f

Every row of the picture lies at one X: the camera does not roll.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FIELD_OF_VIEW = 60.0  # degrees, to both sides together
HORIZON = 0.3  # the share of the picture above it
MOUNT = 1.4  # metres above the ground


@dataclass(frozen=True)
class Camera:
    """A camera above the middle of the rear axle that looks ahead, and a little down.

    Args:
        height, width: of its pictures, in pixels.
        focal: f, in pixels.
        mount: h, in metres.
        pitch: p, in radians.

    Example:
        >>> camera = Camera.looking_ahead((66, 200))
        >>> row, column = camera.to_pixel(*camera.to_ground(50, 20))
        >>> round(float(row), 6), round(float(column), 6)
        (50.0, 20.0)
    """

    height: int
    width: int
    focal: float
    mount: float = MOUNT
    pitch: float = 0.0

    @classmethod
    def looking_ahead(cls, size: tuple[int, int], field_of_view: float = FIELD_OF_VIEW, horizon: float = HORIZON):
        """The camera whose pictures of (height, width) `size` have their horizon in the row `horizon * height`.

        Args:
            size: of the pictures, in pixels.
            field_of_view: from the left edge to the right, in degrees.
            horizon: share of the picture above it, in [0, 1].
        """
        height, width = size
        focal = width / 2 / np.tan(np.deg2rad(field_of_view) / 2)
        pitch = np.arctan(((height - 1) / 2 - horizon * (height - 1)) / focal)
        return cls(height, width, float(focal), MOUNT, float(pitch))

    @property
    def middle(self) -> tuple[float, float]:
        """v_0 and u_0."""
        return (self.height - 1) / 2, (self.width - 1) / 2

    @property
    def horizon(self) -> float:
        """The row of what is endlessly far away on flat ground: v_0 - f tan p."""
        return self.middle[0] - self.focal * np.tan(self.pitch)

    def vanishing_point(self, turned: float = 0.0) -> tuple[float, float]:
        """Row and column where parallel lines meet that run `turned` radians to the left of where the car looks."""
        return self.horizon, self.middle[1] - self.focal * np.tan(turned) / np.cos(self.pitch)

    def to_pixel(self, ahead, left):
        """Row and column of points of the ground, X = `ahead` and Y = `left`; they must lie before the camera."""
        sine, cosine = np.sin(self.pitch), np.cos(self.pitch)
        depth = ahead * cosine + self.mount * sine
        row = self.middle[0] + self.focal * (self.mount * cosine - ahead * sine) / depth
        return row, self.middle[1] - self.focal * left / depth

    def to_ground(self, row, column):
        """X and Y of the ground that pixels below the horizon show."""
        down, right = (row - self.middle[0]) / self.focal, (column - self.middle[1]) / self.focal
        sine, cosine = np.sin(self.pitch), np.cos(self.pitch)
        distance = self.mount / (sine + down * cosine)
        return distance * (cosine - down * sine), -distance * right

    @cached_property
    def ground_rows(self) -> np.ndarray:
        """The rows that show ground, those at least half a pixel below the horizon."""
        return np.arange(max(0, int(np.ceil(self.horizon + 0.5))), self.height)
