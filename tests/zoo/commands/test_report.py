"""`gradschool report`: a run folder on one page, whatever became of the run."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gradschool.__main__ import main
from gradschool.zoo.engine import results
from gradschool.zoo.engine.progress import ProgressBar
from gradschool.zoo.report import report_run
from report_pages import ReportPage

FIT = ["fit", "mlp_16_16", "--epochs", "2"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run with clipping, to be looked at and not changed."""
    out = tmp_path_factory.mktemp("finished") / "run"
    assert main([*FIT, "--clip", "global_norm=0.5", "--set", "activation=tanh", "--out", str(out)]) == 0
    return out


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def change(run, **values):
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | values))


def report(run, *arguments):
    """The page that the command writes."""
    assert main(["report", str(run), *arguments]) == 0
    page = ReportPage(run / "report.html")
    page.assert_needs_nothing_else()
    return page


def refused(capsys, *arguments):
    capsys.readouterr()
    assert main(["report", *arguments]) == 2
    return capsys.readouterr().err


@pytest.mark.slow
def test_a_finished_run(run, capsys):
    page = report(run)
    assert capsys.readouterr().out == f"report: {run / 'report.html'}\n"
    assert page.headings == ["Learning curves", "Results", "Clipping", "Settings and versions"]
    curves, shown, clipping = 3, 3, 1  # with the learning rate; confusion, mistakes, first layer
    assert len(page.pictures) == curves + shown + clipping
    assert "finished" in page.text
    assert "gradschool fit mlp_16_16 --epochs 2 --clip global_norm=0.5" in page.text
    assert "global_norm: 0.5" in page.text
    accuracy = json.loads((run / "metrics.json").read_text())["test"]["accuracy"]
    assert f"{100 * accuracy:.2f} %" in page.text


def test_the_figures_can_be_saved_from_it(run):
    files = report(run).files
    for name in ("history.csv", "clipping.csv"):
        saved, there = (list(csv.reader(text.splitlines())) for text in (files[name], (run / name).read_text()))
        assert saved[0] == there[0]
        assert [list(map(float, row)) for row in saved[1:]] == [list(map(float, row)) for row in there[1:]]
        assert len(saved) == 3
    assert set(files) == {"history.csv", "clipping.csv", "results.csv"}


