"""Roads against circles and straights, whose coordinates are known."""

import numpy as np
import pytest

from gradschool.zoo.driving.road import MOST_HEADING, STEP, Road, arcs, winding_road


def circle(radius, share=0.5):
    return Road(np.full(round(share * 2 * np.pi * abs(radius) / STEP), 1 / radius))


@pytest.mark.parametrize("radius", [50.0, -30.0, 200.0])
def test_constant_curvature_is_a_circle(radius):
    road = circle(radius)
    np.testing.assert_allclose(np.hypot(road.x, road.y - radius), abs(radius), rtol=1e-12)
    np.testing.assert_allclose(road.heading, np.arange(len(road.x)) * STEP / radius, atol=1e-12)


def test_a_clothoid_is_that_of_fresnel_s_integrals():
    from scipy.special import fresnel

    s = STEP * np.arange(401)
    sharpness = 1e-4  # kappa = sharpness * s
    road = Road(sharpness * s)
    sine, cosine = fresnel(s * np.sqrt(sharpness / np.pi))
    np.testing.assert_allclose(road.x, cosine * np.sqrt(np.pi / sharpness), atol=2e-3)
    np.testing.assert_allclose(road.y, sine * np.sqrt(np.pi / sharpness), atol=2e-3)


@pytest.mark.parametrize("radius", [40.0, -40.0])
def test_places_beside_a_circle_are_found_again(radius):
    road, middle = circle(radius), np.array([0.0, radius])
    for s, d in [(10.0, 3.0), (33.3, -5.0), (70.1, 0.0), (100.0, 12.0)]:
        x, y, heading = road.place(s, d)
        assert np.hypot(*(np.array([x, y]) - middle)) == pytest.approx(abs(radius - d), abs=2e-3)
        assert road.locate(x, y, near=s + 4) == pytest.approx((s, d), abs=2e-3)
        assert heading == pytest.approx(s / radius)


def test_left_is_positive():
    assert circle(100.0).y[20] > 0 > circle(-100.0).y[20]
    assert arcs((50.0, 0.0)).place(10.0, 2.0)[1] == 2.0


def test_winding_roads_repeat_and_differ():
    np.testing.assert_array_equal(winding_road(800.0, [3, 1]).curvature, winding_road(800.0, [3, 1]).curvature)
    assert not np.array_equal(winding_road(800.0, 1).curvature[:900], winding_road(800.0, 2).curvature[:900])


@pytest.mark.parametrize("seed", range(20))
def test_winding_roads_keep_their_limits(seed):
    road = winding_road(2000.0, seed, radii=(30.0, 160.0))
    assert road.length >= 2000
    assert np.abs(road.curvature).max() <= 1 / 30 + 1e-9
    assert np.abs(road.heading).max() <= MOST_HEADING + 0.02
    assert np.abs(np.diff(road.curvature)).max() < 1 / 30 * STEP / 14  # a clothoid has at least 15 m
    assert (road.curvature > 0.002).any()
    assert (road.curvature < -0.002).any()


@pytest.mark.parametrize("curvature", [np.zeros(1), np.array([0.0, np.nan]), np.zeros((3, 3))], ids=str)
def test_impossible_roads_are_refused(curvature):
    with pytest.raises(ValueError, match="at least two finite numbers"):
        Road(curvature)


def test_impossible_lengths_and_radii_are_refused():
    with pytest.raises(ValueError, match="length must be a number above 0"):
        winding_road(0.0, 0)
    with pytest.raises(ValueError, match="radii must be two numbers of metres"):
        winding_road(100.0, 0, radii=(5.0, 50.0))
