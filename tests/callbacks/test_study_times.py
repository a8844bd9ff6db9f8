"""Steps are timed in turns, within the fit."""

import keras
import numpy as np
import pytest

from gradschool.callbacks.study import times
from gradschool.callbacks.study.times import SETTLING, epoch_timer, take_turns

X, Y = np.ones((24, 5), "float32"), np.ones((24, 1), "float32")


def make_model():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])


def compiled():
    model = make_model()
    model.compile("sgd", "mse")
    return model


def test_everyone_takes_a_turn_in_every_round_and_nobody_is_always_first():
    calls = []

    def timer(name):
        def run():
            calls.append(name)
            return float(len(calls))

        return run

    seconds = take_turns({name: timer(name) for name in "abc"}, rounds=3)
    rounds = [calls[first : first + 3] for first in range(0, len(calls), 3)]
    assert len(rounds) == SETTLING + 3
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert [one[0] for one in rounds[SETTLING:]] == ["a", "b", "c"]
    for name, found in seconds.items():  # those of the rounds that count
        assert found == [1.0 + 3 * number + one.index(name) for number, one in enumerate(rounds)][SETTLING:]


class Clock:
    """A clock that stands still unless something takes its time."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(times, "time", made)
    return made


def test_an_epoch_is_timed_within_the_fit(clock):
    class Slow(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            clock.now += 100

        def on_epoch_end(self, epoch, logs=None):
            clock.now += 7

    run = epoch_timer(compiled(), [Slow()], x=X, y=Y, batch_size=8)
    assert [run(), run()] == [7.0, 7.0]
