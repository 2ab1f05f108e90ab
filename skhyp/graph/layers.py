"""Layers as pure functions of a tensor and its parameters."""

import tensorflow as tf

ACTIVATIONS = {
    "relu": tf.nn.relu,
    "sigmoid": tf.math.sigmoid,
    "linear": tf.identity,
    "tanh": tf.math.tanh,
    "elu": tf.nn.elu,
    "softplus": tf.math.softplus,
}


def activate(x: tf.Tensor, activation: str) -> tf.Tensor:
    """Apply the activation function of that name, element by element."""
    return ACTIVATIONS[activation](x)


def dense(
    x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, skip: tf.Tensor | None = None
) -> tf.Tensor:
    """Map rows (n, inputs) by a kernel (inputs, outputs) and a bias (outputs,), and add a skip."""
    product = tf.linalg.matmul(x, kernel)
    if skip is None:
        return tf.nn.bias_add(product, bias)
    # Not bias_add: TensorFlow's rewriting of graphs (seen in 2.21) breaks bias_add, add and relu.
    return product + bias + skip


def dropout(x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Silence a share ``rate`` of the values and scale up the others; a function of ``seed``."""
    # Whole numbers are compared, as XLA makes other fractions of them than TensorFlow.
    drawn = tf.random.stateless_uniform(tf.shape(x), seed, None, None, tf.uint32, alg="philox")
    is_kept = drawn >= tf.constant(round(rate * 2**32), tf.uint32)
    return tf.where(is_kept, x / (1 - rate), tf.zeros_like(x))
