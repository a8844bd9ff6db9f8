"""Checkpoints: which is used, which are kept, and what is said when one cannot be read or written."""

import errno
import random
import re

import keras
import numpy as np
import pytest

from gradschool import zoo
from gradschool.zoo.engine import checkpoints as module
from gradschool.zoo.engine.checkpoints import Checkpoints
from gradschool.zoo.engine.plain_data import write_plain

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the engine is TensorFlow's")

X, Y = np.random.default_rng(0).normal(size=(40, 3)).astype("float32"), np.ones((40, 1), "float32")


def fit(folder, epochs, *callbacks, units=1, optimizer="adam", verbose=0, **settings):
    """A little training of 4 steps per epoch."""
    keras.utils.set_random_seed(1)
    model = zoo.use_engine(keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)]))
    model.compile(optimizer, "mse")
    checkpoints = Checkpoints(folder, **settings)
    np.random.rand(random.randrange(9))  # noqa: NPY002  the order of the samples does not hang on what was drawn before
    model.fit(X, Y, batch_size=10, epochs=epochs, callbacks=[checkpoints, *callbacks], verbose=verbose)
    return model, checkpoints


def weights(model):
    return [value.tobytes() for value in model.get_weights()]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return weights(fit(tmp_path_factory.mktemp("undisturbed"), 4)[0])


@pytest.mark.slow
def test_two_are_kept(tmp_path):
    fit(tmp_path, 3)
    assert names(tmp_path) == ["step-000000000008.npz", "step-000000000012.npz"]


@pytest.mark.slow
def test_steps_from_one_to_the_next(tmp_path, monkeypatch):
    written = []
    write = Checkpoints.write
    monkeypatch.setattr(
        Checkpoints, "write", lambda self, step, content: (written.append(step), write(self, step, content))
    )
    fit(tmp_path, 2, every_steps=3)
    assert written == [3, 4, 6, 8]


@pytest.mark.slow
def test_minutes_from_one_to_the_next(tmp_path, monkeypatch):
    written = []
    write = Checkpoints.write
    monkeypatch.setattr(
        Checkpoints, "write", lambda self, step, content: (written.append(step), write(self, step, content))
    )
    fit(tmp_path, 1, keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None), every_minutes=1e-9)
    assert written == [1, 2, 3, 4]


@pytest.mark.parametrize("settings", [{"every_steps": 0}, {"every_steps": 1.5}, {"every_minutes": -1.0}])
def test_intervals_are_positive(tmp_path, settings):
    with pytest.raises(ValueError, match=r"must be (positive|a whole number of at least 1); got"):
        Checkpoints(tmp_path, **settings)


@pytest.mark.slow
def test_the_next_fit_goes_on(tmp_path, undisturbed):
    assert fit(tmp_path, 2)[1].resumed_from is None
    model, checkpoints = fit(tmp_path, 4)
    assert checkpoints.resumed_from.name == "step-000000000008.npz"
    assert weights(model) == undisturbed
    assert model.history.epoch == [0, 1, 2, 3]


@pytest.mark.slow
def test_a_finished_fit_has_nothing_to_do(tmp_path, undisturbed):
    fit(tmp_path, 4)
    model, _ = fit(tmp_path, 4)
    assert weights(model) == undisturbed
    assert len(model.history.history["loss"]) == 4


@pytest.mark.slow
def test_it_may_go_on_with_keras_bar_or_without(tmp_path, undisturbed, capsys):
    fit(tmp_path, 2)
    assert weights(fit(tmp_path, 4, verbose=2)[0]) == undisturbed


@pytest.mark.slow
def test_beginning_anew_takes_the_earlier_ones_away(tmp_path):
    fit(tmp_path, 3)
    _, checkpoints = fit(tmp_path, 1, resume=False)
    assert checkpoints.resumed_from is None
    assert names(tmp_path) == ["step-000000000004.npz"]


