"""The film of a ride: its time, its size, and that it shows the ride."""

import numpy as np
import pytest
from PIL import Image

from gradschool.zoo.driving.camera import Camera
from gradschool.zoo.driving.closed_loop import ride
from gradschool.zoo.driving.drivers import Expert, Straight
from gradschool.zoo.driving.film import EVERY, HOLD, WIDTH, film_pictures, write_film
from gradschool.zoo.driving.road import arcs

ROAD = arcs((20.0, 0.0), (60.0, 1 / 40))


def ridden(driver, **options):
    return ride(driver, ROAD, 60.0, camera=Camera.looking_ahead((16, 24)), speed=10.0, keep_frames=True, **options)


def test_a_film_takes_as_long_as_the_ride(tmp_path):
    found = ridden(Expert(), seconds=2.0)
    told = []
    write_film(found, ROAD, tmp_path / "ride.gif", lambda done, total: told.append((done, total)))
    with Image.open(tmp_path / "ride.gif") as film:
        durations = []
        for number in range(film.n_frames):
            film.seek(number)
            durations.append(film.info["duration"])
        assert film.size[0] == WIDTH
    assert sum(durations) == 100 * EVERY * (10 + HOLD - 1)  # the last picture stays
    assert told[-1] == (10, 10)


def test_pictures_show_the_camera_s_view_and_the_way():
    found = ridden(Expert(), seconds=3.0)
    pictures = [np.asarray(picture).astype(int) for picture in film_pictures(found, ROAD)]
    view = pictures[0].shape[0] - 150
    middle = np.asarray(Image.fromarray(found.frames[0]).resize((360, 240), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(pictures[0][:view, 60:420], middle)
    blue = [(np.abs(picture - (31, 111, 180)).sum(axis=-1) < 30).sum() for picture in pictures]
    assert blue[-1] > blue[0]  # the way behind the car grows


def test_who_leaves_the_lane_is_shown_in_red():
    found = ridden(Straight())
    pictures = [np.asarray(picture).astype(int) for picture in film_pictures(found, ROAD)]
    red = [(np.abs(picture - (200, 50, 30)).sum(axis=-1) < 30).sum() for picture in pictures]
    assert found.departed
    assert red[-1] > 50 > max(red[:-1])


def test_what_cannot_be_a_film_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a film is a .gif file; got .*ride.mp4"):
        write_film(ridden(Expert(), seconds=1.0), ROAD, tmp_path / "ride.mp4")
    unseen = ride(Expert(), ROAD, 10.0)
    with pytest.raises(ValueError, match="kept no frames: ride with keep_frames=True"):
        write_film(unseen, ROAD, tmp_path / "ride.gif")
