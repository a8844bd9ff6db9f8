"""Rows in another order, as NumPy has them, in memory that TensorFlow shares."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradschool.zoo.data import rows
from gradschool.zoo.data.batch_source import BatchSource

needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's memory")
DTYPES = ["float32", "float64", "float16", "int64", "int8", "uint8", "uint16"]


@given(
    st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=1))),
    st.integers(1, 50),
    st.data(),
)
def test_rows_are_numpys(array, bytes_per_thread, data):
    order = data.draw(arrays.arrays("int32", len(array), elements=st.integers(0, len(array) - 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_BYTES_PER_THREAD", bytes_per_thread)  # so that there are several threads
        found = rows.take_rows(array, order)
    np.testing.assert_array_equal(found, array[order])
    assert found.dtype == array.dtype


def test_strided_and_reversed_arrays():
    array = np.arange(60.0).reshape(10, 6)[::-2, ::3]
    order = np.array([4, 0, 3, 1, 2])
    np.testing.assert_array_equal(rows.take_rows(array, order), array[order])


@needs_tensorflow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1,), (7, 3), (5, 2, 2, 3)])
def test_a_tensor_lies_in_the_same_memory(dtype, shape):
    import tensorflow as tf

    array = rows.take_rows(np.zeros(shape, dtype), np.arange(shape[0]))
    assert array.ctypes.data % 64 == 0
    tensor = rows.as_tensor(array)
    array[:] = np.arange(array.size, dtype=dtype).reshape(shape)
    np.testing.assert_array_equal((tensor + tf.ones((), dtype)).numpy(), array + np.ones((), dtype))


@needs_tensorflow
@pytest.mark.parametrize(
    "array",
    [np.array(["one", "two"]), np.array([True, False]), np.array([1, 2], ">i4"), np.array([1, 2], "complex64")],
)
def test_what_cannot_be_shared_is_gathered(array):
    import tensorflow as tf

    assert not rows.can_be_shared(array)
    source = BatchSource((array,), 2)
    (found,) = source.in_order(tf.constant([1, 0]))
    assert found.numpy().astype(str).tolist() == np.array(tf.constant(array[::-1])).astype(str).tolist()


@needs_tensorflow
def test_two_orders_do_not_disturb_each_other():
    import tensorflow as tf

    source = BatchSource((np.arange(5.0), {"y": np.arange(5)}), 2, seed=0)
    (one, _), (other, labels) = (source.in_order(tf.constant(order)) for order in ([4, 3, 2, 1, 0], [0, 1, 2, 3, 4]))
    assert one.numpy().tolist() == [4, 3, 2, 1, 0]
    assert other.numpy().tolist() == labels["y"].numpy().tolist() == [0, 1, 2, 3, 4]


SAMPLES = np.arange(16 * 20000, dtype="float32").reshape(20000, 16)  # rows of 64 bytes, more than 1 MiB


@pytest.fixture
def nothing_kept(monkeypatch):
    monkeypatch.setattr(rows, "_kept", [])


@needs_tensorflow
def test_memory_is_filled_again_when_nothing_lies_in_it(nothing_kept):
    order = np.arange(20000)
    places = set()
    for _ in range(4):
        array = rows.take_rows(SAMPLES, order)
        tensor = rows.as_tensor(array)
        places.add(array.ctypes.data)
        del array
        order = order[::-1]
    assert len(places) == 2  # while the next tensor is made, there is still the one before
    np.testing.assert_array_equal(tensor.numpy(), SAMPLES[::-1])
    del tensor
    assert len(rows._kept) == 2


def test_little_memory_is_kept(nothing_kept, monkeypatch):
    monkeypatch.setattr(rows, "_MOST_KEPT", 3 * SAMPLES.nbytes)
    several = [rows.take_rows(SAMPLES, np.arange(20000)) for _ in range(5)]
    rows.take_rows(SAMPLES[:100], np.arange(100))
    del several
    assert len(rows._kept) == 2
    larger = rows.take_rows(np.tile(SAMPLES, (3, 1)), np.arange(60000))
    assert len(larger) == 60000
    assert rows._kept == []


@needs_tensorflow
@pytest.mark.parametrize("how", ["tensor", "identity", "slice", "variable", "in a function", "numpy"])
def test_memory_in_use_is_left_alone(how, nothing_kept):
    """A slice along the first axis whose rows are of 64 bytes shares memory, and a variable may take it over."""
    import tensorflow as tf

    variable = tf.Variable(tf.zeros((4, 16)))
    assign = tf.function(lambda all_rows: variable.assign(all_rows[4:8]))
    keep = {
        "tensor": lambda tensor: tensor,
        "identity": tf.identity,
        "slice": lambda tensor: tensor[4:8],
        "variable": lambda tensor: [variable, variable.assign(tensor[4:8])][0],
        "in a function": lambda tensor: [variable, assign(tensor)][0],
        "numpy": lambda tensor: tensor.numpy(),
    }[how]
    kept = keep(rows.as_tensor(rows.take_rows(SAMPLES, np.arange(20000))))
    expected = np.array(kept).copy()
    for _ in range(3):
        rows.as_tensor(rows.take_rows(SAMPLES, np.arange(20000)[::-1]))
    np.testing.assert_array_equal(np.array(kept), expected)
    assert expected.any()
