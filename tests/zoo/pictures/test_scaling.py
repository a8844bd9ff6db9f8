"""The picture of scaling shows the measurement, the fitted curves and the prediction: read back from what was drawn."""

import numpy as np
import pytest

from gradschool.zoo.pictures.scaling import scaling
from gradschool.zoo.scaling.fitting import fit_measurement, gradients_of, summary
from gradschool.zoo.scaling.model import Gradients, all_reduce_seconds, step_seconds
from gradschool.zoo.scaling.prediction import predict
from scaling_made_up import TRUE, made_up


def draw(**kwargs):
    """The report and the three panels, laid out as saving would."""
    measurement = made_up(**kwargs)
    costs = fit_measurement(measurement)
    gradients = Gradients(measurement["gradient_bytes"])
    report = {
        "measurement": measurement,
        "fit": summary(measurement, costs),
        "prediction": predict(TRUE, gradients, 512, [1, 2, 8, 64]),
    }
    figure = scaling(report)
    figure.canvas.draw()
    return report, figure.axes


def dots(axes):
    """The measured points by their label: what an error bar draws without a line."""
    return {one.get_label(): one.lines[0].get_xydata() for one in axes.containers}


def test_measured_steps_and_their_curves():
    report, (axes, _, _) = draw()
    times = {(one["replicas"], one["batch"]): 1e3 * one["seconds"] for one in report["measurement"]["steps"]}
    assert list(dots(axes)) == ["batch 32", "batch 128", "batch 512"]
    np.testing.assert_allclose(dots(axes)["batch 128"], [(n, times[n, 128]) for n in (1, 2, 4)])
    curves = [line for line in axes.lines if len(line.get_xdata()) == 4]
    gradients = gradients_of(report["measurement"])
    for curve, batch in zip(curves, (32, 128, 512), strict=True):
        expected = 1e3 * step_seconds(TRUE, np.arange(1, 5), batch, gradients, shares_cores=True)
        np.testing.assert_allclose(curve.get_ydata(), expected, rtol=1e-5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("replicas on the same cores", "ms of a step")


def test_quartiles_are_drawn_around_the_medians():
    report, (axes, _, _) = draw()
    bars = axes.containers[0].lines[2][0].get_segments()
    for bar, one in zip(bars, report["measurement"]["steps"][::3], strict=True):
        np.testing.assert_allclose(bar[:, 1], 1e3 * np.array(one["quartiles"]))


def test_measured_sums_and_their_curves():
    report, (_, axes, _) = draw()
    assert list(dots(axes)) == ["2 replicas", "4 replicas"]
    expected = [(one["bytes"], 1e6 * one["seconds"]) for one in report["measurement"]["all_reduces"][:4]]
    np.testing.assert_allclose(dots(axes)["2 replicas"], expected)
    curve = next(line for line in axes.lines if len(line.get_xdata()) == 100)
    gradients = gradients_of(report["measurement"])
    ends = [1e6 * all_reduce_seconds(TRUE, 2, Gradients(size, 1, gradients.collective)) for size in (2**10, 2**24)]
    np.testing.assert_allclose(curve.get_ydata()[[0, -1]], ends, rtol=1e-5)
    assert axes.get_ylabel() == "µs of a sum"


def test_predicted_speed_ups_beside_the_ideal():
    report, (_, _, axes) = draw()
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["ideal"].get_xydata(), [(n, n) for n in (1, 2, 8, 64)])
    for kind, label in (("strong", "strong: 512 samples in all"), ("weak", "weak: 512 samples for each")):
        speedups = [row["speedup"] for row in report["prediction"][kind]["rows"]]
        np.testing.assert_allclose(lines[label].get_ydata(), speedups)
    assert axes.get_xlabel() == "accelerators"


@pytest.mark.parametrize("replicas", [(1,), (2,), (1, 3, 16)])
def test_every_measurement_is_a_picture(replicas):
    _, (steps, sums, _) = draw(replicas=replicas, shares_cores=False)
    assert steps.get_xlabel() == "replicas"
    words = [text.get_text() for text in sums.texts]
    assert words == (["one replica has nothing to sum"] if replicas == (1,) else [])
