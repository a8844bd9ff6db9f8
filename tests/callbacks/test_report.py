"""`write_report` shows what the callbacks have measured, for any Keras user, in one file."""

import io
import os
import subprocess
import sys

import keras
import numpy as np
import pandas
import pytest

from gradschool.callbacks import GradientClipping, GradientMonitor, OptimizerComparison, TrainingDoctor, write_report
from gradschool.callbacks.diagnostic import Diagnostic
from gradschool.callbacks.report import history_rows
from report_pages import ReportPage


class WeightNorms(Diagnostic):
    """The norm of each variable after every epoch: the smallest diagnostic there can be."""

    def attach(self, fit):
        pass

    def on_epoch_end(self, epoch, logs=None):
        for variable in self.model.trainable_variables:
            norm = float(np.linalg.norm(keras.ops.convert_to_numpy(variable)))
            self.rows.append({"epoch": epoch + 1, "variable": variable.path, "norm": norm})

    def plot(self):
        from gradschool.callbacks.pictures import new_figure

        self.check_has_results()
        figure = new_figure(6, 3)
        for _, rows in self.results.groupby("variable"):
            figure.gca().plot(rows["epoch"], rows["norm"])
        return figure


def trained(*callbacks, epochs=3, **kwargs):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="hidden"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.random.default_rng(0).normal(size=(16, 3))
    return model, model.fit(x, x[:, :1], epochs=epochs, verbose=0, callbacks=list(callbacks), **kwargs)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report of a fit with validation, and what was in it."""
    clipping, norms = GradientClipping(global_norm=0.1), WeightNorms()
    _, history = trained(clipping, norms, keras.callbacks.TerminateOnNaN(), epochs=9, validation_split=0.25)
    path = tmp_path_factory.mktemp("report") / "report.html"
    given = [clipping, norms, keras.callbacks.TerminateOnNaN()]
    assert write_report(path, given, history, title="My run", settings={"data": "random"}) == path
    return ReportPage(path), clipping, norms, history


@pytest.mark.slow
def test_the_page_needs_nothing_else(written):
    written[0].assert_needs_nothing_else()


def test_a_section_for_each_that_has_something_to_show(written):
    assert written[0].headings == ["Learning curves", "Gradient clipping", "Weight norms", "Settings and versions"]
    assert len(written[0].pictures) == 4  # loss, mae, and one for each callback


def test_the_whole_results_can_be_saved_from_it(written):
    page, clipping, norms, history = written
    assert page.files["gradient_clipping.csv"] == clipping.results.to_csv(index=False)
    assert page.files["weight_norms.csv"] == norms.results.to_csv(index=False)
    saved = pandas.read_csv(io.StringIO(page.files["history.csv"]))
    np.testing.assert_allclose(saved["val_loss"], history.history["val_loss"])
    np.testing.assert_allclose(saved["clip_rate"], history.history["clip_rate"])


def test_tables_are_short(written):
    _, _, norms = written[0].tables
    assert norms[0] == ["epoch", "variable", "norm"]
    assert [row[0] for row in norms[1:]] == ["9"] * 4  # of 36 rows, those of the last epoch


def test_it_says_what_the_model_is(written):
    page = written[0]
    version = f"Keras{keras.__version__}"
    text = page.text.replace("\n", "").replace(" ", "")
    assert version in text
    assert "21parameters" in text
    assert "datarandom" in text
    assert page.text.strip().startswith("My run")


@pytest.mark.slow
def test_what_the_doctor_found_comes_first(tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 3))
    monitor, doctor = GradientMonitor(), TrainingDoctor(batches=(1000 * x, x[:, :1]), verbose=0)
    _, history = trained(monitor, doctor, epochs=2)
    page = ReportPage(write_report(tmp_path / "report.html", [monitor, doctor], history))
    assert page.headings[:3] == ["What the doctor found", "Learning curves", "Gradient monitor"]
    assert "Inputs not normalized" in page.text
    assert "before training" in page.text
    assert all(row["evidence"] in page.text and row["remedy"] in page.text for row in doctor.rows)


@pytest.mark.slow
def test_a_healthy_run_is_said_to_be_healthy(tmp_path):
    doctor = TrainingDoctor(verbose=0)
    trained(doctor, epochs=2)
    page = ReportPage(write_report(tmp_path / "report.html", [doctor]))
    assert "Nothing that the doctor looks for is wrong with this run." in page.text


@pytest.mark.slow
def test_a_doctor_that_saw_nothing_does_not_say_that_all_is_well(tmp_path):
    monitor = GradientMonitor()
    _, history = trained(monitor, epochs=1)
    monitor.findings = [{"epoch": 1, "condition": "vanishing", "layer": "hidden", "evidence": "its norm is 1e-9"}]
    page = ReportPage(write_report(tmp_path / "report.html", [TrainingDoctor(verbose=0), monitor], history))
    assert page.headings == ["Learning curves", "Gradient monitor", "Settings and versions"]
    assert "Nothing that the doctor looks for" not in page.text
    assert "its norm is 1e-9" in page.text


@pytest.mark.slow
def test_one_callback_need_not_stand_in_a_list(tmp_path):
    clipping = GradientClipping(value=1.0)
    trained(clipping, epochs=1)
    page = ReportPage(write_report(tmp_path / "report.html", callbacks=clipping))
    assert page.headings == ["Learning curves", "Gradient clipping", "Settings and versions"]
    for wrong in (keras.callbacks.EarlyStopping(), "doctor", None):
        with pytest.raises(ValueError, match=r"callbacks must be a list, such as \[TrainingDoctor\(\)\]; got"):
            write_report(tmp_path / "report.html", callbacks=wrong)


def test_of_a_comparison_it_says_which_copy_stayed_and_whose_figures_the_others_are(tmp_path):
    comparison = OptimizerComparison({"useless": keras.optimizers.SGD(1e-9), "adam": keras.optimizers.Adam(0.1)})
    clipping = GradientClipping(value=1.0)
    trained(comparison, clipping, epochs=2)
    page = ReportPage(write_report(tmp_path / "report.html", [comparison, clipping]))
    told = "The model was left with adam. What other callbacks of the same fit have measured is of useless."
    assert told in " ".join(page.text.split())


def test_a_model_that_is_not_built_has_no_number_of_parameters(tmp_path):
    norms = WeightNorms()
    norms.set_model(keras.Sequential([keras.layers.Dense(1)], name="later"))
    page = ReportPage(write_report(tmp_path / "report.html", [norms], {"loss": [1.0]}))
    assert "later (Sequential)" in page.text
    assert "parameters" not in page.text
    assert "NoneType" not in page.text  # it has no optimizer either


@pytest.mark.slow
def test_without_a_doctor_the_monitor_tells_what_it_found(tmp_path):
    monitor = GradientMonitor()
    _, history = trained(monitor, epochs=2)
    monitor.findings = [
        {"epoch": epoch, "condition": "vanishing", "layer": "hidden", "evidence": f"its norm is {epoch}e-9"}
        for epoch in (1, 2)
    ]
    page = ReportPage(write_report(tmp_path / "report.html", [monitor], history))
    assert "Vanishing: hidden epochs 1 to 2" in " ".join(page.text.split())
    assert "its norm is 2e-9" in page.text
    assert "its norm is 1e-9" not in page.text


@pytest.mark.slow
def test_history_alone_or_callbacks_alone_are_enough(tmp_path):
    clipping = GradientClipping(value=1.0)
    _, history = trained(clipping)
    pages = [ReportPage(write_report(tmp_path / "a.html", history=one)) for one in (history, history.history)]
    assert [page.headings for page in pages] == [["Learning curves", "Settings and versions"]] * 2
    page = ReportPage(write_report(tmp_path / "b.html", callbacks=[clipping]))
    assert page.headings == ["Learning curves", "Gradient clipping", "Settings and versions"]


def test_a_training_that_diverged_is_shown(tmp_path):
    rows = {"loss": [1.0, float("nan"), float("inf")], "val_loss": [float("nan")] * 3}
    page = ReportPage(write_report(tmp_path / "a.html", history=rows))
    assert [row[1] for row in page.tables[0]] == ["loss", "1", "nan", "inf"]


@pytest.mark.slow
def test_a_figure_without_a_value_for_every_epoch_is_left_out():
    _, history = trained(epochs=4, validation_split=0.25, validation_freq=2)
    assert len(history.history["val_loss"]) == 2
    assert [set(row) for row in history_rows(history)] == [{"epoch", "loss", "mae"}] * 4


def test_what_is_left_out_is_said(tmp_path):
    history = {
        "loss": [0.5, 0.4],
        "val_loss": [0.6],
        "f1_score": [np.array([0.1, 0.2]), np.array([0.3, 0.4])],
        "val_f1_score": [[0.1, 0.2], [0.3, 0.4]],  # as JSON keeps it
    }
    page = ReportPage(write_report(tmp_path / "report.html", history=history))
    assert page.files["history.csv"] == "epoch,loss\n1,0.5\n2,0.4\n"
    text = " ".join(page.text.split())
    assert "Not shown: val_loss (not measured in every epoch, and the history does not tell in which)." in text
    assert "Not shown: f1_score, val_f1_score (not one figure but several)." in text
    assert "Not shown" not in ReportPage(write_report(tmp_path / "b.html", history={"loss": [0.5]})).text


def test_a_metric_of_a_figure_for_each_class_does_not_stop_the_report(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=[keras.metrics.F1Score()])
    history = model.fit(np.ones((4, 3)), np.eye(2)[[0, 1, 0, 1]], epochs=1, verbose=0)
    page = ReportPage(write_report(tmp_path / "report.html", history=history))
    assert len(page.pictures) == 1
    assert "Not shown: f1_score (" in " ".join(page.text.split())


def test_a_history_of_two_fits_shows_the_last():
    both = keras.callbacks.History()
    model, _ = trained(both, epochs=3)
    second = model.fit(np.ones((16, 3)), np.ones((16, 1)), epochs=2, verbose=0, callbacks=[both])
    assert second is both
    assert len(both.history["loss"]) == 5
    losses = both.history["loss"][-2:]
    assert [(row["epoch"], row["loss"]) for row in history_rows(both)] == list(zip((1, 2), losses, strict=True))


def test_epochs_are_those_of_the_fit():
    _, history = trained(initial_epoch=3, epochs=5)
    assert [row["epoch"] for row in history_rows(history)] == [4, 5]


@pytest.mark.parametrize(
    "given", [{}, {"callbacks": [WeightNorms()]}, {"callbacks": [keras.callbacks.EarlyStopping()]}]
)
def test_nothing_measured_is_nothing_to_report(tmp_path, given):
    with pytest.raises(ValueError, match="there is nothing to report yet: pass history="):
        write_report(tmp_path / "report.html", **given)
    assert os.listdir(tmp_path) == []


def test_what_is_no_history_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"history must be what model\.fit returned; got 'history\.csv'"):
        write_report(tmp_path / "report.html", history="history.csv")


@pytest.mark.slow
def test_a_picture_that_fails_leaves_the_old_report(tmp_path, monkeypatch):
    norms = WeightNorms()
    trained(norms)
    path = write_report(tmp_path / "report.html", [norms], title="old")
    monkeypatch.setattr(WeightNorms, "plot", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(path, [norms], title="new")
    assert ReportPage(path).text.strip().startswith("old")
    assert os.listdir(tmp_path) == ["report.html"]


def test_the_parts_of_a_page_load_without_keras():
    source = "import sys, gradschool.callbacks.report as r; r.findings_section([]); print('keras' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "False\n"
    )
