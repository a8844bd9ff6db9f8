"""Compiled functions: the same results, with the weights as they are, and no model kept alive."""

import gc
import weakref

import keras
import numpy as np
from keras import ops

from gradschool.zoo.generation.compiled import compiled


class Doubling(keras.layers.Layer):
    """Counts how often Python runs its method."""

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.scale = self.add_weight(shape=(), initializer="ones")

    def twice(self, values, states):
        self.calls += 1
        return 2 * self.scale * values["x"], [state + 1 for state in states]


def result(layer, size=3):
    y, states = compiled(layer.twice)({"x": ops.ones((size,))}, [ops.zeros((size,))])
    return ops.convert_to_numpy(y), [ops.convert_to_numpy(state) for state in states]


def test_nested_tensors_go_in_and_come_out():
    y, states = result(Doubling())
    np.testing.assert_array_equal(y, [2, 2, 2])
    np.testing.assert_array_equal(states, [[1, 1, 1]])


def test_a_method_is_traced_once_however_often_it_is_asked_for():
    layer = Doubling()
    for _ in range(3):
        result(layer)
    assert layer.calls == (3 if keras.backend.backend() == "torch" else 1)


def test_weights_are_those_of_now():
    layer = Doubling()
    result(layer)
    layer.scale.assign(5.0)
    np.testing.assert_array_equal(result(layer)[0], [10, 10, 10])


def test_layers_of_one_class_are_told_apart():
    one, other = Doubling(), Doubling()
    other.scale.assign(3.0)
    assert result(one)[0][0] == 2
    assert result(other)[0][0] == 6


def test_a_function_that_is_no_method_is_compiled_too():
    np.testing.assert_array_equal(ops.convert_to_numpy(compiled(lambda x: x + 1)(ops.zeros((2,)))), [1, 1])


def test_a_layer_is_forgotten_with_its_last_user():
    layer = Doubling()
    call = compiled(layer.twice)
    call({"x": ops.ones((2,))}, [])
    seen = weakref.ref(layer)
    del layer
    gc.collect()
    assert seen() is not None  # the call holds it
    del call
    gc.collect()
    assert seen() is None
