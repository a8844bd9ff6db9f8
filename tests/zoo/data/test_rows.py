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
        found = rows.take_rows(array, order, rows.aligned_like(array))
    np.testing.assert_array_equal(found, array[order])
    assert found.dtype == array.dtype


def test_strided_and_reversed_arrays():
    array = np.arange(60.0).reshape(10, 6)[::-2, ::3]
    order = np.array([4, 0, 3, 1, 2])
    np.testing.assert_array_equal(rows.take_rows(array, order, rows.aligned_like(array)), array[order])


@needs_tensorflow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1,), (7, 3), (5, 2, 2, 3)])
def test_a_tensor_lies_in_the_same_memory(dtype, shape):
    import tensorflow as tf

    array = rows.aligned_like(np.zeros(shape, dtype))
    assert array.ctypes.data % 64 == 0
    tensor = rows.as_tensor(array)
    array[:] = np.arange(array.size, dtype=dtype).reshape(shape)
    np.testing.assert_array_equal((tensor + tf.ones((), dtype)).numpy(), array + np.ones((), dtype))


@needs_tensorflow
def test_a_tensor_keeps_its_memory():
    tensor = rows.Room().tensor(np.arange(1e6), np.arange(10**6))
    others = [np.full(10**6, -1.0) for _ in range(5)]
    np.testing.assert_array_equal(tensor.numpy(), np.arange(1e6))
    assert len(others) == 5


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


@needs_tensorflow
def test_a_room_is_filled_again_when_it_is_empty():
    array, room = np.arange(16 * 10.0).reshape(10, 16), rows.Room()
    first = room.tensor(array, np.arange(10))
    place = room._memory.ctypes.data
    del first
    second = room.tensor(array, np.arange(10)[::-1])
    assert room._memory.ctypes.data == place
    np.testing.assert_array_equal(second.numpy(), array[::-1])


@needs_tensorflow
@pytest.mark.parametrize("how", ["tensor", "identity", "slice", "variable", "in a function"])
def test_a_room_in_use_is_left_alone(how):
    """A slice along the first axis whose rows are of 64 bytes shares memory, and a variable may take it over."""
    import tensorflow as tf

    array, room = np.arange(16 * 10, dtype="float32").reshape(10, 16), rows.Room()
    variable = tf.Variable(tf.zeros((4, 16)))
    assign = tf.function(lambda all_rows: variable.assign(all_rows[4:8]))
    keep = {
        "tensor": lambda rows: rows,
        "identity": tf.identity,
        "slice": lambda rows: rows[4:8],
        "variable": lambda rows: [variable, variable.assign(rows[4:8])][0],
        "in a function": lambda rows: [variable, assign(rows)][0],
    }[how]
    kept = keep(room.tensor(array, np.arange(10)))
    expected = kept.numpy().copy()
    room.tensor(array, np.arange(10)[::-1])
    np.testing.assert_array_equal(kept.numpy(), expected)
    assert expected.any()
