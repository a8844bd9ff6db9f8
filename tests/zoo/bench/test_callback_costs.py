"""Measuring what callbacks cost: fits that take turns, the figures, the table."""

import contextlib
import io
import time

import keras
import numpy as np
import pytest
from rich.console import Console

from gradschool.zoo.bench import callback_costs, fits_in_turn
from gradschool.zoo.bench.callback_costs import CostOptions
from gradschool.zoo.bench.cases import BenchCase
from gradschool.zoo.bench.fits_in_turn import FitInTurn, train_in_turns
from gradschool.zoo.bench.report import render_costs


def begin(*callbacks, batch_size=8):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    turn = FitInTurn()
    x = np.ones((8, 3), "float32")
    how = {"batch_size": batch_size, "epochs": 10**6, "verbose": 0}
    turn.start(lambda own: model.fit(x, x[:, :1], callbacks=[own, *callbacks], **how))
    return turn, model


class Slow(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.1)


class Batches(keras.callbacks.Callback):
    """Notes whose batches were trained, in a list that fits share."""

    def __init__(self, name, seen):
        super().__init__()
        self.name, self.seen = name, seen

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((self.name, batch))


def test_fits_take_turns_and_what_callbacks_do_is_timed():
    (quick, model), (slow, other) = begin(), begin(Slow())
    with quick, slow:
        seconds = [train_in_turns([quick, slow]) for _ in range(4)]
    assert min(taken for _, taken in seconds) >= 0.1
    assert np.median([taken for taken, _ in seconds]) < np.median([taken for _, taken in seconds])
    for trained in (model, other):
        assert len(trained.history.history["loss"]) in (4, 5)  # the last may end while we look


