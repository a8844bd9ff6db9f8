"""The pinhole camera against a projection matrix, and against where parallel lines meet."""

import numpy as np
import pytest

from gradschool.zoo.driving.camera import Camera


def by_matrix(camera, ahead, left):
    """Pixel of a ground point by a rotation matrix and the matrix of the camera, as computer vision writes it."""
    axes = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])  # right, down, forwards of a camera that looks along x
    p = camera.pitch
    down = np.array([[1.0, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    seen = down @ axes @ np.array([ahead, left, -camera.mount])
    v, u = camera.middle
    homogeneous = np.array([[camera.focal, 0, u], [0, camera.focal, v], [0, 0, 1]]) @ seen
    return homogeneous[1] / homogeneous[2], homogeneous[0] / homogeneous[2]


@pytest.fixture(params=[(66, 200), (66, 100), (120, 160)])
def camera(request):
    return Camera.looking_ahead(request.param)


@pytest.mark.parametrize("point", [(5.0, 0.0), (20.0, -3.0), (90.0, 7.0)])
def test_projection_is_that_of_the_matrix(camera, point):
    assert camera.to_pixel(*point) == pytest.approx(by_matrix(camera, *point), abs=1e-9)


def test_back_projection_inverts_it(camera):
    rows, columns = np.meshgrid(camera.ground_rows, np.arange(camera.width), indexing="ij")
    again = camera.to_pixel(*camera.to_ground(rows, columns))
    np.testing.assert_allclose(again[0], rows, atol=1e-6)
    np.testing.assert_allclose(again[1], np.broadcast_to(columns, rows.shape), atol=1e-6)


@pytest.mark.parametrize("turned", [0.0, 0.1, -0.2])
def test_parallel_lines_converge_at_the_vanishing_point(camera, turned):
    along = np.array([np.cos(turned), np.sin(turned)])
    for offset in (-1.8, 1.8, 5.4):
        start = offset * np.array([-along[1], along[0]])
        row, column = camera.to_pixel(*(start + 1e7 * along))
        assert (row, column) == pytest.approx(camera.vanishing_point(turned), abs=1e-3)


def test_the_horizon_and_the_angle_of_view_are_those_asked_for():
    camera = Camera.looking_ahead((66, 200), field_of_view=60.0, horizon=0.3)
    assert camera.horizon == pytest.approx(0.3 * 65)
    assert 2 * np.rad2deg(np.arctan(100 / camera.focal)) == pytest.approx(60)


def test_left_of_the_car_is_left_in_the_picture(camera):
    assert camera.to_pixel(10.0, 2.0)[1] < camera.middle[1] < camera.to_pixel(10.0, -2.0)[1]
    assert camera.to_pixel(5.0, 0.0)[0] > camera.to_pixel(50.0, 0.0)[0]  # near is below
