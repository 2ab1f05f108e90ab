"""The unmixing autoencoder of Palsson et al. (IEEE Access 6, 2018), written down from the paper.

Batches and epochs are of this benchmark: as many updates as its authors make, of larger batches.
"""

import numpy as np

LEAK, DROPOUT, LEARNING_RATE = 0.1, 0.1, 1e-3
BATCH, UPDATES = 64, 4000


def fit_unmixing_autoencoder(
    X: np.ndarray, n_endmembers: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return endmembers and abundances."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((X.shape[1],))
    for times in (9, 6, 3, 1):
        x = keras.layers.Dense(times * n_endmembers)(x)
        x = keras.layers.LeakyReLU(negative_slope=LEAK)(x)
    x = keras.layers.BatchNormalization()(x)
    soft_threshold, sum_to_one = _layers()
    abundances = sum_to_one(soft_threshold(x))
    encoder = keras.Model(inputs, abundances)
    noisy = keras.layers.GaussianDropout(DROPOUT, seed=seed)(abundances)
    decoder = keras.layers.Dense(
        X.shape[1], use_bias=False, kernel_constraint=keras.constraints.NonNeg()
    )
    model = keras.Model(inputs, decoder(noisy))
    optimizer = keras.optimizers.RMSprop(LEARNING_RATE)
    optimizer.build(model.trainable_variables)

    @tf.function
    def update(batch):
        with tf.GradientTape() as tape:
            y = model(batch, training=True)
            cosine = tf.reduce_sum(
                tf.math.l2_normalize(batch, -1) * tf.math.l2_normalize(y, -1), axis=-1
            )
            loss = tf.reduce_mean(tf.acos(tf.clip_by_value(cosine, -1 + 1e-7, 1 - 1e-7)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    X = (X / X.max()).astype(np.float32)
    rng = np.random.default_rng(seed)
    for _ in range(UPDATES):
        update(tf.constant(X[rng.choice(len(X), BATCH, replace=False)]))
    endmembers = decoder.get_weights()[0].astype(float)
    return endmembers, encoder.predict(X, batch_size=1024, verbose=0).astype(float)


def _layers():
    import keras

    class SoftThreshold(keras.layers.Layer):
        """What is left above a threshold for each unit, which is learned."""

        def build(self, input_shape):
            self.threshold = self.add_weight(
                shape=(input_shape[-1],), initializer="zeros", name="threshold"
            )

        def call(self, x):
            return keras.ops.relu(x - self.threshold)

    class SumToOne(keras.layers.Layer):
        """Each row over its sum."""

        def call(self, x):
            return x / (keras.ops.sum(x, axis=-1, keepdims=True) + 1e-6)

    return SoftThreshold(), SumToOne()
