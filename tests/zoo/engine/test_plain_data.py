"""Plain data come back exactly as they were, and a damaged file is always found out."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradschool.zoo.engine.plain_data import is_plain, read_plain, write_plain

DTYPES = ["bool", "int8", "int64", "uint8", "uint32", "float16", "float32", "float64", "complex64"]


def bfloat16(array):
    return array.astype(ml_dtypes.bfloat16)


ARRAYS = st.one_of(
    arrays.arrays(st.sampled_from(DTYPES), arrays.array_shapes(min_dims=0, min_side=0, max_side=3)),
    arrays.arrays("float32", arrays.array_shapes(min_dims=0, max_side=3)).map(np.asarray).map(bfloat16),
    arrays.arrays("U3", 2),
)
NUMBERS = st.one_of(
    st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, 1)).map(lambda array: array[0]),
    st.floats(width=32).map(ml_dtypes.bfloat16),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), ARRAYS, NUMBERS),
    lambda value: st.one_of(
        st.lists(value, max_size=3),
        st.lists(value, max_size=3).map(tuple),
        st.dictionaries(st.text(), value, max_size=3),
    ),
    max_leaves=6,
)
SMALL = {
    "weights": np.arange(5, dtype="float32"),
    "waited": [1, (2.5, None), np.float16(3)],
    "best": bfloat16(np.ones(3)),
}


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray | np.generic):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    elif isinstance(one, dict):
        assert list(one) == list(other)
        assert_same(list(one.values()), list(other.values()))
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    else:
        assert one == other or (one != one and other != other)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("plain") / "value.npz"


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=150)
def test_everything_comes_back_as_it_was(path, value):
    assert is_plain(value)
    write_plain(path, value)
    assert_same(read_plain(path), value)


def test_arrays_that_lie_scattered_or_the_other_way_round(path):
    value = [np.arange(12.0).reshape(3, 4)[:, ::2], np.arange(3, dtype=">i4"), bfloat16(np.ones((4, 4)))[::2]]
    write_plain(path, value)
    for ours, theirs in zip(read_plain(path), value, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "value", [print, {1: 2}, {"a": {2}}, [b"bytes"], np.array([None]), np.array([b"x"]), np.zeros(2, "i4,f4"), object()]
)
def test_what_is_not_plain(value):
    assert not is_plain(value)


def test_a_file_cut_off_anywhere_is_not_whole(path):
    write_plain(path, SMALL)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=f"{path} is not whole"):
            read_plain(path)


def test_no_flipped_bit_changes_what_is_read(path):
    write_plain(path, SMALL)
    whole = path.read_bytes()
    found = 0
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        try:
            assert_same(read_plain(path), SMALL)  # where a bit says nothing, such as a date in the archive
        except ValueError as error:
            assert f"{path} is not whole" in str(error)  # noqa: PT017  not every flipped bit is an error
            found += 1
    assert found > len(whole) / 2


def test_other_files_are_refused(path):
    for content in (b"", b"PK\x03\x04", b"hello " * 100):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not whole"):
            read_plain(path)
    np.savez(path, weights=np.ones(3))
    with pytest.raises(ValueError, match="is not whole"):
        read_plain(path)
    with pytest.raises(ValueError, match="is not whole"):
        read_plain(path.with_name("missing.npz"))


def test_a_failed_write_leaves_what_was_there(path, monkeypatch):
    write_plain(path, SMALL)

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_plain(path, {"other": 1})
    assert_same(read_plain(path), SMALL)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
