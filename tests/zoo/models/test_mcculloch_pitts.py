"""Gates against Python's own logic, and by exhaustion what one neuron cannot do."""

from itertools import product

import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.models.mcculloch_pitts import GATES, McCullochPitts

LOGIC = {"and": all, "or": any, "not": lambda row: not row[0], "nor": lambda row: not any(row)}


def rows(inputs):
    return np.array(list(product((0, 1), repeat=inputs)))


def fires(neuron, inputs):
    return convert_to_numpy(neuron(rows(inputs))).ravel().astype(int).tolist()


@pytest.mark.parametrize(
    ("gate", "inputs"), [(gate, inputs) for gate in GATES for inputs in ((1,) if gate == "not" else (1, 2, 5))]
)
def test_gates_equal_python_s_logic(gate, inputs):
    expected = [int(LOGIC[gate](row)) for row in rows(inputs).tolist()]
    assert fires(McCullochPitts.gate(gate, inputs), inputs) == expected


def test_the_default_is_and():
    assert fires(McCullochPitts(), 2) == [0, 0, 0, 1]


def test_one_veto_outweighs_any_number_of_votes():
    neuron = McCullochPitts(input_shape=(5,), inhibitory=(4,), threshold=1)
    assert fires(neuron, 5) == [int(any(row[:4]) and not row[4]) for row in rows(5).tolist()]


def test_no_wiring_of_one_neuron_is_nand_or_xor_and_two_layers_are():
    reachable = {
        tuple(fires(McCullochPitts((2,), inhibitory, threshold), 2))
        for inhibitory in ((), (0,), (1,), (0, 1))
        for threshold in range(4)
    }
    assert (1, 1, 1, 0) not in reachable  # NAND
    assert (0, 1, 1, 0) not in reachable  # XOR
    negate, either = McCullochPitts.gate("not"), McCullochPitts.gate("or")
    inverted = np.hstack([convert_to_numpy(negate(rows(2)[:, [i]])) for i in (0, 1)])
    assert convert_to_numpy(either(inverted)).ravel().tolist() == [1, 1, 1, 0]


def test_there_is_nothing_to_learn():
    assert McCullochPitts().count_params() == 0
    assert not McCullochPitts.differentiable


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: McCullochPitts(inhibitory=(2,)), r"inhibitory must name inputs from 0 to 1; got \(2,\)"),
        (lambda: McCullochPitts(threshold=-1), "threshold must be a whole number of at least 0; got -1"),
        (lambda: McCullochPitts.gate("an"), "unknown gate 'an'; did you mean 'and'"),
        (lambda: McCullochPitts.gate("xor"), "One such neuron cannot"),
        (lambda: McCullochPitts.gate("not", 2), "the gate 'not' has one input; got inputs=2"),
        (lambda: McCullochPitts(input_shape=(28, 28, 1)), "input_shape must be a tuple of 1 whole numbers"),
    ],
)
def test_impossible_wirings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
