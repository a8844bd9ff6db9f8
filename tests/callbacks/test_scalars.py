"""What the callbacks log is seen by whatever else looks at the logs, in whichever order they are given."""

import glob

import keras
import numpy as np
import pytest

from gradschool.callbacks import GradientClipping

NAMES = ("grad_norm", "grad_norm_max", "clip_rate")


def fitted(*callbacks):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(16, 3))
    return model.fit(x, x[:, :1], epochs=3, verbose=0, callbacks=list(callbacks)).history


def in_order(ours, other, ours_first):
    return (ours, other) if ours_first else (other, ours)


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


@pytest.mark.parametrize("ours_first", [True, False])
def test_tensorboard_shows_them(tmp_path, ours_first):
    pytest.importorskip("tensorboard")
    board = keras.callbacks.TensorBoard(tmp_path)
    history = fitted(*in_order(GradientClipping(global_norm=0.5), board, ours_first))
    shown = events(tmp_path)
    for name in (*NAMES, "loss"):
        assert len(history[name]) == 3
        np.testing.assert_allclose(shown[f"epoch_{name}"], history[name], rtol=1e-6)


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_file_of_logs_holds_them(tmp_path, ours_first):
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = fitted(*in_order(GradientClipping(global_norm=0.5), logger, ours_first))
    table = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
    for name in NAMES:
        np.testing.assert_allclose(table[name], history[name])


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_callback_can_act_on_them(ours_first):
    stop = keras.callbacks.EarlyStopping("grad_norm_max", patience=0, mode="max", baseline=1e9)
    history = fitted(*in_order(GradientClipping(global_norm=0.5), stop, ours_first))
    assert len(history["grad_norm_max"]) == 2  # of 3: it never came near the baseline
