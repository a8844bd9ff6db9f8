"""`gradschool parity`, in processes of its own."""

import json

import keras
import pytest
from typer.testing import CliRunner

from gradschool.zoo.commands.parity import parity
from gradschool.zoo.parity import running

runner = CliRunner()


def app():
    import typer

    app = typer.Typer()
    app.command()(parity)
    return app


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_a_case_holds_on_two_replicas():
    done = runner.invoke(app(), ["dense", "--replicas", "2", "--workers", "0", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["holds"]
    assert {(one["case"], one["setting"]) for one in report["comparisons"]} == {("dense", "2 replicas")}
    assert {(one["precision"], one["part"]) for one in report["comparisons"]} == {
        ("float64", "weights"), ("float64", "history"), ("float64", "evaluation"), ("float64", "predictions"),
        ("float32", "weights"), ("float32", "history"),
    }  # fmt: skip
    assert all(0 <= one["difference"] <= one["allowed"] for one in report["comparisons"])


@pytest.mark.parametrize("options", [[], ["--json"], ["--markdown"]])
def test_a_difference_is_reported_and_makes_the_status_1(monkeypatch, options):
    def trained(settings, names, **_):
        return {
            setting: {name: {"float64": {"weights": [float(number)]}} for name in names}
            for number, setting in enumerate(settings)
        }

    monkeypatch.setattr(running, "train_in_settings", trained)
    done = runner.invoke(app(), ["dense", "--replicas", "2", *options])
    assert done.exit_code == 1
    if options == ["--json"]:
        report = json.loads(done.stdout)
        assert not report["holds"]
        assert [(one["setting"], one["difference"]) for one in report["comparisons"]] == [
            ("2 replicas", 1.0),
            ("2 workers", 2.0),
        ]
    else:
        assert "1e+00, float64 weights FAIL" in done.stdout
    if not options:
        assert "differs: dense, float64, 2 workers, weights: 2 > 1e-09" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["densest"], "unknown parity case 'densest'; did you mean 'dense'?"),
        (["--replicas", "two"], "--replicas must be whole numbers, such as 2,4; got 'two'."),
        (["--workers", "1"], "--workers must be numbers of at least 2, or 0 for none; got '1'."),
        (["--replicas", "0", "--workers", "0"], "there is nothing to compare one device with"),
    ],
)
def test_wrong_words_are_refused(words, message):
    done = runner.invoke(app(), words)
    assert isinstance(done.exception, ValueError)
    assert str(done.exception).startswith(message)
