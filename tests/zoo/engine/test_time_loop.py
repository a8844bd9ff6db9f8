"""The loop over time steps: forwards, backwards, and a gradient that is used in place of the back end's."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from gradients import input_gradient
from gradschool.zoo.engine.time_loop import over_time, with_gradient

VALUES = np.arange(24.0, dtype="float32").reshape(4, 3, 2)  # (T, B, width)


def halve_and_add(states, now):
    total = states[0] / 2 + now[0]
    return [total], [total, now[0][:, :1]]


@pytest.mark.parametrize("backwards", [False, True])
def test_states_go_from_step_to_step_and_results_keep_the_order_of_time(backwards):
    values = ops.convert_to_tensor(VALUES)
    (last,), (totals, first) = over_time(halve_and_add, [ops.ones((3, 2))], [values], [2, 1], backwards)
    state, wanted = np.ones((3, 2)), np.zeros((4, 3, 2))
    for t in reversed(range(4)) if backwards else range(4):
        state = wanted[t] = state / 2 + VALUES[t]
    np.testing.assert_allclose(convert_to_numpy(totals), wanted, rtol=1e-6)
    np.testing.assert_allclose(convert_to_numpy(last), state, rtol=1e-6)
    np.testing.assert_allclose(convert_to_numpy(first), VALUES[..., :1])


def test_a_gradient_by_hand_takes_the_place_of_the_back_end_s():
    def square(x):
        return (x * x,), lambda d_square: (100 * d_square,)

    found = input_gradient(lambda x: with_gradient(square)(x)[0], VALUES)
    wanted = 2 * VALUES if keras.backend.backend() == "torch" else np.full_like(VALUES, 100)
    np.testing.assert_allclose(found, wanted)
