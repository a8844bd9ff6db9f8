"""The table of a comparison, on made-up runs whose figures are known, and against pandas and SciPy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gradschool.callbacks.study.pictures import draw_study
from gradschool.callbacks.study.results import OptimizerStudy
from gradschool.callbacks.study.runs import Rule, Runs, best_rates, common_target, with_target
from gradschool.callbacks.study.summary import summarize
from made_up_runs import UNTRAINED, losses, made_up_runs

RULE = Rule("val_accuracy", True, steps_per_epoch=100)
FOUR = ("training_speed", "convergence", "stability", "generalization")


def table(rule=RULE, step_seconds=None, tests=None, **kwargs) -> pd.DataFrame:
    return summarize(Runs(*made_up_runs(**kwargs)), rule, step_seconds, tests).set_index("optimizer")


def test_the_best_rate_is_that_of_the_best_mean_over_seeds():
    results, untrained = made_up_runs()
    last = results[results["epoch"] == results["epoch"].max()]
    means = last.pivot_table(
        index="optimizer", columns="learning_rate", values="val_accuracy"
    )  # none where it diverged
    expected = means.idxmax(axis=1).to_dict()
    assert best_rates(Runs(results, untrained), RULE) == expected == {"quick": 0.1, "slow": 0.1}


def test_of_equally_accurate_rates_the_one_with_the_lower_loss_is_best():
    results, untrained = made_up_runs()
    results["val_accuracy"] = 0.5
    assert best_rates(Runs(results, untrained), RULE)["quick"] == 0.1


def test_a_rate_at_which_one_run_diverged_is_not_the_best():
    results, untrained = made_up_runs()
    unlucky = (results["seed"] == 1) & (results["learning_rate"] == 0.1) & (results["epoch"] > 3)
    results.loc[unlucky, ["loss", "val_loss", "val_accuracy"]] = np.nan
    assert best_rates(Runs(results, untrained), RULE) == {"quick": 0.01, "slow": 0.01}


def test_figures_of_the_monitored_metric_are_scipys():
    found = table().loc["quick"]
    results, _ = made_up_runs()
    own = results.query("optimizer == 'quick' and learning_rate == 0.1 and epoch == 12")["val_accuracy"]
    low, high = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
    np.testing.assert_allclose([found["val_accuracy"], found["low"], found["high"]], [own.mean(), low, high])
    assert found["seed_spread"] == pytest.approx(own.std())


def test_paired_differences_are_narrow_where_seeds_are_lucky_for_all():
    rng = np.random.default_rng(3)
    results, untrained = made_up_runs(luck=0.2)
    results["val_accuracy"] += rng.normal(0, 1e-3, size=len(results))
    found = summarize(Runs(results, untrained), RULE).set_index("optimizer").loc["slow"]
    paired, single = found["difference_high"] - found["difference_low"], found["high"] - found["low"]
    assert paired < 0.1 * single


def test_steps_and_seconds_to_a_target():
    target = 0.8
    rule = Rule("val_accuracy", True, 100, target=("val_accuracy", target), target_is_lower_limit=True)
    found = table(rule, {"quick": 0.004, "slow": 0.001}, luck=0.0)
    for name, speed in (("quick", 1.0), ("slow", 0.3)):
        epochs = np.flatnonzero(0.9 - losses(speed, 0.1, 12) / 10 >= target)[0] + 1
        assert found.loc[name, "steps_to_target"] == 100 * epochs
        assert found.loc[name, "seconds_to_target"] == pytest.approx(100 * epochs * found.loc[name, "step_seconds"])
    assert (found["reached"] == 3).all()


def test_a_target_that_is_an_upper_limit():
    rule = Rule("val_accuracy", True, 10, target=("val_loss", 0.5), target_is_lower_limit=False)
    expected = np.flatnonzero(losses(1.0, 0.1, 12) + 0.1 <= 0.5)[0] + 1
    assert table(rule).loc["quick", "steps_to_target"] == 10 * expected


def test_runs_that_miss_the_target_are_censored():
    rule = Rule("val_accuracy", True, 100, target=("val_accuracy", 0.999), target_is_lower_limit=True)
    found = table(rule, {"quick": 1.0, "slow": 1.0})
    assert np.isinf(found["steps_to_target"]).all()
    assert np.isinf(found["seconds_to_target"]).all()
    assert (found["reached"] == 0).all()
    assert (found["training_speed"] == "not reached").all()


def test_without_a_target_more_than_half_of_the_optimizers_reach_it():
    optimizers = [(f"opt{number}", speed, 0.1) for number, speed in enumerate((1.2, 0.8, 0.5, 0.3, 0.1))]
    results, untrained = made_up_runs(optimizers=optimizers)
    runs = Runs(results, untrained)
    metric, value = common_target(runs, RULE, best_rates(runs, RULE))
    reached = summarize(runs, RULE).set_index("optimizer")["steps_to_target"]
    assert metric == "val_accuracy"
    assert np.isfinite(reached[["opt0", "opt1", "opt2"]]).all()
    assert np.isinf(reached["opt4"])
    upside_down = results.assign(val_accuracy=-results["val_accuracy"])
    rule = Rule("val_accuracy", False, 100)
    runs = Runs(upside_down, untrained)
    assert common_target(runs, rule, best_rates(runs, rule)) == (metric, -value)


def study_of(results, untrained, rule) -> OptimizerStudy:
    runs = Runs(results, untrained)
    return OptimizerStudy(results, pd.DataFrame(), untrained, {}, with_target(runs, rule, best_rates(runs, rule)))


RULES = [Rule("loss", False, 100), Rule("val_loss", False, 100), RULE]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.monitor)
def test_where_all_runs_diverge_there_is_no_target(rule):
    results, untrained = made_up_runs()
    lost = study_of(results[results["learning_rate"] == 1.0], untrained, rule)  # a figure, and then none
    assert math.isnan(lost.rule.target[1])
    assert np.isinf(lost.summary["steps_to_target"]).all()
    assert (lost.summary["reached"] == 0).all()
    assert (lost.summary["training_speed"] == "not reached").all()
    assert lost.notes[0].startswith("There is no target, and nothing is reached: at its best rate, no optimizer has")
    assert "at most" not in lost.notes[0]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.monitor)
def test_runs_that_diverge_set_no_target(rule):
    results, untrained = made_up_runs()
    alone = results[results["optimizer"] == "slow"]
    wild = results[(results["optimizer"] == "quick") & (results["learning_rate"] == 1.0)]
    found = study_of(pd.concat([wild, alone]), untrained, rule)
    assert found.rule.target == study_of(alone, untrained, rule).rule.target
    assert found.summary.set_index("optimizer")["training_speed"].to_dict() == {"slow": "fast", "quick": "not reached"}


def test_a_loss_above_the_untrained_models_is_no_target():
    results, untrained = made_up_runs()
    results["val_loss"] = UNTRAINED + results["val_loss"]  # training goes well, and generalizes to nothing
    found = study_of(results, untrained, Rule("val_loss", False, 100))
    assert (found.summary["reached"] == 0).all()
    assert "with a val_loss below the untrained model's" in found.notes[0]
    below = study_of(*made_up_runs(), Rule("val_loss", False, 100))
    assert below.rule.target[1] < UNTRAINED
    assert below.notes[0].startswith(f"The target is val_loss of at most {below.rule.target[1]:.4g}, looked at")


def test_the_four_columns_in_figures_and_words():
    found = table(optimizers=(("quick", 1.0, 0.1), ("slow", 0.3, 0.1), ("stuck", 0.01, 0.1)), luck=0.0)
    assert found.loc["quick", "final_loss"] == pytest.approx(losses(1.0, 0.1, 12)[-1])
    lowest = losses(1.0, 0.1, 12)[-1]
    missing = (losses(0.3, 0.1, 12)[-1] - lowest) / (UNTRAINED - lowest)
    assert found.loc["slow", "missing_loss"] == pytest.approx(missing)
    assert found["training_speed"].tolist() == ["fast", "slow", "not reached"]
    assert found["convergence"].tolist() == ["good", "good", "poor"]
    assert (found["diverged"] == 1 / 3).all()  # of the three rates, the highest
    assert (found["stability"] == "poor").all()
    assert found["generalization"].tolist() == ["good", "poor", "poor"]
    np.testing.assert_allclose(found["gap"], 0.1)


def test_stability_is_good_where_nothing_diverges_and_the_loss_falls():
    results, untrained = made_up_runs()
    calm = results[results["learning_rate"] < 1.0]
    assert (summarize(Runs(calm, untrained), RULE)["stability"] == "good").all()
    rough = calm.copy()
    rough.loc[(rough["epoch"] == 5) & (rough["optimizer"] == "slow"), "loss"] += 1.0
    found = summarize(Runs(rough, untrained), RULE).set_index("optimizer")
    assert found["stability"].to_dict() == {"quick": "good", "slow": "poor"}
    assert found.loc["slow", "roughness"] > 0.1 > found.loc["quick", "roughness"]


def test_at_an_equal_training_loss_only_what_generalizes_differs():
    results, untrained = made_up_runs(luck=0.0)
    results.loc[results["optimizer"] == "quick", "val_accuracy"] -= 0.05
    found = summarize(Runs(results, untrained), RULE).set_index("optimizer")
    level = results.query("optimizer == 'slow' and learning_rate == 0.1")["loss"].min()
    quick = results.query("optimizer == 'quick' and learning_rate == 0.1 and seed == 0")
    expected = quick[quick["loss"] <= level]["val_accuracy"].iloc[0]
    assert found.loc["quick", "at_equal_loss"] == pytest.approx(expected)
    assert found.loc["quick", "at_equal_loss"] < found.loc["slow", "at_equal_loss"] - 0.04


def test_the_test_samples_tell_and_never_choose():
    results, untrained = made_up_runs()
    tests = [
        {"seed": seed, "optimizer": name, "learning_rate": rate, "test_accuracy": accuracy + seed / 100}
        for name, at in (("quick", {0.01: 0.99, 0.1: 0.5, 1.0: 0.1}), ("slow", {0.01: 0.4, 0.1: 0.7, 1.0: 0.1}))
        for rate, accuracy in at.items()
        for seed in untrained
    ]
    found = summarize(Runs(results, untrained), RULE, tests=pd.DataFrame(tests)).set_index("optimizer")
    assert found["learning_rate"].to_dict() == {"quick": 0.1, "slow": 0.1}
    assert found.index[0] == "quick"
    assert found["test_accuracy"].to_dict() == pytest.approx({"quick": 0.51, "slow": 0.71})
    assert found["generalization"].to_dict() == {"quick": "poor", "slow": "good"}


def test_the_sensitivity_to_the_learning_rate():
    found = table(optimizers=(("quick", 1.0, 0.1), ("slow", 0.3, 0.1)), luck=0.0)
    # between 0.01 and 0.1, half of the sweep, the missing share falls in a straight line to none
    for name, speed in (("quick", 1.0), ("slow", 0.3)):
        high, low = losses(0.2 * speed, 0.1, 12)[-1], losses(speed, 0.1, 12)[-1]
        assert found.loc[name, "usable_share"] == pytest.approx(0.5 * min(1, 0.1 * (UNTRAINED - low) / (high - low)))


def test_the_edge_of_a_sweep_is_marked():
    results, untrained = made_up_runs()
    assert not table()["at_edge"].any()
    assert summarize(Runs(results[results["learning_rate"] < 1.0], untrained), RULE)["at_edge"].all()
    assert not summarize(Runs(results[results["learning_rate"] == 0.1], untrained), RULE)["at_edge"].any()


def test_one_seed_has_no_intervals():
    found = table(seeds=(5,))
    assert found[["low", "high", "difference_low", "difference_high", "seed_spread"]].isna().all(axis=None)
    assert (found["generalization"] == "untold").all()


def test_an_optimizer_that_diverges_at_every_rate_comes_last():
    results, untrained = made_up_runs()
    lost = results["optimizer"] == "quick"
    results.loc[lost, ["loss", "val_loss", "val_accuracy"]] = np.nan
    found = summarize(Runs(results, untrained), RULE, {"quick": 1.0, "slow": 1.0})
    assert found["optimizer"].tolist() == ["slow", "quick"]
    assert found["convergence"].tolist() == ["good", "poor"]
    assert found["training_speed"].tolist() == ["fast", "not reached"]
    assert found["generalization"].tolist() == ["good", "poor"]
    assert found["diverged"][1] == 1.0
    assert draw_study(Runs(results, untrained), RULE, found).axes


def test_where_all_are_lost_none_generalizes_well():
    results, untrained = made_up_runs()
    results[["loss", "val_loss", "val_accuracy"]] = np.nan
    found = summarize(Runs(results, untrained), RULE, {"quick": 1.0, "slow": 1.0})
    assert (found["generalization"] == "untold").all()


def test_without_validation_the_training_metric_is_what_there_is():
    results, untrained = made_up_runs()
    rule = Rule("loss", False, 100)
    found = summarize(Runs(results[["seed", "optimizer", "learning_rate", "epoch", "loss"]], untrained), rule)
    assert "gap" not in found
    assert (found["generalization"] == "untold").all()
    assert found["optimizer"][0] == "quick"


def test_everything_is_unlearnable_and_still_told():
    results, untrained = made_up_runs()
    results["loss"] = UNTRAINED + 1
    found = summarize(Runs(results, untrained), RULE)
    assert (found["convergence"] == "poor").all()
    assert (found["stability"] == "poor").all()
    assert found["usable_share"].isna().all()


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_the_picture_shows_every_optimizer(seeds):
    results, untrained = made_up_runs(seeds=seeds)
    runs = Runs(results, untrained)
    figure = draw_study(runs, RULE, summarize(runs, RULE))
    training, validation, sensitivity, forest = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["quick, 0.1", "slow, 0.1"]
    for line, (speed, _) in zip(training.lines, ((1.0, 0), (0.3, 0)), strict=True):
        np.testing.assert_allclose(line.get_ydata(), losses(speed, 0.1, 12))
    assert f"range of {len(seeds)} seed" in validation.get_title(loc="left")
    shown = sensitivity.lines[0]
    np.testing.assert_allclose(shown.get_xdata(), [0.01, 0.1])  # the highest rate diverged
    assert [text.get_text() for text in forest.get_yticklabels()] == ["quick", "slow"]
    assert ("one seed" in forest.get_title(loc="left")) == (len(seeds) == 1)


def test_many_optimizers_have_lines_of_their_own():
    optimizers = [(f"opt{number}", 0.1 * (number + 1), 0.1) for number in range(11)]
    runs = Runs(*made_up_runs(optimizers=optimizers, seeds=(0,)))
    training = draw_study(runs, RULE, summarize(runs, RULE)).axes[0]
    assert len({(line.get_color(), line.get_linestyle()) for line in training.lines}) == 11


def test_words_are_those_of_the_course():
    found = table()
    words = {"training_speed": {"fast", "slow"}, "convergence": {"good", "poor"}}
    for column in FOUR:
        assert set(found[column]) <= words.get(column, {"good", "poor"})
    assert math.isclose(found.loc["quick", "difference"], 0.0)
