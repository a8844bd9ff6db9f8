"""What the callbacks log is seen by whatever else looks at the logs, in whichever order they are given."""

import csv
import glob

import keras
import numpy as np
import pytest

from gradschool.callbacks import (
    DeadUnitTracker,
    GradientClipping,
    GradientMonitor,
    OptimizerComparison,
    TrainingDoctor,
)
from gradschool.callbacks.reporting.curves import curve_names

NAMES = (
    "grad_norm", "grad_norm_max", "clip_rate", "grad_norm/last", "update_ratio", "update_ratio/relu", "noise_scale",
    "dead_fraction", "dead_fraction/relu", "saturated_fraction", "saturated_fraction/tanh",
)  # fmt: skip


def ours():
    monitor = GradientMonitor(every=1, noise_scale=True)
    return [GradientClipping(global_norm=0.5), monitor, DeadUnitTracker(), TrainingDoctor(verbose=0)]


def fitted(*callbacks):
    layers = [keras.layers.Dense(4, activation=name, name=name) for name in ("relu", "tanh")]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1, name="last")])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(64, 3))
    return model.fit(x, x[:, :1], epochs=3, verbose=0, callbacks=list(callbacks)).history


def in_order(other, ours_first):
    return (*ours(), other) if ours_first else (other, *ours())


def events(folder) -> dict[str, list[float]]:
    """The scalars in TensorBoard's event files, by name, in the order of their epochs."""
    import tensorflow as tf

    found: dict[str, dict[int, float]] = {}
    for path in glob.glob(f"{folder}/train/events*"):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "scalars":
                    found.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    return {name: [values[step] for step in sorted(values)] for name, values in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("ours_first", [True, False])
def test_tensorboard_shows_them(tmp_path, ours_first):
    pytest.importorskip("tensorboard")
    board = keras.callbacks.TensorBoard(tmp_path)
    history = fitted(*in_order(board, ours_first))
    shown = events(tmp_path)
    for name in (*NAMES, "loss"):
        assert len(history[name]) == 3
        np.testing.assert_allclose(shown[f"epoch_{name}"], history[name], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("ours_first", [True, False])
def test_a_file_of_logs_holds_them(tmp_path, ours_first):
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = fitted(*in_order(logger, ours_first))
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name in NAMES:
        np.testing.assert_allclose([float(row[name]) for row in rows], history[name])


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_callback_can_act_on_them(ours_first):
    stop = keras.callbacks.EarlyStopping("grad_norm_max", patience=0, mode="max", baseline=1e9)
    history = fitted(*in_order(stop, ours_first))
    assert len(history["grad_norm_max"]) == 2  # of 3: it never came near the baseline


@pytest.mark.slow
def test_they_are_not_taken_for_metrics():
    comparison = OptimizerComparison({"one": keras.optimizers.SGD(0.1), "two": "adam"})
    history = fitted(*ours())
    assert set(NAMES) < set(history)
    assert curve_names(history) == curve_names(fitted(comparison)) == ["loss"]
