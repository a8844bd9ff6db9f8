"""The car against circles, small angles, and laws of motion."""

import numpy as np
import pytest

from gradschool.zoo.driving.drives import drive
from gradschool.zoo.driving.road import HALF_LANE, STEP, arcs, winding_road
from gradschool.zoo.driving.vehicle import AIR, GRAVITY, Car

CAR = Car()


def test_steering_is_that_of_the_bicycle_model():
    assert CAR.steering(1 / 50) == pytest.approx(np.rad2deg(np.arctan(2.7 / 50)))
    assert CAR.steering(-1 / 50) == -CAR.steering(1 / 50)
    assert CAR.curvature(CAR.steering(0.03)) == pytest.approx(0.03)
    assert CAR.steering(10.0) == CAR.most_steering


@pytest.mark.parametrize("radius", [20.0, -35.0])
def test_a_constant_angle_drives_a_circle(radius):
    place = 0.0, 0.0, 0.0
    angle = CAR.steering(1 / radius)
    for _ in range(30):
        place = CAR.advance(*place, angle, metres=1.7)
        assert np.hypot(place[0], place[1] - radius) == pytest.approx(abs(radius), abs=1e-9)
    assert place[2] == pytest.approx(30 * 1.7 / radius)


def test_steering_left_moves_the_car_left():
    assert CAR.advance(0.0, 0.0, 0.0, 5.0, metres=10.0)[1] > 0


def test_it_steers_back_to_the_middle():
    assert CAR.follow(0.0, d=1.0, turned=0.0) < 0 < CAR.follow(0.0, d=-1.0, turned=0.0)
    assert CAR.follow(0.0, d=0.0, turned=0.1) < 0
    assert CAR.follow(0.02, d=0.0, turned=0.0) == pytest.approx(CAR.steering(0.02))


def test_an_offset_decays_without_swinging():
    """It obeys d'' = -d / l^2 - 2 d' / l: from d = 0.3, d' = 0: d = 0.3 (1 + s / l) exp(-s / l)."""
    x, y, heading, step = 0.0, 0.3, 0.0, 0.05
    for number in range(1, 600):
        angle = CAR.follow(0.0, y, heading)
        x, y, heading = CAR.advance(x, y, heading, angle, step)
        s = number * step / CAR.recovery
        assert y == pytest.approx(0.3 * (1 + s) * np.exp(-s), abs=5e-3)


def test_torque_is_newton_s_law():
    assert CAR.torque(0.0, 0.0) == pytest.approx(CAR.wheel_radius * CAR.mass * CAR.rolling * GRAVITY)
    assert CAR.torque(20.0, 0.0) - CAR.torque(0.0, 0.0) == pytest.approx(CAR.wheel_radius * AIR * 0.65 * 200)
    assert CAR.torque(10.0, 1.0) - CAR.torque(10.0, 0.0) == pytest.approx(CAR.wheel_radius * CAR.mass)
    assert CAR.torque(10.0, -2.0) < 0


def test_speeds_keep_the_limits_of_curves_and_of_the_engine():
    road = arcs((200.0, 0.0), (80.0, 1 / 40), (200.0, 0.0))
    speeds, accelerations = CAR.speeds(road)
    in_curve = road.curvature > 0.024
    assert speeds[in_curve].max() == pytest.approx(np.sqrt(CAR.most_sideways * 40), abs=1e-6)
    assert speeds.max() == CAR.most_speed
    energy = np.diff(np.square(speeds)) / 2 / STEP
    assert energy.max() <= CAR.acceleration + 1e-9
    assert energy.min() >= -CAR.braking - 1e-9
    assert accelerations[500] == pytest.approx(np.gradient(np.square(speeds), STEP)[500] / 2)


@pytest.mark.parametrize("seed", range(5))
def test_the_driver_stays_in_the_lane_and_strays_on_the_way(seed):
    road = winding_road(1500.0, seed)
    track = drive(road, 400, seed)
    assert np.abs(track.d).max() < HALF_LANE
    assert track.d.std() > 0.2
    assert track.values[:, 1].max() <= CAR.most_speed
    straight = CAR.steering(road.at(road.curvature, track.s))
    assert np.corrcoef(straight, track.values[:, 0])[0, 1] > 0.3  # it follows the curve, and comes back


def test_drives_repeat_and_need_road_enough():
    road = winding_road(600.0, 0)
    np.testing.assert_array_equal(drive(road, 100, 4).values, drive(road, 100, 4).values)
    with pytest.raises(ValueError, match="ends before 2000 pictures; make it longer"):
        drive(road, 2000)
