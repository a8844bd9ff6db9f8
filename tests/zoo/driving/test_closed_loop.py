"""Rides whose end can be computed by hand, and drivers that must come through."""

import numpy as np
import pytest

from gradschool.zoo.data.description import Output
from gradschool.zoo.driving.camera import Camera
from gradschool.zoo.driving.closed_loop import ride, ride_road
from gradschool.zoo.driving.drivers import Controls, Expert, Model, Straight
from gradschool.zoo.driving.drives import RATE
from gradschool.zoo.driving.road import HALF_LANE, STEP, arcs
from gradschool.zoo.driving.scenery import Scenery

SMALL = Camera.looking_ahead((16, 24))
ANGLE, SPEED = Output("steering angle", "degrees", mean=1.0, std=2.0), Output("speed", "m/s", mean=10.0, std=5.0)


@pytest.mark.parametrize("radius", [40.0, -40.0, 90.0])
def test_who_drives_straight_on_leaves_a_curve_after_the_tangent_s_length(radius):
    """A tangent of a circle of radius R meets that of radius R + w after sqrt((R + w)^2 - R^2)."""
    road = arcs((30.0, 0.0), (100.0, 1 / radius))
    found = ride(Straight(), road, metres=100.0, speed=10.0)
    expected = 30 - STEP / 2 + np.sqrt(2 * abs(radius) * HALF_LANE + HALF_LANE**2)
    assert found.departed
    assert found.metres == pytest.approx(expected, abs=0.15)  # the offset grows by a square, not by a line, in a step
    assert ride(Straight(), road, metres=100.0, speed=1.0).metres == pytest.approx(expected, abs=0.02)


def test_who_drives_straight_on_stays_on_a_straight():
    found = ride(Straight(), arcs((100.0, 0.0)), metres=95.0, speed=10.0)
    assert (found.departed, found.metres, found.mean_offset) == (False, 95.0, 0.0)
    assert found.seconds == 9.5


def test_a_wrong_angle_leaves_a_straight_on_its_circle():
    """On a circle of radius R the offset is w after R arccos(1 - w / R)."""

    class Wrong:
        name = "wrong"

        def begin(self):
            pass

        def drive(self, view):
            return Controls(float(view.car.steering(1 / 50)))

    found = ride(Wrong(), arcs((100.0, 0.0)), metres=90.0, speed=2.0)
    assert found.metres == pytest.approx(50 * np.arccos(1 - HALF_LANE / 50), abs=0.02)
    assert found.d[-1] > 0


@pytest.mark.parametrize("seed", range(4))
def test_the_expert_stays_in_the_lane_for_the_whole_route(seed):
    found = ride(Expert(), ride_road(seed, 1000.0), metres=1000.0, start=(0.0, 1.0, 0.05))
    assert not found.departed
    assert found.metres == pytest.approx(1000.0)
    assert found.mean_offset < 0.15
    assert np.abs(found.d[50:]).max() < 0.4


# === Models ===
def test_a_model_s_answer_is_restored_and_driven():
    model = Model(lambda inputs: np.array([[0.5, 0.4]]), (ANGLE, SPEED), name="constant", own_speed=True)
    found = ride(model, arcs((100.0, 0.0)), metres=20.0, camera=SMALL)
    assert set(found.steering) == {2.0}
    assert set(found.speed) == {12.0}
    with_own = Model(lambda inputs: np.array([[0.5, 0.4]]), (ANGLE, SPEED))
    assert ride(with_own, arcs((100.0, 0.0)), metres=20.0, camera=SMALL).speed[0] == 20.0  # what the road allows


def test_a_model_sees_frames_in_order_and_the_expert_drives_until_there_are_enough():
    shown = []

    def predict(inputs):
        shown.append(inputs)
        return np.array([[-0.5]])  # restored: 0 degrees

    model = Model(predict, (ANGLE,), frames=4)
    found = ride(model, arcs((100.0, 0.0)), metres=10.0, camera=SMALL, speed=10.0, keep_frames=True)
    assert shown[0].shape == (1, 4, 16, 24, 3)
    assert len(found.frames) == 3 + 10
    assert found.metres == 10.0  # counted from the fourth frame on
    for number, inputs in enumerate(shown):
        expected = np.stack(found.frames[number : number + 4]) / np.float32(255)
        np.testing.assert_array_equal(inputs[0], expected)


def test_features_may_be_seen_in_place_of_pixels():
    shown = []
    model = Model(
        lambda inputs: shown.append(inputs) or [[0.0]], (ANGLE,), frames=2, see=lambda frame: frame.mean((0, 1))
    )
    ride(model, arcs((100.0, 0.0)), metres=5.0, camera=SMALL, speed=10.0)
    assert shown[0].shape == (1, 2, 3)


def test_the_camera_sees_where_the_car_is():
    """A car at the left edge of its lane sees another picture than one in the middle; weather changes it too."""

    def first(**options):
        seen = []
        model = Model(lambda inputs: seen.append(inputs[0]) or [[-0.5]], (ANGLE,))
        ride(model, arcs((100.0, 0.0)), metres=1.0, camera=SMALL, speed=10.0, **options)
        return seen[0]

    middle = first()
    assert np.abs(first(start=(0.0, 1.5, 0.0)) - middle).mean() > 0.01
    assert np.abs(first(scenery=Scenery("fog")) - middle).mean() > 0.01
    np.testing.assert_array_equal(first(), middle)


def test_rides_of_equal_seeds_are_on_the_same_road():
    np.testing.assert_array_equal(ride_road(3, 200.0).curvature, ride_road(3, 200.0).curvature)
    assert RATE == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metres": 0.0}, "metres must be a number above 0"),
        ({"metres": 500.0}, "a road of 100 m is too short for 500 m"),
        ({"metres": 50.0, "speed": -1.0}, "speed must be a number above 0"),
    ],
)
def test_impossible_rides_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ride(Straight(), arcs((100.0, 0.0)), **options)
