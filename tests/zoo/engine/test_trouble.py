"""The first layer concerned, when numbers stop being finite."""

import keras
import numpy as np
import pytest

from gradschool import zoo
from gradschool.zoo.engine.strategies import get_strategy
from gradschool.zoo.engine.trouble import NotFiniteError, first_trouble

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the engine is TensorFlow's")


def model_with(layer, loss="mse"):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="before"), layer, keras.layers.Dense(1, name="behind")]
    )
    model = zoo.use_engine(model)
    model.compile("sgd", loss)
    return model


X, Y = np.ones((4, 3), "float32"), np.zeros((4, 1), "float32")


def trouble(model, x=X, y=Y):
    return first_trouble(model, (x, y), get_strategy("one"))


def test_overflow_inside_a_layer_names_it():
    overflow = keras.layers.Lambda(lambda x: keras.ops.exp(1000 + keras.ops.abs(x)), name="overflow")
    assert trouble(model_with(overflow)) == "the first layer whose output is not finite is overflow"


def test_a_loss_that_is_not_finite_while_the_outputs_are():
    model = model_with(keras.layers.ReLU(), lambda y, outputs: keras.ops.log(y))
    assert trouble(model) == "every layer's output is finite, the loss is not"


def test_a_gradient_that_is_not_finite_while_outputs_and_loss_are():
    model = model_with(keras.layers.Lambda(lambda x: keras.ops.sqrt(0.0 * x), name="root"))
    wanted = np.ones((4, 1), "float32")
    assert "outputs and loss are finite; going back, the first gradient that is not is that of" in trouble(
        model, y=wanted
    )
    with pytest.raises(NotFiniteError, match=r"epoch 1, step 1: outputs and loss are finite.*before/bias"):
        model.fit(X, wanted, verbose=0)


def test_weights_and_samples_come_first():
    model = model_with(keras.layers.ReLU())
    assert (
        trouble(model, x=np.full((4, 3), np.nan, "float32")) == "the samples themselves hold values that are not finite"
    )
    model.get_layer("behind").kernel.assign(np.full((4, 1), np.inf))
    assert "behind/kernel were not finite before it" in trouble(model)


def test_a_batch_that_is_gone():
    model = model_with(keras.layers.ReLU())
    assert "cannot be read again" in first_trouble(model, None, get_strategy("one"))


def test_the_repetition_leaves_the_model_as_it_was():
    model = model_with(keras.layers.BatchNormalization(name="norm"))
    before = model.get_weights()
    trouble(model)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_error_names_the_last_good_checkpoint(tmp_path):
    model = model_with(keras.layers.ReLU())
    x = np.concatenate([X, X])
    checkpoints = zoo.Checkpoints(tmp_path)

    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.optimizer.learning_rate = np.inf

    with pytest.raises(NotFiniteError, match=r"epoch 2, step 2.*The last good checkpoint is .*step-000000000002\.npz"):
        model.fit(x, np.ones((8, 1), "float32"), 4, epochs=3, callbacks=[checkpoints, Spoil()], verbose=0)
