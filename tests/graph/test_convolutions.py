"""Convolutions in blocks and as products, against TensorFlow's own, and how blocks are chosen."""

from functools import lru_cache
from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from skhyp.graph.convolutions import (
    BLOCKS,
    DIRECT,
    PRODUCTS,
    BlockGeometry,
    block_geometry,
    convolution,
    convolved_length,
    transposed_convolution,
)

N_ROWS = 3
# Bands, width of the kernel, channels and filters.
SHAPES = {
    "one channel in": (23, 5, 1, 4),
    "one channel and one filter": (23, 5, 1, 1),
    "ten channels, as in deephyp": (31, 10, 10, 10),
    "as many channels as a vector has": (21, 4, 16, 3),
    "more channels than a vector has": (21, 4, 18, 17),
    "more filters than channels": (24, 3, 3, 20),
    "more channels than filters": (24, 3, 20, 2),
    "a kernel as long as the spectrum": (12, 12, 2, 3),
    "a kernel of one band": (13, 1, 3, 2),
    "a kernel longer than its block": (40, 33, 2, 3),
    "one band": (1, 1, 2, 3),
    "two bands": (2, 2, 1, 3),
    "a length that is prime": (37, 6, 4, 5),
}
STRIDES = [1, 2, 3, 4]
PADDINGS = ["valid", "same"]


def _arrays(shape, stride, padding):
    """Spectra, their kernel and the convolved shape's values, all drawn."""
    length, width, n_channels, n_filters = shape
    rng = np.random.default_rng(0)
    n_positions = convolved_length(length, width, stride, padding)
    return {
        "x": tf.constant(rng.standard_normal((N_ROWS, length, n_channels))),
        "kernel": tf.constant(rng.standard_normal((width, n_channels, n_filters))),
        "y": tf.constant(rng.standard_normal((N_ROWS, n_positions, n_filters))),
        "bias": tf.constant(rng.standard_normal(n_filters)),
        "transposed bias": tf.constant(rng.standard_normal(n_channels)),
    }


def _value_and_gradients(function, arguments, upstream):
    """The function's value, and the gradients of its product with ``upstream``."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        value = function(*arguments)
        assert value.shape == upstream.shape
        product_with_upstream = tf.reduce_sum(value * upstream)
    return [value, *tape.gradient(product_with_upstream, arguments)]


def _convolved(arrays, stride, padding, form):
    def function(x, kernel, bias):
        return convolution(x, kernel, bias, stride=stride, padding=padding, form=form)

    arguments = [arrays["x"], arrays["kernel"], arrays["bias"]]
    return _value_and_gradients(function, arguments, arrays["y"])


def _transposed(arrays, stride, padding, form):
    length = arrays["x"].shape[1]

    def function(y, kernel, bias):
        return transposed_convolution(
            y, kernel, bias, length=length, stride=stride, padding=padding, form=form
        )

    arguments = [arrays["y"], arrays["kernel"], arrays["transposed bias"]]
    return _value_and_gradients(function, arguments, arrays["x"])


@lru_cache
def _direct(map_of, shape, stride, padding):
    """What TensorFlow's own convolution gives, which several forms are compared with."""
    return map_of(_arrays(shape, stride, padding), stride, padding, DIRECT)


