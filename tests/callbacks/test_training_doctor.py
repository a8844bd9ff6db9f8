"""`TrainingDoctor` with runs that are really sick, each in its own way, and runs that are healthy."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.datasets import load_digits

from gradschool.callbacks import DeadUnitTracker, GradientClipping, GradientMonitor, TrainingDoctor
from gradschool.callbacks.doctoring.diagnoses import look_at_epochs, look_at_units

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
def test_a_learning_rate_that_is_too_high():
    found, _ = examine(mlp(), keras.optimizers.SGD(30.0), *digits())
    assert "learning rate too high" in found
    found, _ = examine(mlp("tanh"), keras.optimizers.SGD(30.0), *digits())
    assert "learning rate too high" in found
    assert "Lower the learning rate" in found["learning rate too high"][0]["remedy"]


def test_a_learning_rate_that_is_too_low():
    found, _ = examine(mlp(), keras.optimizers.SGD(1e-5), *digits())
    assert set(found) == {"learning rate too low"}
    (first, *_) = found["learning rate too low"]
    assert first["epoch"] == 6
    assert "Raise the learning rate" in first["remedy"]


def test_vanishing_gradients():
    found, _ = examine(mlp("sigmoid", depth=10, width=16), keras.optimizers.SGD(0.1), *digits(), epochs=3)
    assert {row["layer"] for row in found["vanishing gradients"]} >= {"h0", "h1", "h2"}


def test_exploding_gradients():
    start = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    model = mlp("linear", depth=8, width=64, kernel_initializer=start)
    found, _ = examine(model, keras.optimizers.SGD(1e-3), *digits(), epochs=3, units=False)
    assert {"exploding gradients", "learning rate too high"} <= set(found)


def test_dead_units_and_not_what_follows_from_them():
    model = mlp(depth=2, bias_initializer=keras.initializers.Constant(-9.0))
    found, _ = examine(model, keras.optimizers.SGD(0.01), *digits(), epochs=8)
    assert set(found) == {"dead units"}
    assert "32 of its 32 units" in found["dead units"][0]["evidence"]


def test_saturated_units():
    start = keras.initializers.RandomNormal(stddev=30.0, seed=1)
    found, _ = examine(mlp("tanh", kernel_initializer=start), keras.optimizers.SGD(1e-3), *digits(), epochs=2)
    assert [(row["epoch"], row["layer"]) for row in found["saturated units"]] == [(2, "h0")]


def test_overfitting():
    x, _ = digits(120)
    y = np.random.default_rng(1).integers(0, 10, 120)  # nothing to learn but by heart
    held_out = x[60:], y[60:]
    found, _ = examine(mlp(width=128), keras.optimizers.Adam(0.01), x[:60], y[:60], 30, held_out=held_out)
    assert set(found) == {"overfitting"}
    assert "the validation loss was least in epoch" in found["overfitting"][0]["evidence"]


def test_a_plateau():
    x, y = digits(640)
    model = keras.Sequential([keras.Input((64,)), layers.Dense(10)])
    found, _ = examine(model, keras.optimizers.SGD(1e-2), 0 * x, y, 14, units=False)
    assert set(found) == {"plateau"}


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
@pytest.mark.parametrize("seed", range(3))
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
@pytest.mark.parametrize("seed", range(3))
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
@pytest.mark.parametrize("seed", range(3))
def test_a_loss_that_jitters_near_zero_is_healthy(seed):
    x, y = digits(1797)
    model = mlp(depth=2, width=48, seed=seed)
    held_out = x[1400:], y[1400:]
    found, doctor = examine(model, keras.optimizers.Adam(1e-2), x[:1400], y[:1400], 25, held_out=held_out)
    losses = [row["loss"] for row in doctor.epochs]
    assert sum(max(0.0, after - before) for before, after in itertools.pairwise(losses)) > 5 * min(losses)
    assert found == {}


@pytest.mark.parametrize("seed", range(3))
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
def conditions(losses, held_out=None, patience=3, **last):
    epochs = [{"epoch": n, "loss": loss} for n, loss in enumerate(losses, 1)]
    for row, value in zip(epochs, held_out or (), strict=False):
        row["val_loss"] = value
    epochs[-1] |= last
    return [one["condition"] for one in look_at_epochs(epochs, patience)]


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
    assert conditions([1.0, 0.2, 0.2, 0.2, 0.2], accuracy=0.6) == ["plateau"]
    assert conditions([1.0, 0.5, 0.4, 0.3, 0.2], [1.0, 0.5, 0.8, 0.9, 1.0]) == ["overfitting"]
    assert conditions([1.0, 0.5, 0.4, 0.3, 0.2], [1.0, 0.9, 0.5, 0.9, 1.0]) == []  # not for long yet
    assert conditions([1.0, 0.5, 0.1, 0.3, 0.1], [1.0, 0.5, 0.8, 0.9, 1.0]) == []  # training goes to and fro as well
    assert conditions([1.0, 0.5, 0.4, 0.3, 0.2], [1.0, 0.04, 0.06, 0.06, 0.06]) == []  # too little to matter
    assert conditions([1.0, 0.5], update_ratio=0.5) == ["learning rate too high"]


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

    assert list(look_at_units([row(dead=4, dead_fraction=0.4), row(saturated=5, saturated_fraction=0.5)])) == []
    (found,) = look_at_units([row(dead=5, dead_fraction=0.5)])
    assert found["condition"] == "dead units"
    (found,) = look_at_units([row(saturated=6, saturated_fraction=0.6)])
    assert found["condition"] == "saturated units"
    assert list(look_at_units([row(saturated=6, saturated_fraction=0.6)], outputs={"a"})) == []
