"""Arrays and tensors that share their memory, where copying a scene would cost time and space."""

import numpy as np
import tensorflow as tf

# TensorFlow takes over memory that begins at a multiple of this many bytes; NumPy's own does not.
_ALIGNMENT = 64


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an array without values that :func:`shared_tensor` need not copy."""
    dtype = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + n_bytes].view(dtype).reshape(shape)


def shared_tensor(array: np.ndarray) -> tf.Tensor:
    """Return a tensor on the array's memory, which must not be changed then, or on a copy."""
    is_shareable = array.flags.c_contiguous and array.flags.writeable and array.size > 0
    if is_shareable and array.ctypes.data % _ALIGNMENT == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.constant(array)


def shared_array(tensor: tf.Tensor) -> np.ndarray:
    """Return a tensor's values without the copy that ``tensor.numpy()`` makes, not writable."""
    return np.asarray(memoryview(tensor))
