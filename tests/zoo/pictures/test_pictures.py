"""Pictures show the numbers that they were given: read back from the drawn figure, not from the file."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.engine.evaluation import Predictions
from gradschool.zoo.pictures.boundary import decision_boundary
from gradschool.zoo.pictures.confusion import confusion_matrix
from gradschool.zoo.pictures.curves import learning_curves
from gradschool.zoo.pictures.filters import MOST, draw_filters, first_layer_filters
from gradschool.zoo.pictures.forecast import MOST_DAYS, MOST_STEPS, ORIGINS, forecast
from gradschool.zoo.pictures.mistakes import worst_mistakes
from gradschool.zoo.pictures.reconstructions import code_map, image_grid, reconstructions
from gradschool.zoo.pictures.run import draw_run, draw_samples
from gradschool.zoo.pictures.samples import image_samples, series_samples
from gradschool.zoo.pictures.style import save_picture

NAMES = ("cat", "dog", "bird")


def draw(figure):
    """Lays a figure out as saving would; a picture that cannot be laid out warns, and warnings are errors here."""
    figure.canvas.draw()
    return figure


def test_curves_are_the_history():
    rows = [
        {"epoch": e, "loss": 1 / e, "accuracy": 1 - 1 / e, "val_loss": 2 / e, "learning_rate": 0.1} for e in (1, 2, 3)
    ]
    loss, accuracy = draw(learning_curves(rows)).axes
    assert loss.get_title(loc="left") == "loss"
    train, validation = loss.lines
    np.testing.assert_allclose(train.get_ydata(), [1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(validation.get_ydata(), [2, 1, 2 / 3])
    assert len(accuracy.lines) == 1


def test_the_curves_of_one_epoch_are_a_point_at_a_whole_number():
    (axes,) = draw(learning_curves([{"epoch": 1, "loss": 0.7}])).axes
    first, last = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if first <= tick <= last] == [1]
    assert axes.lines[0].get_markersize() > 4


def test_confusion_counts_by_true_row_and_predicted_column():
    targets, classes = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    (axes,) = draw(confusion_matrix(targets, classes, NAMES)).axes
    assert axes.get_title(loc="left") == "4 of 6 right"
    cells = {(round(t.get_position()[1]), round(t.get_position()[0])): int(t.get_text()) for t in axes.texts}
    assert cells == {(0, 0): 1, (0, 1): 1, (1, 1): 1, (2, 0): 1, (2, 2): 2}
    np.testing.assert_allclose(axes.images[0].get_array(), [[1 / 2, 1 / 2, 0], [0, 1, 0], [1 / 3, 0, 2 / 3]])


@pytest.mark.parametrize("classes", [2, 37, 100])
def test_confusion_of_many_classes_is_still_a_picture(classes):
    labels = np.arange(classes)
    (axes,) = draw(confusion_matrix(labels, labels, [f"class {number}" for number in labels])).axes
    assert len(axes.texts) == (classes if classes <= 20 else 0)


def test_the_worst_mistake_comes_first_and_right_answers_not_at_all():
    images = np.random.default_rng(0).random((4, 5, 7, 1))
    beliefs = np.array([[0.9, 0.1, 0.0], [0.6, 0.4, 0.0], [0.95, 0.05, 0.0], [0.0, 0.2, 0.8]])
    figure = draw(worst_mistakes(images, np.array([0, 1, 1, 0]), beliefs, NAMES))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["dog, not cat\n(95% sure)", "cat, not bird\n(80% sure)", "dog, not cat\n(60% sure)"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), images[2, ..., 0])
    assert figure.get_suptitle() == "3 mistakes in 4"


def test_no_mistakes_are_a_picture_too():
    figure = draw(worst_mistakes(np.zeros((2, 5, 5, 3)), np.array([0, 1]), np.eye(3)[:2], NAMES))
    assert figure.get_suptitle() == "0 mistakes in 2"


def test_a_dense_layers_weights_are_put_back_into_the_image():
    kernel = np.arange(3 * 5 * 2).reshape(15, 2)  # two units on a flattened 3x5 image
    filters = first_layer_filters(kernel, (3, 5, 1))
    np.testing.assert_array_equal(filters[1], kernel[:, 1].reshape(3, 5, 1))
    assert first_layer_filters(kernel, (7, 5, 1)) is None
    assert first_layer_filters(kernel, (15,)) is None


def test_a_convolutions_filters_keep_their_channels():
    """So that `draw_filters` shows those of colour images in their colours."""
    kernel = np.random.default_rng(0).normal(size=(5, 4, 3, 7))
    filters = first_layer_filters(kernel, (28, 28, 3))
    np.testing.assert_array_equal(filters[6], kernel[..., 6])


def test_only_so_many_filters_are_drawn():
    figure = draw(draw_filters(np.ones((200, 3, 3, 1)), "first layer"))
    (axes,) = figure.axes
    assert len(axes.images) == MOST
    assert len({tuple(image.get_extent()) for image in axes.images}) == MOST
    assert figure.get_suptitle() == f"first layer: {MOST} of 200 filters"


def test_the_forecast_shows_the_last_days():
    targets = np.arange(200.0)
    (axes,) = draw(forecast(targets, targets + 1, "views a day")).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), targets[-MOST_DAYS:])
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), targets[-MOST_DAYS:] + 1)
    assert axes.get_ylabel() == "views a day"


def test_the_boundary_separates_what_the_model_separates():
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    asked = []

    def above_the_diagonal(points):
        asked.append(points)
        return (points.sum(axis=1, keepdims=True) > 1.5).astype(float)

    (axes,) = draw(decision_boundary(above_the_diagonal, inputs, np.array([[0], [0], [0], [1]]), 0.5)).axes
    yes, no = axes.collections[-2:]
    np.testing.assert_array_equal(yes.get_offsets(), [[1, 1]])
    np.testing.assert_array_equal(no.get_offsets(), [[0, 0], [0, 1], [1, 0]])
    assert asked[0].min() < 0
    assert asked[0].max() > 1


def test_samples_stand_in_the_row_of_their_class():
    images, targets = np.random.default_rng(0).random((7, 4, 4, 1)), np.array([2, 0, 2, 1, 0, 2, 2])
    figure = draw(image_samples(images, targets, NAMES))
    assert [axes.get_ylabel() for axes in figure.axes[::10]] == list(NAMES)
    np.testing.assert_array_equal(figure.axes[21].images[0].get_array(), images[2, ..., 0])  # the second bird


def test_windows_end_before_the_day_they_lead_to():
    windows = np.arange(5 * 3.0).reshape(5, 3)
    figure = draw(series_samples(windows, windows[:, -1] + 1, "views a day"))
    window, target = figure.axes[0].lines
    np.testing.assert_array_equal(window.get_xydata(), [[-3, 0], [-2, 1], [-1, 2]])
    np.testing.assert_array_equal(target.get_xydata(), [[0, 3]])


def test_a_file_type_that_matplotlib_does_not_know(tmp_path):
    with pytest.raises(ValueError, match="xyz"):
        save_picture(learning_curves([{"epoch": 1, "loss": 1.0}]), tmp_path / "curves.xyz")
    assert list(tmp_path.iterdir()) == []


def test_reconstructions_stand_below_their_originals():
    originals, spoilt, back = np.random.default_rng(0).random((3, 5, 4, 6, 1))
    figure = draw(reconstructions(originals, back))
    assert [axes.get_ylabel() for axes in figure.axes[::5]] == ["original", "reconstructed"]
    np.testing.assert_array_equal(figure.axes[7].images[0].get_array(), back[2, ..., 0])
    figure = draw(reconstructions(originals, back, spoilt))
    assert [axes.get_ylabel() for axes in figure.axes[::5]] == ["original", "spoilt", "reconstructed"]
    np.testing.assert_array_equal(figure.axes[9].images[0].get_array(), spoilt[4, ..., 0])


def test_images_fill_the_rows_of_a_grid():
    images = np.random.default_rng(0).random((7, 4, 4, 3))
    figure = draw(image_grid(images, columns=5))
    assert sum(bool(axes.images) for axes in figure.axes) == 7
    np.testing.assert_array_equal(figure.axes[6].images[0].get_array(), images[6])


def test_codes_have_the_colour_of_their_class():
    codes, labels = np.arange(12.0).reshape(6, 2), np.array([0, 1, 1, 2, 0, 1])
    (axes,) = draw(code_map(codes, labels, NAMES)).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(NAMES)
    np.testing.assert_array_equal(axes.collections[1].get_offsets(), codes[labels == 1])


# === Series ===
def test_forecasts_of_several_steps_are_drawn_from_where_they_begin():
    targets = np.lib.stride_tricks.sliding_window_view(np.arange(300.0), 24)
    (axes,) = draw(forecast(targets, targets + 0.5, "cars", "hour")).axes
    came, one_ahead, *whole = axes.lines
    np.testing.assert_array_equal(came.get_ydata(), targets[-MOST_STEPS:, 0])
    np.testing.assert_array_equal(one_ahead.get_ydata(), targets[-MOST_STEPS:, 0] + 0.5)
    assert len(whole) == ORIGINS
    for line in whole:
        hours = line.get_xdata()
        np.testing.assert_array_equal(np.diff(hours), np.ones(23))
        np.testing.assert_array_equal(line.get_ydata(), targets[-MOST_STEPS:][hours[0]] + 0.5)
        assert hours[-1] < MOST_STEPS
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("hour", "cars")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["what came", "forecast one hour ahead", "forecasts of the next 24 hours"]


def test_a_horizon_longer_than_the_test_part_is_drawn_too():
    (axes,) = draw(forecast(np.ones((3, 24)), np.zeros((3, 24)), "cars", "hour")).axes
    assert len(axes.lines) == 3
    assert len(axes.lines[2].get_ydata()) == 24


def hourly(folder, **options):
    values = np.random.default_rng(0).normal(size=(300, 2)).round(4)
    hours = np.datetime64("2024-03-01T00", "h") + np.arange(300)
    rows = "".join(f"{hour}:00:00,{cars},{temp}\n" for hour, (cars, temp) in zip(hours, values, strict=True))
    (folder / "cars.csv").write_text(f"time,cars,temp\n{rows}")
    return load_data(folder / "cars.csv", column="cars", window=12, **options)


@pytest.mark.parametrize(
    ("options", "panels"),
    [({}, 1), ({"vectors": True}, 1), ({"inputs": "temp", "horizon": 3, "calendar": True}, 2)],
)
def test_samples_of_a_series_are_drawn_in_their_unit(tmp_path, options, panels):
    data = hourly(tmp_path, **options)
    x, y = data.arrays("train")
    figure = draw(draw_samples(x, y, data.description))
    assert len(figure.axes) == 4 * panels
    window, targets = figure.axes[0].lines
    scale, first = data.description.scale, x[0].reshape(12, -1)
    np.testing.assert_allclose(window.get_ydata(), scale.restore(first[:, 0]))
    np.testing.assert_allclose(targets.get_ydata(), scale.restore(y[0]))
    assert figure.axes[-1].get_xlabel() == "hour"
    if panels == 2:
        np.testing.assert_array_equal([line.get_ydata() for line in figure.axes[4].lines], first[:, 1:].T)
        assert [text.get_text() for text in figure.legends[0].get_texts()] == list(data.description.features[1:])


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_run_on_a_series_gets_a_forecast_in_its_unit(tmp_path, horizon):
    data = hourly(tmp_path, horizon=horizon)
    x, y = data.arrays("test")
    figures = draw_run(None, Predictions(x, y, np.zeros_like(y)), data.description, [])
    (axes,) = draw(figures["forecast"]).axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), data.description.scale.restore(y[:, 0]))
    np.testing.assert_allclose(axes.lines[1].get_ydata(), np.full(len(y), data.description.scale.mean), rtol=1e-6)
    assert axes.get_xlabel() == "hour"


def test_a_task_that_is_no_series_has_no_samples_to_draw():
    data = load_data("adding_problem", samples=10)
    with pytest.raises(ValueError, match="adding_problem has neither images nor a series to draw"):
        draw_samples(*data.arrays("train"), data.description)
