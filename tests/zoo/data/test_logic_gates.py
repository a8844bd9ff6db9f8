"""Truth tables against Python's own operators."""

import operator

import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import describe

GATES = {
    "and": operator.and_,
    "or": operator.or_,
    "nand": lambda a, b: 1 - (a & b),
    "xor": operator.xor,
}


@pytest.mark.parametrize("gate", GATES)
def test_truth_table(gate):
    inputs, outputs = load_data(f"logic_{gate}").arrays("train")
    assert {tuple(row) for row in inputs.tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert inputs.dtype == "float32"
    assert outputs.dtype == "int32"
    assert outputs.tolist() == [GATES[gate](int(a), int(b)) for a, b in inputs]


def test_all_parts_are_the_same_rows_and_the_description_says_so():
    data = load_data("logic_xor")
    assert data.description == describe("logic_xor")
    assert "train, validation and test at once" in data.description.summary
    for part in ("validation", "test"):
        for array, same in zip(data.arrays("train"), data.arrays(part), strict=True):
            assert array.tolist() == same.tolist()
