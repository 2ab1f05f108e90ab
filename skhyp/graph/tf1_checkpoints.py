"""Reading the variables of a TensorFlow 1 checkpoint."""

from pathlib import Path

import numpy as np
import tensorflow as tf


def read_variables(prefix: Path) -> dict[str, np.ndarray]:
    """Return all variables of a checkpoint by name.

    Parameters
    ----------
    prefix : path
        What the names of the checkpoint's files begin with.

    Raises
    ------
    FileNotFoundError
        If a file of the checkpoint is missing.
    ValueError
        If one is damaged: checkpoints carry check sums.
    """
    for suffix in (".index", ".data-00000-of-00001"):
        path = prefix.with_name(prefix.name + suffix)
        if not path.is_file():
            raise FileNotFoundError(f"There is no file {path}, a part of the checkpoint {prefix}.")
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except Exception as error:  # each kind of damage is an exception of another class
        raise ValueError(f"The checkpoint {prefix} is damaged: {error}") from error
