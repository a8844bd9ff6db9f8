"""What is told beside a result: errors in units, naive forecasts, the majority class; and their means over runs."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.description import Description, Output
from gradschool.zoo.engine import scoring
from gradschool.zoo.engine.evaluation import Predictions, errors_in_units, majority_accuracy
from gradschool.zoo.engine.opening import Trained
from gradschool.zoo.engine.repeats import summarise
from gradschool.zoo.engine.scoring import _check_fit, measure_trained
from gradschool.zoo.models.linear_regression import LinearRegression
from gradschool.zoo.models.seq2seq import Seq2Seq

TARGETS = np.array([[0.0, 1.0], [2.0, -1.0]])
ANSWERS = np.array([[1.0, 1.0], [2.0, 2.0]])


def described(*outputs):
    return Description("d", "files", "regression", "", (3,), None, (), {}, "", "", outputs=outputs)


def test_values_of_one_unit_share_an_error():
    known = described(Output("in 1 hour", "cars", 5.0, 10.0), Output("in 2 hours", "cars", 5.0, 20.0))
    errors = errors_in_units(Predictions(None, TARGETS, ANSWERS), known, {"last value": TARGETS + 1})
    assert errors["unit"] == "cars"
    assert errors["mean_absolute_error"] == pytest.approx((10 * 1 + 20 * 0 + 10 * 0 + 20 * 3) / 4)
    assert errors["last_value"] == pytest.approx((10 + 20) / 2)


def test_values_of_several_units_have_one_each():
    known = described(Output("angle", "degrees", 0.0, 4.0), Output("speed", "m/s", 10.0, 2.0))
    errors = errors_in_units(Predictions(None, TARGETS, ANSWERS), known, {"persistence": TARGETS})
    assert errors["angle"] == {"unit": "degrees", "mean_absolute_error": pytest.approx(2.0), "persistence": 0.0}
    assert errors["speed"] == {"unit": "m/s", "mean_absolute_error": pytest.approx(3.0), "persistence": 0.0}


def test_the_majority_is_that_of_the_training_part():
    assert majority_accuracy(np.array([2, 2, 0]), np.array([0, 0, 2, 1])) == 0.25


def test_means_over_runs_are_of_what_all_of_them_have():
    def run(accuracy, **more):
        return {"test": {"accuracy": accuracy}, **more}

    in_units = [{"test_in_units": {"unit": "cars", "mean_absolute_error": value}} for value in (1.0, 4.0)]
    summary = summarise([run(0.5, **in_units[0]), run(0.7, **in_units[1])])
    assert summary["test_in_units"] == {"unit": "cars", "mean_absolute_error": 2.5}
    assert summary["spread"]["accuracy"] == pytest.approx(np.std([0.5, 0.7], ddof=1))
    one_has_it = [run(0.5, baselines={"accuracy": {"majority class": 0.4}}), run(0.7)]
    assert "baselines" not in summarise(one_has_it)
    assert "baselines" not in summarise(one_has_it[::-1])


def test_values_in_another_unit_are_refused():
    trained = Trained(LinearRegression((3,)), "drive", [], {}, outputs=(Output("angle", "degrees"),))
    _check_fit(trained, described(Output("angle", "degrees", 2.0, 3.0)))
    with pytest.raises(ValueError, match="the model predicts degrees; the values of d are of full lock"):
        _check_fit(trained, described(Output("angle", "of full lock")))


def test_other_data_are_scored_in_the_scale_of_the_run(tmp_path, monkeypatch):
    """The model's answers are standardised as its own data were, whatever the others' mean and deviation."""
    files = [tmp_path / "own.csv", tmp_path / "other.csv"]
    for scale, file in enumerate(files, start=1):
        rows = [f"{datetime(2024, 3, 1) + timedelta(days=day)},{scale * (day % 7)}" for day in range(100)]
        file.write_text("\n".join(["day,views", *rows]) + "\n")
    own = load_data(files[0], window=3).description
    model = LinearRegression((3,))
    model.compile(loss="mse")
    trained = Trained(model, str(files[0]), [], {}, outputs=own.outputs, input_scales=own.input_scales)
    monkeypatch.setattr(scoring, "score", lambda _, batches: next(iter(batches)))
    x, y = (np.asarray(one) for one in measure_trained(trained, str(files[1]), options={"window": 3})["test"])
    restore, days = own.outputs[0].restore, np.arange(80, 100)
    np.testing.assert_allclose(restore(y[:, 0]), 2 * (days % 7), atol=1e-5)
    np.testing.assert_allclose(restore(x[:, -1]), 2 * ((days - 1) % 7), atol=1e-5)


def test_errors_are_measured_in_units_beside_what_needs_no_model(tmp_path):
    file = tmp_path / "own.csv"
    values = np.random.default_rng(0).integers(100, size=100)
    rows = [f"{datetime(2024, 3, 1) + timedelta(days=day)},{value}" for day, value in enumerate(values)]
    file.write_text("\n".join(["day,views", *rows]) + "\n")
    own = load_data(file, window=3).description
    model = LinearRegression((3,))
    model.compile(loss="mse")
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])  # its answer is always the mean
    recipe = {"data_options": {"window": 3}}
    trained = Trained(model, str(file), [], recipe, outputs=own.outputs, input_scales=own.input_scales)
    found = measure_trained(trained)["test_in_units"]
    tested = values[80:]
    assert found["unit"] == "views"
    assert found["mean_absolute_error"] == pytest.approx(np.abs(tested - own.outputs[0].mean).mean(), rel=1e-5)
    assert found["last_value"] == pytest.approx(np.abs(tested - values[79:-1]).mean(), rel=1e-5)


@pytest.mark.slow
def test_a_translator_is_measured_by_bleu_again(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"{a} {b}\t{b} {a}\n" for a in "abcdefgh" for b in "abcdefgh"))
    known = load_data(file).description
    model = Seq2Seq(known.input_tokens, known.classes, units=3, embedding=2)
    tokenizers = {"input_tokenizer": known.input_tokenizer, "target_tokenizer": known.target_tokenizer}
    found = measure_trained(Trained(model, str(file), [], {}, **tokenizers), part="validation")["validation"]
    assert found["sentences"] == known.samples["validation"]
    assert 0 <= found["bleu"] <= 100
    assert found["loss"] > 0


@pytest.mark.parametrize("options", [{"gaps": "fill"}, {"validation_share": 0.3}])
def test_a_series_is_not_split_in_another_way_than_in_training(tmp_path, options):
    (tmp_path / "own.csv").touch()
    own = str(tmp_path / "own.csv")
    trained = Trained(LinearRegression((3,)), own, [], {"data_options": {"validation_share": 0.2}})
    with pytest.raises(ValueError, match=f"{next(iter(options))}: with other options, other samples"):
        measure_trained(trained, options=options)
