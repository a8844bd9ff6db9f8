"""`TrainingDoctor` with runs that are really sick, each in its own way, and runs that are healthy."""

import itertools
import math
import pickle
import re

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.datasets import load_digits

from gradschool.callbacks import DeadUnitTracker, GradientClipping, GradientMonitor, LearningRateFinder, TrainingDoctor
from gradschool.callbacks.doctoring.diagnoses import leave_out_consequences, look_at_epochs, look_at_units
from gradschool.callbacks.doctoring.guessing import Guess, best_guess

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def digits(count=900):
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))[:count]
    return (x[order] / 16).astype("float32"), y[order]


def mlp(activation="relu", depth=1, width=32, seed=0, **kwargs):
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(width, activation=activation, name=f"h{n}", **kwargs) for n in range(depth)]
    return keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10, name="logits")])


def cnn(seed):
    keras.utils.set_random_seed(seed)
    convolutions = [
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 2, activation="relu"),
    ]
    return keras.Sequential(
        [keras.Input((64,)), layers.Reshape((8, 8, 1)), *convolutions, layers.Flatten(), layers.Dense(10)]
    )


def lstm(seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((64,)), layers.Reshape((8, 8)), layers.LSTM(16), layers.Dense(10)])


def regression(seed):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((64,)), layers.Dense(16, activation="tanh"), layers.Dense(1)])


def linear(activation=None, width=5):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((width,)), layers.Dense(1, activation=activation)])