def test_turns_are_shorter_than_an_epoch_and_an_epoch_is_the_sum_of_its_turns(monkeypatch):
    monkeypatch.setattr(fits_in_turn, "_calls_return_when_done", lambda: True)
    monkeypatch.setattr(fits_in_turn, "TURN", 0.0)  # so that every batch is a turn
    seen = []
    (first, _), (second, _) = begin(Batches("a", seen), batch_size=2), begin(Batches("b", seen), batch_size=2)
    with first, second:
        one, other = train_in_turns([first, second])
        assert seen == [
            ("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2), ("b", 3), ("a", 3)
        ]  # fmt: skip
        assert first.epoch_has_ended
        assert second.epoch_has_ended
        assert min(one, other) > 0
        again, _ = train_in_turns([first, second])
        assert len(seen) == 16
        assert again < one  # the first epoch compiled, and its seconds are not in the second


def test_a_turn_is_a_whole_epoch_where_calls_may_return_before_their_work_is_done(monkeypatch):
    monkeypatch.setattr(fits_in_turn, "_calls_return_when_done", lambda: False)
    monkeypatch.setattr(fits_in_turn, "TURN", 0.0)
    seen = []
    (first, _), (second, _) = begin(Batches("a", seen), batch_size=2), begin(Batches("b", seen), batch_size=2)
    with first, second:
        train_in_turns([first, second])
        assert [name for name, _ in seen] == ["a"] * 4 + ["b"] * 4


def test_an_error_in_a_fit_is_raised_where_the_turn_was_given():
    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError("in the fit")

    turn, _ = begin(Break())
    with pytest.raises(KeyError, match="in the fit"):
        turn.take()


def test_fits_end_with_the_block_even_if_the_next_one_cannot_begin():
    waiting, model = begin()
    with pytest.raises(ValueError, match="cannot begin"), waiting:
        FitInTurn().start(lambda _: model.fit("cannot begin"))
    assert waiting._fit.done()
    assert model.stop_training


@pytest.mark.slow
def test_callbacks_and_the_comparison_are_measured_on_both_loops(monkeypatch):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the zoo's fit is Keras's on other back ends")
    monkeypatch.setattr(callback_costs, "OPTIMIZERS", ("sgd", "adam"))
    few = callback_costs.measured_callbacks()[:4]
    monkeypatch.setattr(callback_costs, "measured_callbacks", lambda: few)
    case = BenchCase("mlp", (28, 28, 1), 10, batch=16, steps=3, goals={})
    report = callback_costs.measure_costs([case], CostOptions(rounds=2, fits=1))
    (measured,) = report["models"]
    names = [cost.name for cost in callback_costs.measured_callbacks()]
    for loop in measured["loops"].values():
        assert loop["step_ms"] > 0
        assert list(loop["callbacks"]) == names
    with_goals = [name for name, row in measured["loops"]["keras"]["callbacks"].items() if row["goal"] == 0.05]
    assert with_goals == ["clipping by global norm", "monitor", "dead units"]
    assert all(0 < share["median"] < 50 for share in measured["optimizers"]["shares"].values())
    console = Console(width=110, file=io.StringIO())
    console.print(render_costs(report))
    assert all(name in console.file.getvalue() for name in names)


@pytest.mark.slow
def test_only_what_has_a_goal_can_be_measured():
    case = BenchCase("mlp", (28, 28, 1), 10, batch=16, steps=3, goals={})
    report = callback_costs.measure_costs([case], CostOptions(rounds=1, fits=1, only_goals=True))
    (measured,) = report["models"]
    assert list(measured["loops"]) == ["keras"]
    goals = {name: row["goal"] for name, row in measured["loops"]["keras"]["callbacks"].items()}
    assert goals.pop("Adam(global_clipnorm=1.0)") is None  # to compare
    assert goals == {"clipping by global norm": 0.05, "monitor": 0.05, "dead units": 0.05}
    assert "optimizers" not in measured
    console = Console(width=110, file=io.StringIO())
    console.print(render_costs(report))
    assert "dead units" in console.file.getvalue()


def test_what_an_optimizer_does_is_measured_by_its_own_arguments(monkeypatch):
    begun = []
    monkeypatch.setattr(callback_costs, "_epochs", lambda fits, rounds: [[1.0] * rounds, [1.5] * rounds])

    def begin_noted(case, loop, inputs, targets, callbacks=(), optimizer=None):
        begun.append((len(callbacks), optimizer and optimizer.global_clipnorm))
        return contextlib.nullcontext()

    monkeypatch.setattr(callback_costs, "_begin", begin_noted)
    case = BenchCase("mlp", (28, 28, 1), 10, batch=16, steps=3, goals={})
    report = callback_costs.measure_costs([case], CostOptions(rounds=2, fits=1, only_goals=True))
    assert begun == [(0, None), (1, None), (0, None), (0, 1.0), (0, None), (1, None), (0, None), (1, None)]
    assert report["models"][0]["loops"]["keras"]["callbacks"]["Adam(global_clipnorm=1.0)"]["median"] == 0.5


@pytest.mark.parametrize("name", ["rounds", "fits"])
def test_a_number_below_one_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1; got 0"):
        CostOptions(**{name: 0})


def test_a_table_says_which_goals_are_met():
    def cost(median, goal, met):
        return {"median": median, "quartiles": [median - 0.01, median + 0.01], "goal": goal, "met": met}

    callbacks = {"monitor": cost(0.034, 0.05, True), "dead units": cost(0.071, 0.05, False)}
    free = {name: {**one, "goal": None, "met": None} for name, one in callbacks.items()}
    optimizers = {
        "optimizers": ["sgd", "adam"],
        "eight_fits_ms": 15.2,
        "shares": {"in Keras's fit": {**cost(0.29, 0.3, True)}},
    }
    loops = {"keras": {"step_ms": 1.9, "callbacks": callbacks}, "gradschool": {"step_ms": 0.5, "callbacks": free}}
    report = {"rounds": 7, "fits": 3, "models": [{"model": "mlp", "loops": loops, "optimizers": optimizers}]}
    console = Console(width=100, file=io.StringIO())
    console.print(render_costs(report))
    table = console.file.getvalue()
    assert "+3.4% (5%) yes" in table
    assert "+7.1% (5%) no" in table
    assert "in Keras's fit: 0.29 (0.3) yes" in table


def test_a_table_with_both_loops_fits_on_a_screen():
    row = {"median": 1.075, "quartiles": [1.057, 1.124], "goal": 0.05, "met": False}
    callbacks = {cost.name: row for cost in callback_costs.measured_callbacks()}
    loops = {name: {"step_ms": 1.9, "callbacks": callbacks} for name in ("keras", "gradschool")}
    console = Console(width=80, file=io.StringIO())
    console.print(render_costs({"rounds": 7, "fits": 3, "models": [{"model": "mlp", "loops": loops}]}))
    table = console.file.getvalue()
    assert all(name in table for name in callbacks)
    assert table.count("+105.7% to +112.4%") == 2 * len(callbacks)