def test_json_says_where_it_is_and_what_is_in_it(run, capsys):
    assert main(["report", str(run), "--out", "elsewhere.html", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["report"] == "elsewhere.html"
    assert said["sections"] == ReportPage("elsewhere.html").headings
    assert not (run / "report.html").exists()


@pytest.mark.slow
def test_neither_tensorflow_nor_keras_is_needed(run):
    source = """
import sys
from gradschool.__main__ import main
status = main(["report", sys.argv[1]])
print([name for name in ("tensorflow", "keras", "jax", "torch", "sklearn") if name in sys.modules], status)
"""
    done = subprocess.run([sys.executable, "-c", source, str(run)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.slow
def test_what_the_doctor_found_comes_first(run):
    change(run, watch=["doctor"])
    page = report(run)
    assert page.headings[0] == "What the doctor found"
    assert "have not been written yet" in page.text
    (run / "findings.csv").write_text("\n")
    assert "Nothing that the doctor looks for is wrong with this run." in report(run).text
    rows = [f"{epoch},dead units,hidden1,{7 + epoch} of 16,slower\n" for epoch in (1, 2)]
    (run / "findings.csv").write_text("epoch,condition,layer,evidence,remedy\n" + "".join(rows))
    text = " ".join(report(run).text.split())
    assert "Dead units: hidden1 epochs 1 to 2 9 of 16 Do: slower" in text
    assert "Nothing that the doctor" not in text
    (run / "findings.csv").write_text("\n")
    (run / "history.csv").unlink()
    assert "No epoch came to its end" in report(run).text


def test_a_run_from_before_there_were_reports(run):
    config = json.loads((run / "config.json").read_text())
    del config["watch"], config["recipe"]["clip"]
    (run / "config.json").write_text(json.dumps(config))
    (run / "clipping.csv").unlink()
    (run / "clipping.png").unlink()
    assert report(run).headings == ["Learning curves", "Results", "Settings and versions"]


def test_a_run_that_was_killed_before_its_first_epoch_ended(run):
    for path in run.iterdir():
        if path.name != "config.json":
            path.unlink()
    change(run, status="running")
    page = report(run)
    assert page.headings == ["Settings and versions"]
    assert "This run was still going when the page was made, or was killed" in page.text
    assert "0 of 2 epochs" in page.text


@pytest.mark.slow
def test_a_run_that_diverged(capsys):
    words = ["--learning-rate", "1e30", "--optimizer", "sgd", "--clip", "value=1e30", "--clip", "nonfinite=skip"]
    assert main([*FIT, *words, "--out", "run"]) == 2
    why = capsys.readouterr().err.partition("gradschool: error: ")[2].strip()
    assert "diverged" in why
    page = report(Path("run"))
    assert page.headings == ["Learning curves", "Clipping", "Settings and versions"]
    assert why in " ".join(page.text.split())
    assert "diverged" in page.text.split()


@pytest.mark.slow
def test_a_run_that_was_interrupted(monkeypatch):
    def interrupt(self, epoch, logs=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(ProgressBar, "on_epoch_end", interrupt)
    assert main([*FIT, "--out", "run"]) == 130
    page = report(Path("run"))
    assert "interrupted" in page.text.split()
    assert "before its first checkpoint; --overwrite trains it anew" in page.text
    assert "1 of 2 epochs" in page.text
    Path("run/checkpoints/step-000000000011.npz").touch()
    assert "--resume goes on with it" in report(Path("run")).text


@pytest.mark.slow
def test_a_repetition_over_seeds():
    assert main([*FIT, "--seeds", "2", "--clip", "norm=1", "--watch", "doctor", "--out", "runs"]) == 0
    page = report(Path("runs"))
    measured = ["Learning curves", "Clipping", "Settings and versions"]
    assert page.headings == ["What the doctor found", "Runs", *measured]
    assert [row[0] for row in page.tables[0]] == ["run", "seed-0", "seed-1", "mean", "sample standard deviation"]
    metrics = json.loads(Path("runs/metrics.json").read_text())
    shown = [float(row[page.tables[0][0].index("loss")]) for row in page.tables[0][1:]]
    wanted = [run["test"]["loss"] for run in metrics["runs"]] + [metrics["test"]["loss"], metrics["spread"]["loss"]]
    assert shown == pytest.approx(wanted, rel=1e-3)
    rows = list(csv.DictReader(page.files["clipping.csv"].splitlines()))
    assert [(row["run"], row["epoch"]) for row in rows] == [(f"seed-{n}", e) for n in (0, 1) for e in ("1", "2")]
    assert report(Path("runs/seed-1")).headings == ["What the doctor found", measured[0], "Results", *measured[1:]]


@pytest.mark.slow
def test_folds_of_which_the_second_fails(monkeypatch):
    done = results.predict_test

    def fail_in_the_second(model, data):
        if Path("runs/fold-2-of-2").exists():
            raise ValueError("out of paper")
        return done(model, data)

    monkeypatch.setattr(results, "predict_test", fail_in_the_second)
    assert main([*FIT, "--folds", "2", "--out", "runs"]) == 2
    page = report(Path("runs"))
    assert "failed" in page.text.split()
    assert "out of paper" in page.text
    assert [row[:2] for row in page.tables[0][1:]] == [["fold-1-of-2", "finished"], ["fold-2-of-2", "failed"]]
    assert page.headings == ["Runs", "Learning curves", "Settings and versions"]


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert "nowhere is not a run folder of gradschool: it has no config.json" in refused(capsys, "nowhere")
    Path("config.json").write_text('{"name": "mine"}')
    assert "is not a run folder of gradschool: its config.json was not written by a fit" in refused(
        capsys, str(tmp_path)
    )
    Path("config.json").write_text('{"gradschool": "0.1.0", "comparison": {}}')
    assert "holds a comparison of optimizers, with a page of its own" in refused(capsys, str(tmp_path))
    Path("config.json").write_text("[]")
    assert "config.json was not written by gradschool" in refused(capsys, str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.mark.slow
def test_a_place_that_cannot_be_written_to_is_refused(run, capsys):
    assert "there is no folder" in refused(capsys, str(run), "--out", "nowhere/report.html")
    assert "is a folder; name a file" in refused(capsys, str(run), "--out", str(run))


def test_a_damaged_picture_is_named(run, capsys):
    (run / "confusion.png").write_bytes(b"")
    assert "confusion.png" in refused(capsys, str(run))
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.json", b'{"gradschool": "0", "recipe": {}}', "its recipe has no model. Put it back"),
        ("config.json", b'{"gradschool": "0", "recipe": 3}', "its recipe has no model. Put it back"),
        ("config.json", b"\xff{}", "'utf-8' codec can't decode"),
        ("history.csv", b"epoch,loss\n1,0.5\n2,much\n", "loss is 'much' in row 2. Put it right, or take it away"),
        ("history.csv", b"epoch,loss\n1,0.5\n,0.4\n", "row 2 has None for epoch. Put it right"),
        ("history.csv", b"epoch,loss\nfirst,0.5\n", "row 1 has 'first' for epoch. Put it right"),
        ("history.csv", b"epoch,loss\n1,\xff\n", "'utf-8' codec can't decode"),
        ("clipping.csv", b"epoch,grad_norm\n1,\xff\n", "'utf-8' codec can't decode"),
        ("findings.csv", b"epoch,evidence\n1,it is bad\n", "row 1 has None for condition. Put it right"),
        ("metrics.json", b'{"test": {"loss": "low"}}', "test has 'low' for loss. Put it right, or take it away"),
        ("metrics.json", b'{"test": 3}', "test is 3. Put it right"),
    ],
)
def test_a_damaged_file_is_named(run, capsys, name, content, says):
    change(run, watch=["doctor"])
    (run / name).write_bytes(content)
    error = refused(capsys, str(run))
    assert f"{name} cannot be read: {says}" in " ".join(error.split())
    assert "Traceback" not in error
    assert not (run / "report.html").exists()


def test_an_epoch_may_lack_a_figure(run):
    (run / "metrics.json").unlink()
    (run / "history.csv").write_text("epoch,loss,val_loss\n1,0.5,0.75\n2,,0.625\n")
    page = report(run)
    assert page.headings == ["Learning curves", "Results", "Clipping", "Settings and versions"]
    assert "0.625" in page.text.partition("Learning curves")[0]  # of the last epoch's figures, that which is there


def test_report_run_gives_the_same(run):
    written = report_run(run)
    assert written.path == run / "report.html"
    assert written.sections == ReportPage(written.path).headings
