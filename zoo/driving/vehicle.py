"""The car: a kinematic bicycle, the force that its wheels need, and how fast it may take a curve.

With wheelbase L, steering angle delta of the front wheels, and speed v of the middle of the rear axle,

    kappa = tan(delta) / L          curvature of the path, so delta = atan(L kappa)
    (x, y)' = v (cos psi, sin psi),   psi' = v kappa

It stays on the lane's middle by the law of `follow`, and no faster than v = sqrt(a / |kappa|), where the curve pulls
sideways with a.
"""

from dataclasses import dataclass

import numpy as np

from .road import STEP, Road

GRAVITY, AIR = 9.81, 1.2  # m/s^2, kg/m^3


@dataclass(frozen=True)
class Car:
    """A medium-sized car.

    Args:
        wheelbase: L, metres.
        mass: kg.
        wheel_radius: metres.
        drag_area: drag coefficient times front area, m^2.
        rolling: coefficient of rolling resistance.
        most_steering: degrees that the front wheels turn to either side.
        most_speed: m/s on a straight.
        most_sideways: acceleration in a curve, m/s^2.
        acceleration, braking: m/s^2.
        recovery: metres in which it comes back to the lane's middle.

    Example:
        >>> round(float(Car().steering(1 / 50)), 2)  # degrees, in a left curve of radius 50 m
        3.09
    """

    wheelbase: float = 2.7
    mass: float = 1500.0
    wheel_radius: float = 0.31
    drag_area: float = 0.65
    rolling: float = 0.012
    most_steering: float = 35.0
    most_speed: float = 20.0
    most_sideways: float = 3.0
    acceleration: float = 1.5
    braking: float = 2.5
    recovery: float = 7.0

    def steering(self, curvature):
        """The angle delta = atan(L kappa), in degrees, within what the wheels can turn; positive to the left."""
        angle = np.rad2deg(np.arctan(self.wheelbase * np.asarray(curvature)))
        return np.clip(angle, -self.most_steering, self.most_steering)

    def curvature(self, steering):
        """The path's kappa = tan(delta) / L, in 1/m, of an angle in degrees."""
        angle = np.clip(steering, -self.most_steering, self.most_steering)
        return np.tan(np.deg2rad(angle)) / self.wheelbase

    def torque(self, speed, acceleration):
        """What all driven wheels together must turn with, in N m; negative where the car brakes.

            M = r (m a + c m g + rho A v^2 / 2)      inertia, rolling resistance, drag

        Args:
            speed: v, m/s.
            acceleration: a, m/s^2.
        """
        drag = 0.5 * AIR * self.drag_area * np.square(speed)
        return self.wheel_radius * (self.mass * (np.asarray(acceleration) + self.rolling * GRAVITY) + drag)

    def follow(self, curvature: float, d: float, turned: float) -> float:
        """The steering angle, in degrees, that brings the car back to the middle of a lane of known curvature.

            kappa_car = kappa cos(e) / (1 - kappa d) - d / l^2 - 2 sin(e) / l

        To first order the offset then obeys d'' = -d / l^2 - 2 d' / l along the way: it falls without swinging, within
        a few times l = `recovery` metres.

        Args:
            curvature: kappa, of the lane's middle.
            d: offset of the car to the left, metres.
            turned: e, its heading to the left of the lane's, radians.
        """
        along = curvature * np.cos(turned) / max(1 - curvature * d, 0.3)
        back = d / self.recovery**2 + 2 * np.sin(turned) / self.recovery
        return float(self.steering(along - back))

    def advance(self, x: float, y: float, heading: float, steering: float, metres: float) -> tuple[float, float, float]:
        """Where the car is after driving an arc of so many metres: exact, however long it is."""
        turn = metres * float(self.curvature(steering))
        chord = metres * np.sinc(turn / (2 * np.pi))
        middle = heading + turn / 2
        return x + chord * np.cos(middle), y + chord * np.sin(middle), heading + turn

    def speeds(self, road: Road) -> tuple[np.ndarray, np.ndarray]:
        """The speed, in m/s, and the acceleration, in m/s^2, at every point of a road, each of shape `(P,)`.

        No faster than the curve allows, than braking before the next one allows, and than the acceleration since the
        last one allows: v_i^2 <= v_j^2 + 2 a |s_i - s_j|.
        """
        squares = self.most_sideways / np.maximum(np.abs(road.curvature), 1e-9)
        squares = np.minimum(squares, self.most_speed**2)
        for i in range(len(squares) - 2, -1, -1):
            squares[i] = min(squares[i], squares[i + 1] + 2 * self.braking * STEP)
        for i in range(1, len(squares)):
            squares[i] = min(squares[i], squares[i - 1] + 2 * self.acceleration * STEP)
        return np.sqrt(squares), np.gradient(squares, STEP) / 2  # a = v dv/ds
