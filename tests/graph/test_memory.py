"""Arrays and tensors on one memory: nothing is copied, nothing is lost, nothing is changed."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from skhyp.graph.memory import aligned_empty, shared_array, shared_tensor

DTYPES = ["float32", "float64", "uint8", "uint16", "int32", "int64"]
SHAPES = [(), (1,), (7,), (3, 5), (2, 3, 4)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_aligned_array_and_its_tensor_share_their_memory(shape, dtype):
    array = aligned_empty(shape, dtype)
    assert array.shape == shape and array.dtype == dtype
    assert array.flags.c_contiguous and array.flags.writeable
    array[...] = 3
    tensor = shared_tensor(array)
    assert tensor.shape == shape and tensor.dtype == dtype
    assert np.shares_memory(shared_array(tensor), array)
    np.testing.assert_array_equal(tensor, array)


def test_what_cannot_be_shared_is_copied():
    aligned = aligned_empty((6, 8), "float32")
    aligned[:] = np.arange(48.0).reshape(6, 8)
    read_only = aligned.view()
    read_only.flags.writeable = False
    for array in (aligned[:, ::2], aligned.T, aligned.ravel()[1:], read_only, aligned[:0]):
        tensor = shared_tensor(array)
        np.testing.assert_array_equal(tensor, array)
        assert not np.shares_memory(shared_array(tensor), aligned)


def test_the_memory_lives_as_long_as_either_of_the_two():
    array = aligned_empty((1000,), "float64")
    array[:] = 5
    tensor = shared_tensor(array)
    del array
    values = shared_array(tensor * 2)
    gc.collect()
    for other in range(100):
        np.full(1000, float(other))
    assert np.all(tensor.numpy() == 5) and np.all(values == 10)


def test_the_array_of_a_tensor_is_not_writable_as_tensors_never_change():
    values = shared_array(tf.ones((2, 3)))
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = 2
