"""Photographs of any size as a model's square inputs: cut out, and only that decoded, then brought to size.

    resized         a random piece of 8 to 100 % of the area, its sides in a ratio from 3/4 to 4/3, whatever is in it
    shorter_side    the shorter side to a fixed length, then a random window
    central         the shorter side to a fixed length, then the window in the middle: for evaluation

Each gives pixels in [0, 1] as all of the zoo's data do; nothing is subtracted, since what a model takes must not depend
on where its inputs come from. A model that wants centred pixels begins with a layer for that.

Reference:
    Szegedy et al. (2015), "Going Deeper with Convolutions", section 6, for the random piece; Krizhevsky et al. (2012),
    "ImageNet Classification with Deep Convolutional Neural Networks", sections 2 and 4.1, for the shorter side of 256.

Shapes:
    S  side of the square
    key  int64 tensor, shape (2,): where TensorFlow's stateless random numbers start
"""

from ..errors import unknown_name
from .mixup import RULE

CROPS = ("resized", "shorter_side")
AREA, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)


def check_crop(crop: str, size: int, shorter_side: int | None) -> int:
    """The shorter side to use, for settings that are possible.

    Args:
        crop: one of `CROPS`, for training.
        size: S.
        shorter_side: before a window is cut; by default 8/7 of `size`, which is 256 for 224.

    Raises:
        ValueError: names what is not.
    """
    if crop not in CROPS:
        raise unknown_name("crop", str(crop), CROPS)
    if isinstance(size, bool) or not isinstance(size, int) or size < 8:
        raise ValueError(f"size must be a whole number of pixels, at least 8; got {size!r}.")
    side = round(size * 8 / 7) if shorter_side is None else shorter_side
    if isinstance(side, bool) or not isinstance(side, int) or side < size:
        raise ValueError(f"shorter_side must be a whole number of pixels, at least size={size}; got {side!r}.")
    return side


def random_photograph(jpeg, key, crop: str, size: int, shorter_side: int):
    """A random piece of a photograph for training.

    Args:
        jpeg: the file's contents, a scalar string; gray becomes colour.
        key: random key of this photograph.
        crop: one of `CROPS`.
        size: S.
        shorter_side: for the crop of that name.

    Returns:
        float32 tensor, shape `(S, S, 3)`, in [0, 1].
    """
    import tensorflow as tf

    shape = tf.io.extract_jpeg_shape(jpeg)  # (3,)
    if crop == "resized":
        begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
            shape,
            tf.zeros((1, 0, 4)),
            seed=key,
            min_object_covered=0.0,
            aspect_ratio_range=RATIO,
            area_range=AREA,
            max_attempts=10,
            use_image_if_no_bounding_boxes=True,
        )
        return _piece(jpeg, begin[:2], extent[:2], size)
    window, free = _window(shape, size, shorter_side)
    drawn = tf.random.stateless_uniform([2], key, alg=RULE)
    begin = tf.cast(tf.floor(drawn * tf.cast(free + 1, tf.float32)), tf.int32)
    return _piece(jpeg, begin, window, size)


def central_photograph(jpeg, size: int, shorter_side: int):
    """The middle of a photograph for evaluation; arguments and returns as in `random_photograph`."""
    import tensorflow as tf

    window, free = _window(tf.io.extract_jpeg_shape(jpeg), size, shorter_side)
    return _piece(jpeg, free // 2, window, size)


def _window(shape, size: int, shorter_side: int):
    """The square of the original that becomes the input when the shorter side is brought to its length.

    To cut first and resize then is the same picture, and spares decoding the rest.

    Returns:
        Its height and width, and by how many pixels it can be moved down and right, each of shape `(2,)`.
    """
    import tensorflow as tf

    shorter = tf.cast(tf.minimum(shape[0], shape[1]), tf.float32)
    side = tf.maximum(1, tf.cast(tf.round(shorter * size / shorter_side), tf.int32))
    window = tf.stack([side, side])
    return window, shape[:2] - window


def _piece(jpeg, begin, extent, size: int):
    import tensorflow as tf

    piece = tf.io.decode_and_crop_jpeg(jpeg, tf.concat([begin, extent], axis=0), channels=3)
    resized = tf.image.resize(piece, [size, size], antialias=True)
    return tf.clip_by_value(tf.ensure_shape(resized, [size, size, 3]) / 255, 0.0, 1.0)