def _assert_same(found, expected):
    for its, one in zip(found, expected, strict=True):
        np.testing.assert_allclose(its, one, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("map_of", [_convolved, _transposed], ids=["convolution", "transposed"])
def test_all_forms_have_the_values_and_gradients_of_tensorflow_s_own(shape, padding, map_of):
    for stride in STRIDES:
        arrays = _arrays(shape, stride, padding)
        expected = _direct(map_of, shape, stride, padding)
        for form in (BLOCKS, PRODUCTS):
            _assert_same(map_of(arrays, stride, padding, form), expected)


@pytest.mark.parametrize("outputs", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("form", [BLOCKS, PRODUCTS])
def test_blocks_of_any_size_give_the_same(monkeypatch, form, outputs):
    def chosen(_, length, kernel_shape, stride, **__):
        return BlockGeometry.of(outputs, length, kernel_shape[0], stride)

    monkeypatch.setattr("skhyp.graph.convolutions.block_geometry", chosen)
    for shape, stride, padding in product(
        [(23, 5, 2, 3), (40, 33, 1, 2), (9, 9, 2, 1)], [1, 3], PADDINGS
    ):
        arrays = _arrays(shape, stride, padding)
        for map_of in (_convolved, _transposed):
            expected = _direct(map_of, shape, stride, padding)
            _assert_same(map_of(arrays, stride, padding, form), expected)


@pytest.mark.parametrize("form", [BLOCKS, PRODUCTS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forms_keep_the_precision_and_the_shape_of_what_they_are_given(form, dtype):
    x, kernel = tf.ones((2, 30, 10), dtype), tf.ones((5, 10, 4), dtype)
    y = convolution(x, kernel, tf.ones(4, dtype), stride=2, padding="valid", form=form)
    assert y.dtype == dtype and y.shape == (2, 13, 4)
    back = transposed_convolution(
        y, kernel, tf.ones(10, dtype), length=30, stride=2, padding="valid", form=form
    )
    assert back.dtype == dtype and back.shape == (2, 30, 10)
    np.testing.assert_array_equal(y, np.full(y.shape, 51.0))


@pytest.mark.parametrize("form", [BLOCKS, PRODUCTS])
def test_a_graph_for_any_number_of_rows_knows_all_other_sizes(form):
    @tf.function(input_signature=[tf.TensorSpec((None, 30, 10)), tf.TensorSpec((5, 10, 4))])
    def there_and_back(x, kernel):
        y = convolution(x, kernel, tf.ones(4), stride=2, padding="same", form=form)
        assert y.shape.as_list() == [None, 15, 4]
        back = transposed_convolution(
            y, kernel, tf.ones(10), length=30, stride=2, padding="same", form=form
        )
        assert back.shape.as_list() == [None, 30, 10]
        return back

    for n_rows in (0, 1, 7):
        found = there_and_back(tf.ones((n_rows, 30, 10)), tf.ones((5, 10, 4)))
        assert found.shape == (n_rows, 30, 10)


def test_rows_and_bands_that_pad_do_not_reach_the_values():
    # Blocks of three do not divide the positions: bands are cut off, zeros put in their place.
    x = np.ones((1, 31, 10))
    kernel, bias = np.ones((10, 10, 10)), np.zeros(10)
    for form in (DIRECT, BLOCKS, PRODUCTS):
        valid = convolution(tf.constant(x), kernel, bias, stride=1, padding="valid", form=form)
        np.testing.assert_array_equal(valid, np.full((1, 22, 10), 100.0))
        same = convolution(tf.constant(x), kernel, bias, stride=1, padding="same", form=form)
        assert same[0, 0, 0] == 60 and same[0, -1, 0] == 50 and same[0, 15, 0] == 100


def test_ten_channels_are_taken_together_by_three_positions():
    # 3 * 10 channels fill two vectors of 16 but for two values; 10 alone leave six empty.
    geometry = block_geometry(BLOCKS, 84, (10, 10, 10), 1)
    assert geometry == BlockGeometry(outputs=3, inputs=3, window=4, n_blocks=25)


@pytest.mark.parametrize("channels", [(16, 16), (32, 16), (16, 64), (32, 32), (48, 16)])
@pytest.mark.parametrize("is_transposed", [False, True])
def test_channels_that_fill_vectors_are_left_alone(channels, is_transposed):
    for width, stride in product((3, 10, 20), (1, 2)):
        geometry = block_geometry(
            BLOCKS, 100, (width, *channels), stride, is_transposed=is_transposed
        )
        assert geometry.outputs == 1


@pytest.mark.parametrize("n_filters", [32, 100])
def test_products_of_many_columns_are_left_alone(n_filters):
    assert block_geometry(PRODUCTS, 100, (10, 10, n_filters), 1).outputs == 1


def test_products_of_few_columns_are_made_of_several_positions():
    geometry = block_geometry(PRODUCTS, 103, (20, 1, 10), 1)
    assert geometry.outputs == 3 and geometry.window == 8


def _padded_multiplications(form, geometry, kernel_shape, is_transposed):
    """What a form multiplies for one spectrum, zeros that fill vectors or columns included."""
    _, n_channels, n_filters = kernel_shape
    inputs, outputs = geometry.inputs * n_channels, geometry.outputs * n_filters
    if form == PRODUCTS:
        outputs = max(outputs, 30)
    else:
        if inputs > 3 or is_transposed:
            inputs = 16 * -(-inputs // 16)
        outputs = 16 * -(-outputs // 16)
    return geometry.n_blocks * geometry.window * inputs * outputs


def _shapes_of_convolutions(n):
    """Sizes of convolutions without padding, drawn over all that may occur."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        length = int(rng.integers(1, 250))
        width = int(rng.integers(1, min(length, 40) + 1))
        channels = tuple(int(rng.integers(1, 40)) for _ in range(2))
        yield length, (width, *channels), int(rng.integers(1, 6))


@pytest.mark.parametrize("form", [BLOCKS, PRODUCTS])
@pytest.mark.parametrize("is_transposed", [False, True])
def test_blocks_never_multiply_more_than_single_positions_do(form, is_transposed):
    n_taken = 0
    for length, kernel_shape, stride in _shapes_of_convolutions(300):
        geometry = block_geometry(form, length, kernel_shape, stride, is_transposed=is_transposed)
        single = BlockGeometry.of(1, length, kernel_shape[0], stride)
        costs = [
            _padded_multiplications(form, taken, kernel_shape, is_transposed)
            for taken in (geometry, single)
        ]
        assert geometry == single or costs[0] < costs[1]
        n_taken += geometry != single
    assert 30 < n_taken < 270


def test_blocks_hold_every_position_and_every_band_that_it_sees():
    for (length, (width, *_), stride), outputs in product(
        _shapes_of_convolutions(60), (1, 2, 3, 8)
    ):
        geometry = BlockGeometry.of(outputs, length, width, stride)
        n_positions = convolved_length(length, width, stride, "valid")
        # Every position is in a block, and no block is without one.
        assert geometry.n_blocks * outputs >= n_positions > (geometry.n_blocks - 1) * outputs
        # From block to block the inputs move on by as much as the outputs do.
        assert geometry.inputs == outputs * stride
        # The window holds the bands of its last position, and no block that nobody looks at.
        reach = (outputs - 1) * stride + width
        assert geometry.window * geometry.inputs >= reach > (geometry.window - 1) * geometry.inputs
        last_band = (n_positions - 1) * stride + width
        assert geometry.n_input_blocks * geometry.inputs >= last_band
        assert geometry.n_input_blocks == geometry.n_blocks + geometry.window - 1


@pytest.mark.parametrize("form", [BLOCKS, PRODUCTS])
def test_one_position_is_one_block(form):
    assert block_geometry(form, 10, (10, 3, 4), 1) == BlockGeometry(1, 1, 10, 1)
    assert block_geometry(form, 12, (10, 3, 4), 4) == BlockGeometry(1, 4, 3, 1)
