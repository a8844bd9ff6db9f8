"""Every optimizer of a comparison is tried at equally many learning rates."""

import keras
import numpy as np
import pytest

from gradschool.callbacks.study.learning_rate_sweep import find_makers, sweep, usual_rate


def rates_of(candidates, name):
    return [one.learning_rate for one in candidates if one.optimizer == name]


def test_names_optimizers_and_functions_become_functions_of_the_rate():
    makers = find_makers(
        {
            "plain": "SGD",
            "heavy": "momentum",
            "mine": keras.optimizers.Adam(0.5, beta_1=0.8, clipnorm=2.0),
            "falling": lambda rate: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, 10)),
        }
    )
    made = {name: make(0.25) for name, make in makers.items()}
    assert [type(one).__name__ for one in made.values()] == ["SGD", "SGD", "Adam", "Adam"]
    assert (made["plain"].momentum, made["heavy"].momentum) == (0.0, 0.9)
    assert (made["mine"].beta_1, made["mine"].clipnorm) == (0.8, 2.0)
    for optimizer in made.values():
        assert float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == 0.25


def test_every_call_gives_a_new_optimizer():
    make = find_makers([keras.optimizers.Adam()])["adam"]
    assert make(0.1) is not make(0.1)


def test_text_with_commas_is_a_list_of_names():
    assert list(find_makers("sgd, Nesterov,adamW")) == ["sgd", "nesterov", "adamw"]


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "lion"])
def test_the_default_rates_lie_evenly_around_the_usual_one(name):
    makers = find_makers([name])
    rates = rates_of(sweep(makers), name)
    usual = usual_rate(makers[name])
    np.testing.assert_allclose(rates, usual * np.logspace(-1, 1, 5), rtol=0.02)


def test_the_budget_is_equal():
    candidates = sweep(find_makers(["sgd", "adam", "adadelta"]), 4)
    assert [len(rates_of(candidates, name)) for name in ("sgd", "adam", "adadelta")] == [4, 4, 4]
    assert len({one.label for one in candidates}) == 12


@pytest.mark.parametrize("count", [40, 400, np.int64(3)])
def test_however_many_rates_there_are_none_is_another_one(count):
    candidates = sweep(find_makers(["sgd", "adam"]), count)
    assert len({one.label for one in candidates}) == len({(one.optimizer, one.learning_rate) for one in candidates})
    assert [len(set(rates_of(candidates, name))) for name in ("sgd", "adam")] == [count, count]


def test_rates_that_agree_to_six_digits_have_labels_of_their_own():
    labels = [one.label for one in sweep(find_makers(["adam"]), [0.12345671, 0.12345672, 0.1, 1e-4, 1, 1e30])]
    assert labels == ["adam@0.0001", "adam@0.1", "adam@0.12345671", "adam@0.12345672", "adam@1", "adam@1e+30"]


def test_classes_are_optimizers_of_their_names():
    makers = find_makers([keras.optimizers.SGD, keras.optimizers.Adam])
    assert [(name, type(make(0.5)).__name__) for name, make in makers.items()] == [("sgd", "SGD"), ("adam", "Adam")]
    assert float(keras.ops.convert_to_numpy(makers["adam"](0.5).learning_rate)) == 0.5


def test_one_rate_is_the_usual_one():
    assert rates_of(sweep(find_makers(["momentum"]), 1), "momentum") == [0.03]


def test_rates_for_all_and_for_each():
    makers = find_makers(["sgd", "adam"])
    assert rates_of(sweep(makers, [0.1, 0.01]), "adam") == [0.01, 0.1]
    own = sweep(makers, {"sgd": [1, 0.5], "adam": [0.01, 0.001]})
    assert (rates_of(own, "sgd"), rates_of(own, "adam")) == ([0.5, 1.0], [0.001, 0.01])


@pytest.mark.parametrize(
    ("optimizers", "says"),
    [
        (["adm"], "unknown optimizer 'adm'; did you mean 'adam'"),
        (["?"], "unknown optimizer '\\?'; there are: adadelta, .*momentum, .*sgd"),
        (["lossscaleoptimizer"], "unknown optimizer 'lossscaleoptimizer'"),
        (["adam", "Adam"], "names adam twice; give a dict"),
        ([], "optimizers is empty"),
        ("", "optimizers is empty"),
        (None, "optimizers must be a list, .*; got None"),
        (keras.optimizers.Adam(), "optimizers must be a list, .*; got <keras"),
        (keras.optimizers.Adam, "optimizers must be a list, .*; got <class"),
        ({"a/b": "adam"}, "names without a slash; got 'a/b'"),
        ({"": "adam"}, "names without a slash; got ''"),
        ({"mine": 3}, "'mine' must be a name, a Keras optimizer or a function of the learning rate; got 3"),
        ({"mine": lambda rate: rate}, "'mine' is a function that gives float for a learning rate"),
        (
            {"mine": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10))},
            r"learning rate of 'mine' \(SGD\) is no number .* give a function",
        ),
    ],
)
def test_optimizers_that_cannot_be_compared(optimizers, says):
    with pytest.raises(ValueError, match=says):
        find_makers(optimizers)


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ({"sgd": [0.1], "adam": [0.1, 0.2]}, "equally many for every optimizer.* got sgd 1, adam 2"),
        ({"sgd": [0.1]}, "no rates for adam"),
        ({"sgd": [0.1], "adam": [0.1], "lion": [0.1]}, "has 'lion', which is none of sgd, adam"),
        ([0.1, -1.0], "positive numbers; got -1.0"),
        ([0.1, float("nan")], "positive numbers; got nan"),
        (["0.1"], "positive numbers; got '0.1'"),
        ([0.1, 0.1], "each rate once"),
        ([2**53, 2**53 + 1], "each rate once"),  # the same, once they are floats
        ([], "at least one"),
        (0, "at least 1 for each optimizer; got 0"),
        (True, "at least 1 for each optimizer; got True"),
        (np.int64(0), "at least 1 for each optimizer; got"),
    ],
)
def test_rates_that_cannot_be_tried(rates, says):
    with pytest.raises(ValueError, match=says):
        sweep(find_makers(["sgd", "adam"]), rates)
