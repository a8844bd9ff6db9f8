"""The pictures of `gradschool inspect` show the numbers that they were given: read back from the drawn figure."""

import numpy as np

from gradschool.zoo.inspection.measured_field import MeasuredField
from gradschool.zoo.inspection.most_activating import Activating
from gradschool.zoo.inspection.receptive_field import ReceptiveField
from gradschool.zoo.inspection.receptive_rules import Axis
from gradschool.zoo.inspection.shift import ShiftCurve
from gradschool.zoo.pictures.feature_maps import IN_A_ROW, draw_feature_maps
from gradschool.zoo.pictures.filters import draw_filters
from gradschool.zoo.pictures.heat_maps import MOST_ROWS, draw_heat_maps
from gradschool.zoo.pictures.most_activating import draw_most_activating
from gradschool.zoo.pictures.receptive_field import draw_receptive_fields
from gradschool.zoo.pictures.shift import draw_shift


def draw(figure):
    """Lays a figure out as saving would; a picture that cannot be laid out warns, and warnings are errors here."""
    figure.canvas.draw()
    return figure


def shown(figure):
    return [image.get_array() for axes in draw(figure).axes for image in axes.images]


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape)


FIELD = ReceptiveField("conv", (Axis(-1, 1, 1, 9), Axis(0, 4, 2, 3)), (9, 9))  # 3x5 pixels of 9x9


def test_filters_of_three_channels_are_in_colour():
    filters = noise(5, 3, 3, 3)
    tiles = shown(draw_filters(filters, "conv"))
    assert len(tiles) == 5
    np.testing.assert_allclose(tiles[2], 0.5 + filters[2] / (2 * np.abs(filters[2]).max()))
    figure = draw_filters(noise(5, 3, 3, 2), "conv")
    assert figure.get_suptitle() == "conv: 5 of 5 filters, the mean over 2 channels"
    np.testing.assert_allclose(shown(figure)[1], noise(5, 3, 3, 2)[1].mean(axis=-1))


def test_one_layer_s_maps_fill_the_rows_and_of_several_each_has_one():
    image, maps = np.ones((8, 8, 1)), noise(4, 4, 2 * IN_A_ROW + 1)
    tiles = shown(draw_feature_maps(image, {"conv": maps}))
    assert len(tiles) == 1 + 2 * IN_A_ROW + 1
    np.testing.assert_array_equal(tiles[-1], maps[..., -1])
    tiles = shown(draw_feature_maps(image, {"conv": maps, "pool": noise(2, 2, 3)}))
    assert len(tiles) == 1 + IN_A_ROW + 3
    np.testing.assert_array_equal(tiles[-1], noise(2, 2, 3)[..., -1])


def test_patches_are_what_the_unit_saw_or_are_framed_in_the_whole_image():
    images = np.random.default_rng(0).random((3, 9, 9, 1))
    found = [Activating("conv", 7, np.array([2, 0]), np.array([1.5, 0.25]), np.array([[4, 1], [0, 0]]), FIELD)]
    tiles = shown(draw_most_activating(found, images))
    np.testing.assert_array_equal(tiles[0], images[2, 3:6, 2:7, 0])
    np.testing.assert_array_equal(tiles[1], images[0, 0:2, 0:5, 0])
    figure = draw(draw_most_activating(found, images, whole=True))
    (frame,) = figure.axes[0].patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((1.5, 2.5), 5, 3)
    assert [axes.get_title() for axes in figure.axes] == ["1.5", "0.25"]
    assert figure.axes[0].get_ylabel() == "unit 7"


def test_a_heat_map_lies_over_its_image_however_coarse_it_is():
    images, heats = np.random.default_rng(0).random((2, 8, 12, 1)), np.abs(noise(2, 2, 3))
    figure = draw(draw_heat_maps(images, heats, ["a", "b"], "grad-cam"))
    image, heat, both = figure.axes[3:6]
    np.testing.assert_array_equal(image.images[0].get_array(), images[1, ..., 0])
    np.testing.assert_array_equal(heat.images[0].get_array(), heats[1])
    assert list(both.images[1].get_extent()) == [-0.5, 11.5, 7.5, -0.5]
    assert heat.images[0].get_clim() == (0, heats[1].max())
    signed = draw(draw_heat_maps(images, heats - 1, ["a", "b"], "drop")).axes[1].images[0]
    assert signed.get_clim()[0] == -signed.get_clim()[1]
    assert len(draw_heat_maps(np.ones((20, 4, 4, 1)), np.zeros((20, 4, 4)), ["x"] * 20, "drop").axes) == 3 * MOST_ROWS


def test_the_frame_is_all_that_the_unit_can_see():
    influence = np.zeros((9, 9))
    influence[4, 4] = 1
    (axes,) = draw(draw_receptive_fields([FIELD], [MeasuredField("conv", (4, 1), influence)])).axes
    (frame,) = axes.patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((1.5, 2.5), 5, 3)
    assert axes.get_title() == "conv\n3x5, effective 0.0 x 0.0"


def test_curves_are_in_per_cent_beside_the_parameters():
    (axes,) = draw(draw_shift([ShiftCurve("mlp", 1234, (0, 2), (0.75, 0.5))])).axes
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[0, 75], [2, 50]])
    assert axes.get_legend().texts[0].get_text() == "mlp (1,234 parameters)"
