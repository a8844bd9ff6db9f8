"""Pictures: road coordinates of every pixel against known ones, lines where geometry puts them, and what may differ."""

import itertools
import time

import numpy as np
import pytest

from gradschool.zoo.driving.camera import Camera
from gradschool.zoo.driving.rendering import Renderer
from gradschool.zoo.driving.road import HALF_LANE, STEP, Road, arcs, winding_road
from gradschool.zoo.driving.scenery import LIGHTS, WEATHERS, Scenery, draw_scenery

CAMERA = Camera.looking_ahead((66, 200))
STRAIGHT = arcs((400.0, 0.0))
PLAIN = Scenery("clear", "dusk", 1)  # no shadows


def circle(radius):
    return Road(np.full(round(np.pi * abs(radius) / STEP), 1 / radius))


@pytest.mark.parametrize("radius", [40.0, -60.0, 150.0])
@pytest.mark.parametrize("place", [(5.0, 0.0, 0.0), (20.0, 1.2, -0.1)])
def test_offsets_on_a_circle_are_right_to_a_pixel(radius, place):
    road = circle(radius)
    x, y, heading = road.place(*place)
    s, d = Renderer(road, CAMERA, PLAIN).road_coordinates(x, y, heading, place[0])
    rows, columns = np.meshgrid(CAMERA.ground_rows, np.arange(CAMERA.width), indexing="ij")
    ahead, left = (part.ravel() for part in CAMERA.to_ground(rows, columns))
    true_x = x + ahead * np.cos(heading) - left * np.sin(heading)
    true_y = y + ahead * np.sin(heading) + left * np.cos(heading)
    true_d = np.sign(radius) * (abs(radius) - np.hypot(true_x, true_y - radius))
    angle = np.arctan2(true_x * np.sign(radius), abs(radius) - true_y * np.sign(radius)) * np.sign(radius)
    metres_a_pixel = ahead / CAMERA.focal
    near = (np.abs(true_d) < 0.6 * abs(radius)) & (ahead < 60) & (np.abs(angle) < 2.5)
    assert near.sum() > 3000
    assert np.abs(d - true_d)[near].max() < 0.02
    assert (np.abs(d - true_d) / metres_a_pixel)[near].max() < 1
    np.testing.assert_allclose(s[near], (angle * radius)[near] * np.sign(radius), atol=0.05)


def bright_columns(row, picture):
    """Middles of the two edge lines in a row: the brightest pixel in each half."""
    light = picture[row].astype(int).sum(axis=-1)
    return light[:100].argmax(), 100 + light[100:].argmax()


def test_the_lines_of_a_straight_lane_lie_where_the_camera_projects_them():
    picture = Renderer(STRAIGHT, CAMERA, PLAIN).picture(*STRAIGHT.place(100.0), s=100.0)
    row = 50
    ahead, _ = CAMERA.to_ground(row, 0)
    expected = CAMERA.to_pixel(ahead, -HALF_LANE)[1]
    assert abs(bright_columns(row, picture)[1] - expected) <= 1


def test_edge_lines_meet_at_the_vanishing_point():
    place = STRAIGHT.place(100.0, 0.0, 0.05)
    picture = Renderer(STRAIGHT, CAMERA, PLAIN).picture(*place, s=100.0)
    rows = np.arange(30, 42)
    columns = [bright_columns(row, picture)[1] for row in rows]  # the right edge
    slope, offset = np.polyfit(rows, columns, 1)
    row, column = CAMERA.vanishing_point(-0.05)  # the road runs to the right of where the car looks
    assert abs(slope * row + offset - column) < 2


def test_the_same_place_gives_the_same_picture_and_the_seed_another():
    road = winding_road(400.0, 0)
    pictures = [Renderer(road, CAMERA, Scenery(seed=seed)).picture(*road.place(50.0), s=50.0) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_every_weather_and_light_looks_different():
    road = winding_road(400.0, 0)
    pictures = {
        (weather, light): Renderer(road, CAMERA, Scenery(weather, light, 3)).picture(*road.place(50.0), s=50.0)
        for weather in WEATHERS
        for light in LIGHTS
    }
    for one, other in itertools.combinations(pictures.values(), 2):
        assert np.abs(one.astype(int) - other).mean() > 3
    for weather in WEATHERS:
        day, dusk, night = (pictures[weather, light].mean() for light in LIGHTS)
        assert day > dusk > night
    green = {weather: np.ptp(pictures[weather, "day"][22].astype(int), axis=-1).mean() for weather in WEATHERS}
    assert green["fog"] < green["rain"] < green["clear"]  # far ahead, air has the colour of the sky


def test_the_number_of_a_picture_changes_the_grain_alone():
    renderer = Renderer(STRAIGHT, CAMERA, PLAIN)
    one, other = (renderer.picture(*STRAIGHT.place(50.0), s=50.0, number=number).astype(int) for number in (0, 1))
    assert 0 < np.abs(one - other).mean() < 5


@pytest.mark.slow
def test_pictures_come_fast():
    road = winding_road(1000.0, 3)
    renderer = Renderer(road, CAMERA, Scenery())
    started = time.process_time()
    for s in range(50, 250):
        renderer.picture(*road.place(s), s=s)
    assert 200 / (time.process_time() - started) > 100  # 390 on a core of its own; other tests may run beside


def test_unknown_weather_is_refused():
    with pytest.raises(ValueError, match="unknown weather 'snow'; there are: clear, fog, rain"):
        Scenery("snow")
    with pytest.raises(ValueError, match="unknown light 'nigth'; did you mean 'night'"):
        Scenery(light="nigth")
    assert draw_scenery(np.random.default_rng(0), "rain", "night").light == "night"
