"""Mixup: training on blends of two samples, so that between them the model answers between their classes.

    lambda ~ Beta(alpha, alpha)
    x~ = lambda x_i + (1 - lambda) x_j
    y~ = lambda y_i + (1 - lambda) y_j         (y: all weight on one class)

Each sample i of a batch is mixed with another j of the same batch, which is the global batch whatever replicas hold of
it, and has a lambda of its own, as the equations have it; the paper's published code draws one for a whole batch. Other
augmentation comes first, for i and j alike.

Shapes:
    B  batch size
    C  number of classes
    key  int64 tensor, shape (2,): where TensorFlow's stateless random numbers start

Reference:
    Zhang et al. (2018), "mixup: Beyond Empirical Risk Minimization", equation 2.
"""

from typing import Any

from ..checks import check_number

RULE = "philox"  # the generator; left to choose, TensorFlow and XLA would take different ones
_OURS = 1000  # folded into a batch's key; those of `augment.py` fold in small numbers


def mix_samples(x, labels, key, alpha: float, classes: int):
    """Mixes the samples of a whole batch with one another.

    Args:
        x: numbers, shape `(B, ...)`; whole ones become float32.
        labels: class numbers, shape `(B,)`.
        key: random key of this batch.
        alpha: of the Beta distribution, positive: near 0 hardly mixes, 1 draws lambda evenly.
        classes: C.

    Returns:
        x mixed, of the same shape, and distributions over the classes, shape `(B, C)` float32.

    Example:
        >>> import tensorflow as tf
        >>> x, y = mix_samples(tf.eye(2), tf.constant([0, 1]), tf.constant([0, 7], tf.int64), 1.0, classes=2)
        >>> bool(tf.reduce_all(x == y))
        True
    """
    import tensorflow as tf

    keys = tf.random.split(tf.random.fold_in(key, _OURS, alg=RULE), 2, alg=RULE)
    count = tf.shape(x)[0]
    partners = tf.random.experimental.stateless_shuffle(tf.range(count), seed=keys[0], alg=RULE)  # (B,)
    share = _beta(keys[1], count, alpha)  # (B,)
    targets = tf.one_hot(labels, classes)  # (B, C)
    return _blend(x, partners, share), _blend(targets, partners, share)


def _blend(values, partners, share):
    """A weighted mean of `values` and `values[partners]`, row by row."""
    import tensorflow as tf

    if not values.dtype.is_floating:  # in whole numbers, every share would be 0 or 1
        values = tf.cast(values, tf.float32)
    share = tf.cast(tf.reshape(share, [-1] + [1] * (values.shape.rank - 1)), values.dtype)
    return share * values + (1 - share) * tf.gather(values, partners)


def _beta(key, count, alpha: float):
    """`count` numbers from Beta(alpha, alpha): u / (u + v) with u and v from Gamma(alpha), by their logarithms.

    log u = log g + log r / alpha with g from Gamma(alpha + 1) and r from (0, 1]: for a small alpha u itself would be
    below the smallest number that there is, and u / (u + v) no more than 0 / 0.

    Reference:
        Marsaglia & Tsang (2000), "A Simple Method for Generating Gamma Variables", section 6.
    """
    import tensorflow as tf

    with tf.device("CPU"):
        keys, shape = tf.random.split(key, 2, alg=RULE), [2, count]
        above = tf.random.stateless_gamma(shape, keys[0], alpha=tf.constant(alpha + 1, tf.float64), dtype=tf.float64)
        evenly = tf.random.stateless_uniform(shape, keys[1], dtype=tf.float64, alg=RULE)  # [0, 1)
        logs = tf.math.log(above) + tf.math.log1p(-evenly) / alpha  # (2, B)
        return tf.cast(tf.sigmoid(logs[0] - logs[1]), tf.float32)


def check_mixup(alpha: Any, classes: int | None) -> float:
    """The alpha asked for, 0 for no mixup.

    Raises:
        ValueError: if it is no number of at least 0, or the data have no classes.
    """
    alpha = check_number("augment: mixup's alpha", alpha, "[0, inf)", ", such as 0.2")
    if alpha and not classes:
        raise ValueError("augment: mixup blends classes, and the targets of these data are none.")
    return alpha