def noisy(count=400, steepness=1.5):
    """Inputs, numbers, and classes that are random, with a logistic regression's chances."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 5)).astype("float32")
    z = x @ rng.normal(size=(5, 1))
    classes = rng.random((count, 1)) < 1 / (1 + np.exp(-steepness * z))
    return x, (z + 0.1 * rng.normal(size=z.shape)).astype("float32"), classes.astype("float32")


def examine(model, optimizer, x, y, epochs=8, loss=CROSS_ENTROPY, held_out=None, units=True, **kwargs):
    """The conditions that were found, with their rows."""
    model.compile(optimizer, loss, metrics=["accuracy"] if loss is CROSS_ENTROPY else None)
    doctor = TrainingDoctor(verbose=0, **kwargs)
    others = [GradientMonitor(every=5), *([DeadUnitTracker()] if units else [])]
    model.fit(x, y, batch_size=32, epochs=epochs, verbose=0, validation_data=held_out, callbacks=[doctor, *others])
    found = {}
    for row in doctor.rows:
        found.setdefault(row["condition"], []).append(row)
    return found, doctor


# === Sick ===
@pytest.mark.slow
def test_a_learning_rate_that_is_too_high():
    found, _ = examine(mlp(), keras.optimizers.SGD(30.0), *digits())
    assert "learning rate too high" in found
    found, _ = examine(mlp("tanh"), keras.optimizers.SGD(30.0), *digits())
    assert "learning rate too high" in found
    assert "Lower the learning rate" in found["learning rate too high"][0]["remedy"]


@pytest.mark.slow
def test_a_learning_rate_that_is_too_low():
    found, _ = examine(mlp(), keras.optimizers.SGD(1e-5), *digits())
    assert set(found) == {"learning rate too low"}
    (first, *_) = found["learning rate too low"]
    assert first["epoch"] == 6
    assert "Raise the learning rate" in first["remedy"]


@pytest.mark.slow
def test_vanishing_gradients():
    found, _ = examine(mlp("sigmoid", depth=10, width=16), keras.optimizers.SGD(0.1), *digits(), epochs=3)
    assert {row["layer"] for row in found["vanishing gradients"]} >= {"h0", "h1", "h2"}


@pytest.mark.slow
def test_exploding_gradients():
    start = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    model = mlp("linear", depth=8, width=64, kernel_initializer=start)
    found, _ = examine(model, keras.optimizers.SGD(1e-3), *digits(), epochs=3, units=False)
    assert {"exploding gradients", "learning rate too high"} <= set(found)


@pytest.mark.slow
@pytest.mark.every_backend
def test_dead_units_and_not_what_follows_from_them():
    model = mlp(depth=2, bias_initializer=keras.initializers.Constant(-9.0))
    found, _ = examine(model, keras.optimizers.SGD(0.01), *digits(), epochs=8)
    assert set(found) == {"dead units"}
    assert "32 of its 32 units" in found["dead units"][0]["evidence"]


def test_dead_units_of_one_tracker_of_two():
    x, y = digits(128)
    model = mlp(depth=2)
    model.get_layer("h0").bias.assign(np.full(32, -99.0))
    model.get_layer("h1").bias.assign(np.ones(32))
    model.compile(keras.optimizers.SGD(0.01), CROSS_ENTROPY)
    doctor, monitor = TrainingDoctor(verbose=0), GradientMonitor()
    model.fit(x, y, epochs=3, verbose=0, callbacks=[DeadUnitTracker("h0"), DeadUnitTracker("h1"), doctor, monitor])
    assert [one["layer"] for one in monitor.findings] == 3 * ["h0"]  # no gradient, which follows
    assert [(row["epoch"], row["condition"], row["layer"]) for row in doctor.rows] == [(3, "dead units", "h0")]


def test_units_in_trouble_through_all_of_the_few_epochs_of_a_fit_that_goes_on():
    x, y = digits(128)
    model = mlp(bias_initializer=keras.initializers.Constant(-99.0))
    model.compile(keras.optimizers.SGD(0.01), CROSS_ENTROPY)
    doctor = TrainingDoctor(verbose=0)
    model.fit(x, y, initial_epoch=8, epochs=10, verbose=0, callbacks=[doctor, DeadUnitTracker()])
    assert [(row["epoch"], row["condition"]) for row in doctor.rows] == [(10, "dead units")]


def test_saturated_units():
    start = keras.initializers.RandomNormal(stddev=30.0, seed=1)
    found, _ = examine(mlp("tanh", kernel_initializer=start), keras.optimizers.SGD(1e-3), *digits(), epochs=2)
    assert [(row["epoch"], row["layer"]) for row in found["saturated units"]] == [(2, "h0")]


@pytest.mark.slow
def test_overfitting():
    x, _ = digits(120)
    y = np.random.default_rng(1).integers(0, 10, 120)  # nothing to learn but by heart
    held_out = x[60:], y[60:]
    found, _ = examine(mlp(width=128), keras.optimizers.Adam(0.01), x[:60], y[:60], 30, held_out=held_out)
    assert set(found) == {"overfitting"}
    assert "the validation loss was least in epoch" in found["overfitting"][0]["evidence"]


@pytest.mark.slow
def test_a_plateau():
    x, y = digits(640)
    model = keras.Sequential([keras.Input((64,)), layers.Dense(10)])
    found, _ = examine(model, keras.optimizers.SGD(1e-2), 0 * x, y, 14, units=False)
    assert set(found) == {"plateau"}


@pytest.mark.slow
def test_a_plateau_of_deep_sigmoids():
    model = mlp("sigmoid", depth=8)
    model.compile(keras.optimizers.Adam(1e-3), CROSS_ENTROPY, metrics=["acc"])
    doctor = TrainingDoctor(batches=digits(), verbose=0)
    model.fit(*digits(), epochs=8, verbose=0, callbacks=[doctor])
    assert {row["condition"] for row in doctor.rows} == {"plateau"}
    assert re.search(r"at an accuracy of 0\.(09|1)", doctor.rows[-1]["evidence"])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rate"), [("SGD", 100.0), ("Adam", 1.0)])
def test_a_learning_rate_a_thousand_times_too_high(kind, rate):
    model = mlp(depth=2)
    model.compile(getattr(keras.optimizers, kind)(rate), CROSS_ENTROPY)
    doctor, monitor = TrainingDoctor(verbose=0), GradientMonitor()
    model.fit(*digits(), epochs=9, verbose=0, callbacks=[doctor, monitor])
    assert doctor.epochs[0]["loss"] > 10 * max(row["loss"] for row in doctor.epochs[2:])  # so that none seems high
    assert [row["condition"] for row in doctor.rows if row["epoch"] == 9] == ["learning rate too high"]
    assert "an untrained model's would be about 2.3" in doctor.rows[-1]["evidence"]


@pytest.mark.slow
def test_a_learning_rate_of_a_regression_that_is_far_too_high():
    x, _ = digits()
    y = x @ np.random.default_rng(1).normal(size=(64, 1)).astype("float32")
    y -= y.mean()
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(32, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(1.0), "mse")
    doctor = TrainingDoctor(batches=(x, y), verbose=0)
    model.fit(x, y, epochs=20, verbose=0, callbacks=[doctor])
    assert {row["condition"] for row in doctor.rows} == {"learning rate too high"}


def test_gradients_that_were_not_finite_without_a_monitor():
    x, y = digits(64)
    x[3] = np.nan
    model = mlp()
    model.compile("sgd", CROSS_ENTROPY)
    doctor, clipping = TrainingDoctor(verbose=0), GradientClipping(value=1.0, nonfinite="skip")
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[doctor, clipping])
    assert "in 1 of the epoch's 4 updates" in next(
        row["evidence"] for row in doctor.rows if row["condition"] == "exploding gradients"
    )


# === Healthy ===
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("make", "optimizer"),
    [
        pytest.param(lambda seed: mlp(seed=seed), lambda: keras.optimizers.Adam(1e-3), id="mlp_adam"),
        pytest.param(lambda seed: mlp(seed=seed), lambda: keras.optimizers.SGD(0.05, momentum=0.9), id="mlp_momentum"),
        pytest.param(cnn, lambda: keras.optimizers.Adam(3e-3), id="cnn"),
        pytest.param(lstm, lambda: keras.optimizers.Adam(1e-2), id="lstm"),
        pytest.param(
            lambda seed: mlp(depth=8, seed=seed, kernel_initializer="he_normal"),
            lambda: keras.optimizers.Adam(1e-3),
            id="deep",
        ),
    ],
)
def test_healthy_classifiers_are_left_in_peace(make, optimizer, seed):
    x, y = digits(1797)
    model = make(seed)
    found, doctor = examine(
        model, optimizer(), x[:1400], y[:1400], 12, held_out=(x[1400:], y[1400:]),
        units=not any(isinstance(layer, layers.LSTM) for layer in model.layers), batches=(x, y),
    )  # fmt: skip
    assert found == {}
    assert doctor.report() == ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_healthy_regressions_are_left_in_peace(seed):
    x, _ = digits(1797)
    rng = np.random.default_rng(seed)
    y = (x @ rng.normal(size=(64, 1)) + 0.5 * rng.normal(size=(len(x), 1))).astype("float32")
    held_out = x[1400:], y[1400:]
    found, _ = examine(
        regression(seed), keras.optimizers.Adam(3e-3), x[:1400], y[:1400], 25, "mse", held_out, batches=(x, y)
    )
    assert found == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_loss_that_jitters_near_zero_is_healthy(seed):
    x, y = digits(1797)
    model = mlp(depth=2, width=48, seed=seed)
    held_out = x[1400:], y[1400:]
    found, doctor = examine(model, keras.optimizers.Adam(1e-2), x[:1400], y[:1400], 25, held_out=held_out)
    losses = [row["loss"] for row in doctor.epochs]
    assert sum(max(0.0, after - before) for before, after in itertools.pairwise(losses)) > 5 * min(losses)
    assert found == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "loss", "number", "rate"),
    [(None, "mse", 1, 0.05), (None, "huber", 1, 0.05), ("sigmoid", "binary_crossentropy", 2, 0.5)],
)
def test_what_has_converged_is_no_plateau_in_a_later_fit(activation, loss, number, rate):
    x, y = noisy()[0], noisy()[number]
    model, doctor = linear(activation), TrainingDoctor(verbose=0)
    model.compile(keras.optimizers.SGD(rate), loss)
    for _ in range(2):
        model.fit(x, y, epochs=20, verbose=0, callbacks=[doctor])
    losses = [row["loss"] for row in doctor.epochs]
    assert max(losses[-6:]) < 1.01 * min(losses[-6:])
    assert doctor.rows == []


@pytest.mark.slow
@pytest.mark.parametrize("metrics", [["accuracy"], ["binary_accuracy"], None])
def test_noise_that_cannot_be_learned_is_no_plateau(metrics):
    x, _, y = noisy(4000, steepness=0.9)
    model, doctor = linear("sigmoid"), TrainingDoctor(verbose=0)
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=metrics)
    model.fit(x, y, epochs=8, verbose=0, callbacks=[doctor])
    losses = [row["loss"] for row in doctor.epochs]
    assert max(losses[2:]) < 1.01 * min(losses[2:])
    assert losses[-1] > 0.9 * losses[0]
    assert doctor.rows == []


def test_a_loss_that_falls_fast_is_healthy():
    x, y, _ = noisy()
    y = 100 + y  # far from where an untrained model is
    model, doctor = linear(), TrainingDoctor(batches=(x, y), verbose=0)
    model.compile(keras.optimizers.SGD(0.2), "mse")
    model.fit(x, y, epochs=9, verbose=0, callbacks=[doctor])
    assert doctor.epochs[0]["loss"] > 1000 * doctor.epochs[-1]["loss"]
    assert doctor.rows == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_right_answers_at_the_limits_of_a_sigmoid_are_healthy(seed):
    keras.utils.set_random_seed(seed)
    y = np.arange(256) % 2
    x = (np.random.default_rng(seed).normal(size=(256, 2)) * 0.3 + 2 * y[:, None] - 1).astype("float32")
    hidden = layers.Dense(8, activation="tanh")
    last = [layers.Dense(1), layers.Activation("sigmoid"), layers.Reshape((1,))]
    model = keras.Sequential([keras.Input((2,)), hidden, *last])
    model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy")
    doctor, tracker = TrainingDoctor(verbose=0), DeadUnitTracker()
    model.fit(x, y, epochs=15, verbose=0, callbacks=[doctor, tracker])
    assert tracker.rows[-1]["saturated_fraction"] == 1.0
    assert [row["condition"] for row in doctor.rows] == []


# === Words ===
@pytest.mark.slow
def test_it_prints_what_it_found_once_and_nothing_else(capsys):
    x, y = digits(128)
    for model, optimizer, verbose in ((mlp(), 1e-5, 1), (mlp(), 0.1, 1), (mlp(), 1e-5, 0)):
        model.compile(keras.optimizers.SGD(optimizer), CROSS_ENTROPY)
        model.fit(x, y, epochs=7, verbose=0, callbacks=[TrainingDoctor(verbose=verbose)])
    said = capsys.readouterr().out
    assert said.startswith("What the training doctor found:\n- Learning rate too low (epochs 6 to 7): the loss falls")
    assert said.count("What the training doctor found") == 1


def test_a_table_and_a_picture(tmp_path):
    x, y = digits(128)
    model, doctor = mlp(), TrainingDoctor(verbose=0)
    with pytest.raises(ValueError, match="nothing to show yet"):
        doctor.plot()
    model.compile(keras.optimizers.SGD(1e-5), CROSS_ENTROPY)
    model.fit(x, y, epochs=7, verbose=0, callbacks=[doctor])
    assert list(doctor.results.columns) == ["epoch", "condition", "layer", "evidence", "remedy"]
    assert [one.get_text() for one in doctor.plot().axes[1].get_yticklabels()] == ["learning rate too low"]


@pytest.mark.parametrize("patience", [1, 2.5, True])
def test_a_patience_that_is_none_is_refused(patience):
    with pytest.raises(ValueError, match="patience is a number of epochs, at least 2"):
        TrainingDoctor(patience=patience)


# === Rules by themselves ===
def conditions(losses, held_out=None, patience=3, fresh=True, guess=None, **last):
    epochs = [{"epoch": n, "loss": loss} for n, loss in enumerate(losses, 1)]
    for row, value in zip(epochs, held_out or (), strict=False):
        row["val_loss"] = value
    epochs[-1] |= last
    return [one["condition"] for one in look_at_epochs(epochs, patience, fresh=fresh, guess=guess)]


def test_losses_at_the_bounds_of_the_rules():
    assert conditions([1.0, 0.9, 1.4]) == []
    assert conditions([1.0, 0.9, 1.6]) == []  # once
    assert conditions([1.0, 0.9, 1.6, 1.6]) == ["learning rate too high"]
    assert conditions([1.0, 3.1]) == ["learning rate too high"]
    assert conditions([1.0, float("nan")]) == ["learning rate too high"]
    assert conditions([9.0, 0.1, 0.3, 0.1, 0.3]) == []  # to and fro, near zero
    assert conditions([9.0, 5.0, 3.0, 2.0], update_ratio=0.2) == []  # once
    assert conditions([9.0, 8.9, 8.8, 8.8], update_ratio=0.2) == ["learning rate too high"]
    assert conditions([2.0, 1.0, 1.8, 1.0, 1.8]) == ["learning rate too high"]  # to and fro
    assert conditions([1.0, 0.99, 0.98, 0.97, 0.96]) == ["learning rate too low"]
    assert conditions([1.0, 0.99, 0.98, 0.97, 0.96], update_ratio=2e-3) == []
    assert conditions([1.0, 0.95, 0.92, 0.915, 0.914]) == []  # slows down: it has got somewhere
    assert conditions([1.0, 1.0, 1.001, 0.999, 1.0]) == ["plateau"]
    assert conditions([1.0, 0.98, 0.97, 0.968, 0.966], update_ratio=1e-2) == []  # on its way
    assert conditions([1.0, 0.2, 0.2, 0.2, 0.2]) == []  # converged, as far as anybody knows
    assert conditions([1.0, 0.2, 0.2, 0.2, 0.2], accuracy=0.6) == []  # on labels with noise
    assert conditions([1.0, 0.5, 0.4, 0.3, 0.2], [1.0, 0.5, 0.8, 0.9, 1.0]) == ["overfitting"]
    assert conditions([1.0, 0.5, 0.4, 0.3, 0.2], [1.0, 0.9, 0.5, 0.9, 1.0]) == []  # not for long yet
    assert conditions([1.0, 0.5, 0.1, 0.3, 0.1], [1.0, 0.5, 0.8, 0.9, 1.0]) == []  # training goes to and fro as well
    assert conditions([1.0, 0.5, 0.4, 0.3, 0.2], [1.0, 0.04, 0.06, 0.06, 0.06]) == []  # too little to matter
    assert conditions([1.0, 0.5], update_ratio=0.5) == ["learning rate too high"]


def test_a_plateau_is_where_nothing_was_learned():
    flat, falling = [2.4, 2.3, 2.3, 2.3, 2.3], [2.4, 2.39, 2.38, 2.37, 2.36]
    for losses, condition in ((flat, "plateau"), (falling, "learning rate too low")):
        assert conditions(losses) == [condition]
        assert conditions(losses, fresh=False) == []
        assert conditions(losses, acc=0.3) == []
        assert conditions(losses, acc=0.15) == [condition]
        for accuracy, found in ((0.63, [condition]), (0.65, [])):  # of 0.4 beyond a guess, less and more than a tenth
            assert conditions(losses, guess=Guess(0.6), categorical_accuracy=accuracy) == found
        assert conditions(losses, guess=Guess(loss=2.5)) == [condition]
        assert conditions(losses, guess=Guess(loss=2.7)) == []


def test_a_loss_that_exploded_in_the_first_epoch():
    guess, high = Guess(0.1, 2.0, 2.3), ["learning rate too high"]
    assert conditions([24.0, 3.0, 2.4, 2.4, 2.4], guess=guess) == high
    assert conditions([24.0, 3.0, 2.4, 2.4], guess=guess, patience=4) == []  # not for long yet
    assert conditions([22.0, 3.0, 2.4, 2.4, 2.4], guess=guess) == []
    assert conditions([24.0, 3.0, 2.4, 2.4, 2.4]) == []  # as far as anybody knows
    assert conditions([24.0, 3.0, 2.4, 2.4, 2.4], guess=guess, accuracy=0.5) == []
    assert conditions([24.0, 8.0, 7.0, 7.0, 7.0], guess=guess, accuracy=0.5) == high
    assert conditions([24.0, 3.0, 2.4, 2.2, 2.0], guess=guess) == []  # on its way
    assert conditions([24.0, 3.0, 1.7, 1.7, 1.7], guess=guess) == []  # has learned


def test_no_gradient_after_a_learning_rate_that_was_too_high():
    found = [{"condition": "vanishing gradients", "layer": layer} for layer in ("a", "b")]
    assert leave_out_consequences(found, []) == found
    assert leave_out_consequences(found, [], {"a"}) == found[1:]


def constant(answer, y):
    return np.broadcast_to(np.asarray(answer, "float32"), (len(y), *np.shape(answer)))


def test_guesses_are_the_best_answers_that_are_the_same_for_all():
    rng = np.random.default_rng(0)
    classes, numbers = rng.choice(3, 300, p=[0.2, 0.7, 0.1]), rng.normal(5.0, 2.0, (301, 2)).astype("float32")
    hot, bits = np.eye(3)[classes], (rng.random((300, 2)) < [0.1, 0.7]).astype("float32")
    cases = (
        ("sparse_categorical_crossentropy", classes, hot.mean(axis=0), np.full(3, 1 / 3)),
        (keras.losses.CategoricalCrossentropy(), hot, hot.mean(axis=0), np.full(3, 1 / 3)),
        ("binary_crossentropy", bits, bits.mean(axis=0), np.full(2, 0.5)),
        ("mse", numbers, numbers.mean(axis=0), np.zeros(2)),
        (keras.losses.MeanAbsoluteError(), numbers, np.median(numbers, axis=0), np.zeros(2)),
    )
    for loss, y, best, before in cases:
        model = keras.Sequential([keras.Input((4,)), layers.Dense(len(best))])
        model.compile("sgd", loss)
        found, compute = best_guess(model, y), keras.losses.get(loss)
        for value, answer in ((found.loss, best), (found.untrained, before)):
            losses = keras.ops.convert_to_numpy(compute(y, constant(answer, y)))
            np.testing.assert_allclose(value, losses.mean(), rtol=1e-4)
    assert best_guess(model) == Guess()


def test_guesses_without_labels_are_of_as_many_classes_as_there_are_outputs():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5)])
    model.compile("sgd", CROSS_ENTROPY)
    found = best_guess(model)
    np.testing.assert_allclose([found.accuracy, found.loss, found.untrained], [0.2, np.log(5), np.log(5)])
    assert best_guess(model, np.arange(5)) == found  # too few
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(reduction="sum"))
    assert best_guess(model) == Guess(0.2)


def test_dead_units_and_long_updates_are_a_rate_too_high():
    epochs = [{"epoch": 1, "loss": 9.0, "update_ratio": 0.2}, {"epoch": 2, "loss": 2.3, "update_ratio": 1e-3}]
    assert list(look_at_epochs(epochs, 3)) == []
    (found,) = look_at_epochs(epochs, 3, dying=True)
    assert (
        found["evidence"]
        == "an update changed the weights by 0.2 of their length on average in epoch 1, and units have died"
    )


def test_units_are_in_trouble_if_they_are_for_several_epochs():
    rows = [
        {"layer": "a", "epoch": number, "units": 10, "dead": dead, "dead_fraction": dead / 10}
        for number, dead in enumerate([9, 1, 9, 9, 9])
    ]
    assert list(look_at_units(rows[:4], epochs=3)) == []
    assert [one["condition"] for one in look_at_units(rows, epochs=3)] == ["dead units"]


def test_units_at_the_bounds_of_the_rules():
    def row(**figures):
        return {"layer": "a", "units": 10, "dead": None, "saturated": None, **figures}

    assert list(look_at_units([row(dead=4, dead_fraction=0.4)])) == []
    assert list(look_at_units([row(saturated=5, saturated_fraction=0.5)])) == []
    (found,) = look_at_units([row(dead=5, dead_fraction=0.5)])
    assert found["condition"] == "dead units"
    (found,) = look_at_units([row(saturated=6, saturated_fraction=0.6)])
    assert found["condition"] == "saturated units"
    assert list(look_at_units([row(saturated=6, saturated_fraction=0.6)], outputs={"a"})) == []


def test_it_is_silent_about_a_range_test_and_its_table_has_its_columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    doctor = TrainingDoctor(verbose=0)
    finder = LearningRateFinder(1e-3, 1e3, steps=64)
    model.fit(x, x @ np.ones((4, 1)), batch_size=8, epochs=4, verbose=0, callbacks=[finder, doctor])
    assert not np.isfinite(finder.rows[-1]["loss"]) or finder.rows[-1]["loss"] > 4 * finder.rows[0]["loss"]
    assert doctor.rows == []
    assert list(doctor.results.columns) == ["epoch", "condition", "layer", "evidence", "remedy"]


def test_samples_that_are_no_numbers_are_not_the_learning_rates_fault():
    x = np.ones((64, 4), "float32")
    x[3, 1] = np.nan
    y = np.arange(64.0).reshape(-1, 1).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    doctor = TrainingDoctor(batches=(x, y), verbose=0)
    model.fit(x, y, epochs=3, shuffle=False, verbose=0, callbacks=[GradientMonitor(), doctor])
    conditions = {one["condition"] for one in doctor.rows}
    assert "inputs not finite" in conditions
    assert not conditions & {"learning rate too high", "exploding gradients"}


def test_a_sample_that_spoils_the_updates_left_out_is_not_the_learning_rates_fault():
    x, y = digits(512)
    x[3] = np.nan
    model = mlp()
    model.compile("adam", CROSS_ENTROPY)
    doctor, clipping = TrainingDoctor(verbose=0), GradientClipping(global_norm=1.0, nonfinite="skip")
    model.fit(x, y, epochs=3, verbose=0, callbacks=[doctor, clipping, DeadUnitTracker(), GradientMonitor()])
    assert np.isfinite(np.concatenate([one.ravel() for one in model.get_weights()])).all()
    assert {row["condition"] for row in doctor.rows} == {"exploding gradients"}
    assert all("look for samples that are not finite" in row["remedy"] for row in doctor.rows)


def test_weights_that_are_no_numbers_have_not_killed_the_units():
    x, y = digits(64)
    model = mlp()
    model.compile(keras.optimizers.SGD(1e30), CROSS_ENTROPY)
    doctor, tracker = TrainingDoctor(verbose=0), DeadUnitTracker()
    model.fit(x, y, epochs=3, verbose=0, callbacks=[doctor, tracker])
    assert tracker.rows[-1]["dead"] == 32
    assert {row["condition"] for row in doctor.rows if row["epoch"] > 1} == {"learning rate too high"}


def test_leaky_units_that_never_fire_go_on_learning():
    row = {"epoch": 1, "layer": "h", "units": 8, "dead": 8, "dead_fraction": 1.0}
    for activation in ("leaky_relu", "LeakyReLU", "PReLU"):
        assert list(look_at_units([{**row, "activation": activation}])) == []
    assert len(list(look_at_units([{**row, "activation": "relu"}]))) == 1


def test_an_update_ratio_that_is_no_number_hides_no_other():
    ratios = [math.nan, 0.2, 0.01]
    epochs = [{"epoch": n, "loss": 2.3, "update_ratio": ratio} for n, ratio in enumerate(ratios, 1)]
    (found,) = look_at_epochs(epochs, 5)
    assert "an update changed the weights by 0.2 of their length on average in epoch 2" in found["evidence"]
    falling = [{"epoch": n, "loss": 2.3 - 0.001 * n, "update_ratio": math.nan} for n in range(1, 9)]
    assert "nan" not in str(list(look_at_epochs(falling, 5)))


@pytest.mark.parametrize(("shuffle", "conditions"), [(True, set()), (False, {"data not shuffled"})])
def test_arrays_that_fit_shuffles_are_not_in_their_order(shuffle, conditions):
    x, y = digits(512)
    order = np.argsort(y)
    model = mlp()
    model.compile("adam", CROSS_ENTROPY)
    doctor = TrainingDoctor(batches=(x[order], y[order]), verbose=0)
    model.fit(x[order], y[order], shuffle=shuffle, verbose=0, callbacks=[doctor])
    assert {row["condition"] for row in doctor.rows} == conditions


def test_what_has_been_used_can_be_pickled():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    x, y = digits(64)
    model = mlp()
    model.compile("sgd", CROSS_ENTROPY)
    doctor = TrainingDoctor(verbose=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, verbose=0, callbacks=[doctor, Stop()])
    doctor.set_model(None)
    assert pickle.loads(pickle.dumps(doctor)).epochs == doctor.epochs != []


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute is TensorFlow's")
def test_a_model_on_replicas():
    import tensorflow as tf

    x, y = digits(64)
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = mlp()
        model.compile("sgd", CROSS_ENTROPY)
    doctor = TrainingDoctor(verbose=0)
    for fresh in (True, False):
        model.fit(x, y, verbose=0, callbacks=[doctor])
        assert doctor._fresh == fresh


def test_updates_that_hardly_move_the_weights_are_too_small_whatever_the_accuracy():
    def epochs(ratio):
        return [
            {"epoch": n, "loss": 2.3 - 1e-5 * n, "accuracy": 0.3, "update_ratio": ratio} for n in range(1, 8)
        ]  # of 10 classes

    guess = Guess(0.1, math.log(10), math.log(10))
    assert [one["condition"] for one in look_at_epochs(epochs(2e-7), 5, guess=guess)] == ["learning rate too low"]
    assert list(look_at_epochs(epochs(5e-5), 5, guess=guess)) == []
