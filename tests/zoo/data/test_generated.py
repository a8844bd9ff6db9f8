"""What every generated task does alike: the same data from the same seed, of any size, as described beforehand."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.data.generated import translated
from gradschool.zoo.tables import description_table

TASKS = (
    "adding_problem", "copy_memory", "temporal_order", "sequence_reversal", "filling_in", "date_normalisation",
)  # fmt: skip


def leaves(part):
    x, y = part
    return [*(x.values() if isinstance(x, dict) else [x]), y]


@pytest.mark.parametrize("name", TASKS)
def test_the_stored_description_is_the_loaded_one(name):
    loaded, stored = load_data(name).description, describe(name)
    assert replace(loaded, baselines={}) == replace(stored, baselines={})
    assert loaded.baselines == pytest.approx(dict(stored.baselines), rel=1e-3)  # reversal counts the lengths drawn
    assert stored.baselines


@pytest.mark.parametrize("name", TASKS)
def test_only_the_data_seed_changes_the_data(name):
    data, same, other = (load_data(name, samples=50, **seeds) for seeds in ({}, {"seed": 7}, {"data_seed": 7}))
    for array, again, changed in zip(*(leaves(one.arrays("test")) for one in (data, same, other)), strict=True):
        np.testing.assert_array_equal(array, again)
        assert array.shape[0] == 5
        assert array.shape != changed.shape or not np.array_equal(array, changed)


@pytest.mark.parametrize("name", TASKS)
def test_inputs_and_targets_are_as_described(name):
    data = load_data(name, samples=20)
    known = data.description
    for part, count in {"train": 20, "validation": 2, "test": 2}.items():
        x, y = data.arrays(part)
        assert len(y) == count
        if known.task == "translation":
            assert x["target"].max() < known.classes == known.target_tokenizer.size
            assert known.input_tokens == known.input_tokenizer.size
            x = x["source"]
        assert len(x) == count
        assert x.dtype == ("int32" if known.input_tokens else "float32")
        assert y.dtype == ("float32" if known.task == "regression" else "int32")
        assert all(size in (None, have) for size, have in zip(known.input_shape, x.shape[1:], strict=True))
        if known.input_tokens:
            assert 0 <= x.min() <= x.max() < known.input_tokens
            assert y.max() < known.classes
    assert (data.lengths is None) == (None not in known.input_shape)


@pytest.mark.parametrize("name", ["copy_memory", "temporal_order", "adding_problem", "filling_in"])
def test_a_longer_training_part_leaves_the_test_part_alone_where_sizes_agree(name):
    x, y = load_data(name, samples=40).arrays("test")
    same_x, same_y = load_data(name, samples=49).arrays("test")
    np.testing.assert_array_equal(x, same_x)
    np.testing.assert_array_equal(y, same_y)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("samples", 9, r"samples must be a whole number .*10.*; got 9"),
        ("samples", 1e4, r"samples must be a whole number .*; got 10000.0"),
        ("data_seed", -1, "data_seed must be a whole number of at least 0; got -1"),
        ("data_seed", True, "data_seed must be a whole number of at least 0; got True"),
    ],
)
def test_options_that_make_no_sense_are_refused(name, option, value, message):
    with pytest.raises(ValueError, match=message):
        load_data(name, **{option: value})


def test_pairs_are_padded_at_their_ends_and_their_lengths_kept():
    pairs = [[4, 5, 6], [4]], [[2, 9, 3], [2, 7, 8, 3]]
    parts, lengths = translated(*pairs, {"train": 1, "test": 1})
    x, y = parts["test"]
    np.testing.assert_array_equal(x["source"], [[4, 0, 0]])
    np.testing.assert_array_equal(x["target"], [[2, 7, 8]])
    np.testing.assert_array_equal(y, [[7, 8, 3]])
    np.testing.assert_array_equal(parts["train"][1], [[9, 3, 0]])
    np.testing.assert_array_equal(lengths["train"], [[3, 2]])
    np.testing.assert_array_equal(lengths["test"], [[1, 3]])


def test_baselines_are_told_with_the_description():
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(description_table(describe("copy_memory")))
    assert "nats 0.2971, token accuracy 87.50 %" in console.export_text()