@pytest.mark.slow
def test_what_a_killed_run_left_unfinished_goes(tmp_path):
    (tmp_path / ".step-000000000003-abc.npz").write_bytes(b"half")
    fit(tmp_path, 1)
    assert names(tmp_path) == ["step-000000000004.npz"]


# === Damage ===
def damage(path, how):
    whole = path.read_bytes()
    if how == "flipped":
        place = len(whole) // 3
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
    else:
        path.write_bytes({"torn": whole[: len(whole) * 2 // 3], "empty": b"", "foreign": b"hello"}[how])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["torn", "flipped", "empty", "foreign"])
def test_of_a_damaged_one_the_user_is_told_and_the_one_before_is_used(tmp_path, undisturbed, how):
    fit(tmp_path, 2)
    damage(tmp_path / "step-000000000008.npz", how)
    with pytest.warns(UserWarning, match=r"step-000000000008\.npz is not whole.* The one before it is used\."):
        model, checkpoints = fit(tmp_path, 4)
    assert checkpoints.resumed_from.name == "step-000000000004.npz"
    assert weights(model) == undisturbed


@pytest.mark.slow
def test_if_all_are_damaged_training_begins_anew(tmp_path, undisturbed):
    fit(tmp_path, 3)
    for path in tmp_path.iterdir():
        damage(path, "torn")
    with pytest.warns(UserWarning, match="is not whole") as told:
        fit(tmp_path, 1)
    ours = [str(one.message) for one in told if "is not whole" in str(one.message)]  # TensorFlow may warn of others
    assert [message.rpartition(". ")[2] for message in ours] == [
        "The one before it is used.",
        "None is left: training begins anew.",
    ]
    assert names(tmp_path) == ["step-000000000004.npz"]  # the damaged ones, of later steps, do not push it out
    assert weights(fit(tmp_path, 4)[0]) == undisturbed


def test_one_of_another_version_is_not_passed_over(tmp_path):
    write_plain(tmp_path / "step-000000000008.npz", {"format": 999})
    with pytest.raises(ValueError, match="another version of gradschool"):
        fit(tmp_path, 2)


# === What does not fit ===
@pytest.mark.slow
def test_another_model_is_refused(tmp_path):
    fit(tmp_path, 1)
    with pytest.raises(ValueError, match="written by another model, optimizer"):
        fit(tmp_path, 2, units=2)


@pytest.mark.slow
def test_another_optimizer_is_refused(tmp_path):
    fit(tmp_path, 1)
    with pytest.raises(ValueError, match="written by another model, optimizer"):
        fit(tmp_path, 2, optimizer="sgd")


@pytest.mark.slow
def test_other_callbacks_are_refused(tmp_path):
    fit(tmp_path, 1)
    with pytest.raises(ValueError, match=r"these are .*EarlyStopping.* Resume with the same"):
        fit(tmp_path, 2, keras.callbacks.EarlyStopping())


def test_keras_own_fit_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"after zoo.use_engine"):
        model.fit(X, Y, callbacks=[Checkpoints(tmp_path)], verbose=0)


# === Disk ===
@pytest.mark.slow
def test_a_full_disk_is_a_clear_error_and_harms_no_earlier_one(tmp_path, undisturbed, monkeypatch):
    written = []

    def write(path, value):
        written.append(path)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_plain(path, value)

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_plain", write)
        whats_wrong = r"step-0+16\.npz cannot be written: the disk is full\. .*step-0+8\.npz, step-0+12\.npz"
        with pytest.raises(OSError, match=whats_wrong):
            fit(tmp_path, 4)
    assert names(tmp_path) == ["step-000000000008.npz", "step-000000000012.npz"]
    assert weights(fit(tmp_path, 4)[0]) == undisturbed


@pytest.mark.slow
def test_a_file_that_may_not_grow_is_as_good_as_a_full_disk(tmp_path):
    resource = pytest.importorskip("resource")
    fit(tmp_path, 2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        with pytest.raises(
            OSError, match=re.escape("cannot be written: File too large. Earlier checkpoints are as they")
        ):
            fit(tmp_path, 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
