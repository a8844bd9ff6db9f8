"""However a fit goes or ends, the model and its optimizer are the user's own afterwards."""

import contextlib
import gc

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import BACKEND, BATCH, OwnStep, fit, model_of, on_tensorflow, samples
from gradschool.callbacks import DeadUnitTracker, GradientClipping, GradientMonitor, OptimizerComparison
from gradschool.callbacks.gradient_clipping import NonFiniteGradientError
from gradschool.callbacks.keras_internals import session_of, stages_of

OURS = {
    "clipping": lambda: GradientClipping(value=1e-9),
    "units": DeadUnitTracker,
    "comparison": lambda: OptimizerComparison({"sgd": "sgd", "adam": "adam"}),
}
PLACES = ("train_step", "test_step", "make_train_function", "evaluate", "reset_metrics")


def relu_model(**arguments):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(5, activation="relu", name="hidden"), layers.Dense(1)])
    model.compile(**{"optimizer": keras.optimizers.SGD(0.1), "loss": "mse", **arguments})
    return model


def left_behind(model, *optimizers):
    """What is still there of callbacks of ours."""
    places = [name for name in PLACES if name in model.__dict__]
    places += [layer.name for layer in model._flatten_layers() if "call" in layer.__dict__]
    return places + [
        name for one in optimizers for name in one.__dict__ if "gradschool" in name or "update_step" in name
    ]


class Breaks(keras.callbacks.Callback):
    """Breaks the fit off before it has begun."""

    def on_train_begin(self, logs=None):
        raise KeyError("no such run")


@pytest.mark.parametrize("ours", OURS.values(), ids=OURS)
def test_another_callback_that_cannot_begin_leaves_nothing(ours):
    model, (x, y) = relu_model(), samples()
    optimizer = model.optimizer
    with pytest.raises(KeyError) as held:  # and with it the frames of the fit
        fit(model, x, y, callbacks=[ours(), Breaks()])
    assert left_behind(model, optimizer) == []
    assert session_of(model) is None
    assert held.value.args == ("no such run",)


@pytest.mark.parametrize("ours", OURS.values(), ids=OURS)
def test_a_model_compiled_anew_in_the_meantime_stays_so(ours):
    """What we undo when the fit ends must not undo what others have done since."""
    model, (x, y) = relu_model(), samples()
    before = model.optimizer

    class Compiles(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.compile(keras.optimizers.Lion(1e-3), "mae")

    fit(model, x, y, epochs=1, callbacks=[ours(), Compiles()])
    if ours is not OURS["comparison"]:  # which leaves the model with the optimizer that it keeps
        assert isinstance(model.optimizer, keras.optimizers.Lion)
        assert model.get_compile_config()["loss"] == "mae"
    assert left_behind(model, before, model.optimizer) == []
    assert stages_of(model) == []


@pytest.mark.slow
def test_what_a_callback_evaluates_in_vain_does_not_end_our_part():
    model, (x, y) = relu_model(), samples()

    class Evaluates(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with pytest.raises(Exception, match=r"."):
                self.model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0)

    clipping, tracker = GradientClipping(global_norm=1e-6), DeadUnitTracker()
    fit(model, x, y, epochs=3, callbacks=[Evaluates(), clipping, tracker])
    assert [row["clip_rate"] for row in clipping.rows] == [1.0] * 3
    assert len(tracker.results) == 3
    assert left_behind(model, model.optimizer) == []


def test_a_validation_that_fails_ends_the_fit_and_our_part():
    model, (x, y) = relu_model(), samples()
    with pytest.raises(Exception, match=r".") as held:
        fit(model, x, y, callbacks=[GradientClipping(global_norm=1.0)], validation_data=(x[:, :2], y))
    assert left_behind(model, model.optimizer) == []
    assert held.tb is not None


def test_validation_samples_that_do_not_fit_together_end_our_part_too():
    """Keras finds out between the steps and the validation, where nothing of ours is called."""
    model, (x, y) = relu_model(), samples()
    optimizer = model.optimizer
    with contextlib.suppress(ValueError):  # with the error go the frames of the fit, which hold the list of callbacks
        fit(model, x, y, callbacks=[OURS["comparison"]()], validation_data=(x, y[:3]))
    gc.collect()
    assert session_of(model) is None
    assert left_behind(model, optimizer) == []
    assert model.optimizer is optimizer


@pytest.mark.slow
@pytest.mark.parametrize("ours", OURS.values(), ids=OURS)
def test_data_that_fail_end_the_fit_and_our_part(ours):
    model, (x, y) = relu_model(), samples()
    optimizer = model.optimizer

    class Data(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index == 2:
                raise RuntimeError("unreadable")
            return x[:BATCH], y[:BATCH]

    with contextlib.suppress(Exception):
        model.fit(Data(), epochs=2, verbose=0, shuffle=False, callbacks=[ours()])
    gc.collect()
    assert session_of(model) is None
    assert left_behind(model, optimizer) == []
    assert model.optimizer is optimizer


def test_an_interrupt_between_steps_ends_our_part():
    model, (x, y) = relu_model(), samples()

    def interrupted(logs):
        raise KeyboardInterrupt

    model.__dict__["_get_metrics_result_or_logs"] = interrupted
    with contextlib.suppress(KeyboardInterrupt):
        fit(model, x, y, callbacks=[GradientClipping(value=1e-9)])
    gc.collect()
    assert session_of(model) is None
    assert left_behind(model, model.optimizer) == []


def test_the_same_callback_twice_is_refused():
    monitor, (x, y) = GradientMonitor(), samples()
    model = model_of()
    with pytest.raises(ValueError, match="the same GradientMonitor twice"):
        fit(model, x, y, callbacks=[monitor, monitor])
    assert session_of(model) is None


@on_tensorflow
@pytest.mark.parametrize("ours", OURS.values(), ids=OURS)
def test_a_step_that_is_compiled_by_itself_is_refused(ours):
    import tensorflow as tf

    class Compiled(OwnStep):
        train_step = tf.function(OwnStep.train_step)

    x, y = samples()
    with pytest.raises(ValueError, match=r"Compiled\.train_step is a tf\.function.*model\.fit compiles it anyway"):
        fit(model_of(kind=Compiled), x, y, callbacks=[ours()])


class Branches(keras.Model):
    """Calls a layer in a branch, which on JAX is a transformation of its own."""

    def __init__(self):
        super().__init__(name="branches")
        self.seen, self.branch = layers.Dense(4, activation="relu"), layers.Dense(4, activation="relu")
        self.last = layers.Dense(1)

    def build(self, shape):
        self.seen.build(shape)
        for layer in (self.branch, self.last):
            layer.build((None, 4))
        self.built = True

    def call(self, x):
        h = self.seen(x)
        return self.last(ops.cond(ops.sum(h) > -1.0, lambda: self.branch(h), lambda: h))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*no training step has called it")
def test_units_of_a_layer_in_a_branch_are_counted_or_left_out_but_do_no_harm():
    (x, y), models = samples(), []
    for callbacks in ([], [DeadUnitTracker()]):
        keras.utils.set_random_seed(1)
        models.append(Branches())
        models[-1].compile(keras.optimizers.SGD(0.1), "mse")
        fit(models[-1], x, y, callbacks=callbacks)
        fit(models[-1], x, y)
    plain, watched = models
    for one, two in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    counted = {row["layer"] for row in callbacks[0].rows if row["layer"] != "all"}
    assert counted >= {watched.seen.name}
    assert BACKEND != "jax" or watched.branch.name not in counted


@pytest.mark.parametrize("ours", [lambda: GradientClipping(norm=1.0), GradientMonitor])
def test_optimizers_beside_the_models_own_are_told_of(ours):
    (x, y), model = samples(), relu_model()
    model.other = keras.optimizers.SGD()
    with pytest.warns(UserWarning, match=r"keeps other optimizers beside model\.optimizer \(other\)"):
        fit(model, x, y, callbacks=[ours()])


def test_the_error_of_a_fit_comes_when_all_callbacks_have_had_their_last_word():
    class Grows(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = [0.01, 1e30, 0.01][epoch]

    model, (x, y) = relu_model(), samples()
    best = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
    with pytest.raises(NonFiniteGradientError):
        fit(model, x, y, epochs=3, validation_data=(x, y), callbacks=[Grows(), best, GradientClipping(global_norm=1e9)])
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), best.best, rtol=1e-5)


def test_no_tensor_of_a_step_is_kept():
    model, (x, y) = relu_model(), samples()
    clipping = GradientClipping(global_norm=1.0, nonfinite="skip")
    fit(model, x, y, callbacks=[clipping])
    assert clipping._stage._allowed is None
