"""Augmentation: small random changes to an image that leave its class as it was.

Each function changes every image of a batch in its own way and is pure: the same images and key give the same result.
They run in the input pipeline, on training batches only. `mixup.py` has what changes images and classes together.

Shapes:
    B  batch size
    H, W, C  height, width and channels of an image
    key  int64 tensor, shape (2,): where TensorFlow's stateless random numbers start
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import unknown_name
from .mixup import RULE, check_mixup


def shift(images, key, pixels: int):
    """Moves each image by up to `pixels` up or down and left or right; what is uncovered is zero.

    Args:
        images: tensor, shape `(B, H, W, C)`.
        key: random key.
        pixels: the farthest move, in pixels, at least 1.

    Returns:
        Tensor like `images`.

    Example:
        >>> import tensorflow as tf
        >>> shift(tf.ones((1, 2, 2, 1)), tf.constant([0, 7], tf.int64), pixels=1).shape
        TensorShape([1, 2, 2, 1])
    """
    import tensorflow as tf

    down, right = _random_moves(key, tf.shape(images)[0], pixels)  # (B,), (B,)
    padded = tf.pad(images, [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]])
    rows = tf.range(images.shape[1]) - down[:, tf.newaxis] + pixels  # (B, H)
    columns = tf.range(images.shape[2]) - right[:, tf.newaxis] + pixels  # (B, W)
    return _pick(padded, rows, columns)


def crop(images, key, pixels: int):
    """Pads each image with its mirrored border and cuts a window of the old size out of it, anywhere.

    Like `shift`, but without a black edge, which photographs do not have.

    Args:
        images: tensor, shape `(B, H, W, C)`.
        key: random key.
        pixels: width of the padding, at least 1 and less than H and W.

    Returns:
        Tensor like `images`.

    Reference:
        He et al. (2016), "Deep Residual Learning for Image Recognition", section 4.2, pads CIFAR-10 by 4 pixels.
    """
    import tensorflow as tf

    down, right = _random_moves(key, tf.shape(images)[0], pixels)  # (B,), (B,)
    rows = _mirror(tf.range(images.shape[1]) - down[:, tf.newaxis], images.shape[1])  # (B, H)
    columns = _mirror(tf.range(images.shape[2]) - right[:, tf.newaxis], images.shape[2])  # (B, W)
    return _pick(images, rows, columns)


def flip(images, key):
    """Mirrors each image left to right, or leaves it, with equal chances. Not for digits: a mirrored 2 is no 2.

    Args:
        images: tensor, shape `(B, H, W, C)`.
        key: random key.

    Returns:
        Tensor like `images`.
    """
    import tensorflow as tf

    from ..layers.global_batch import draw_for_samples

    chances = draw_for_samples(
        lambda shape: tf.random.stateless_uniform(shape, key, alg=RULE), [tf.shape(images)[0], 1, 1, 1]
    )
    mirrored = chances < 0.5  # (B, 1, 1, 1)
    return tf.where(mirrored, tf.reverse(images, axis=[2]), images)


def cutout(images, key, size: int):
    """Sets a square of each image to zero; its centre may be any pixel, so that it can reach over the edge.

    Args:
        images: tensor, shape `(B, H, W, C)`.
        key: random key.
        size: side of the square, in pixels, at least 1.

    Returns:
        Tensor like `images`.

    Reference:
        DeVries and Taylor (2017), "Improved Regularization of Convolutional Neural Networks with Cutout", section 3.2.
    """
    import tensorflow as tf

    height, width = images.shape[1], images.shape[2]
    keys = tf.random.split(key, 2, alg=RULE)
    count = tf.shape(images)[0]
    top = _random_numbers(keys[0], count, 0, height)[:, tf.newaxis] - size // 2  # (B, 1)
    left = _random_numbers(keys[1], count, 0, width)[:, tf.newaxis] - size // 2  # (B, 1)
    in_rows = (tf.range(height) >= top) & (tf.range(height) < top + size)  # (B, H)
    in_columns = (tf.range(width) >= left) & (tf.range(width) < left + size)  # (B, W)
    hidden = in_rows[:, :, tf.newaxis, tf.newaxis] & in_columns[:, tf.newaxis, :, tf.newaxis]  # (B, H, W, 1)
    return tf.where(hidden, tf.zeros((), images.dtype), images)


def _random_moves(key, count, pixels: int):
    """Two whole numbers in [-pixels, pixels] for each of `count` images."""
    import tensorflow as tf

    from ..layers.global_batch import draw_for_samples

    def draw(shape):
        moves = tf.random.stateless_uniform([2, shape[0]], key, -pixels, pixels + 1, tf.int32, RULE)
        return tf.stack(tf.unstack(moves), axis=1)

    return tf.unstack(draw_for_samples(draw, [count, 2]), axis=1)


def _random_numbers(key, count, least: int, limit: int):
    """A whole number from `least` to `limit - 1` for each of `count` images, shape `(B,)`."""
    import tensorflow as tf

    from ..layers.global_batch import draw_for_samples

    return draw_for_samples(
        lambda shape: tf.random.stateless_uniform(shape, key, least, limit, tf.int32, RULE), [count]
    )


def _mirror(places, size: int):
    """Places before 0 and behind size - 1 as the mirrored border has them: -1 is 1, size is size - 2."""
    return size - 1 - abs(size - 1 - abs(places))


def _pick(images, rows, columns):
    """The pixels `images[b, rows[b, i], columns[b, j]]`, shape `(B, I, J, C)`; one gather, as pixels are few bytes."""
    import tensorflow as tf

    count, height, width, channels = tf.unstack(tf.shape(images))
    lines = tf.range(count)[:, tf.newaxis] * height + rows  # (B, I)
    pixels = lines[:, :, tf.newaxis] * width + columns[:, tf.newaxis, :]  # (B, I, J)
    picked = tf.gather(tf.reshape(images, [-1, channels]), pixels)  # (B, I, J, C)
    return tf.ensure_shape(picked, [None, rows.shape[1], columns.shape[1], images.shape[3]])


# In this order: what moves the picture first, what hides a piece of it last.
_AUGMENTATIONS: dict[str, Callable[..., Any]] = {"crop": crop, "shift": shift, "flip": flip, "cutout": cutout}
MOVING = ("crop", "shift", "flip")  # what may change a value that is read off the picture, such as a steering angle


def check_augment(
    augment: Mapping[str, Any] | None, input_shape: tuple[int | None, ...], classes: int | None = None
) -> dict[str, Any]:
    """The augmentations asked for, refused where they do not fit the data.

    Args:
        augment: such as `{"shift": 2, "flip": True}`; None, 0 or False mean no augmentation (of this kind).
        input_shape: of one sample.
        classes: how many there are, if the targets are classes.

    Returns:
        The same without those that are switched off.

    Raises:
        ValueError: if a name or a size makes no sense, or if the samples are not images.
    """
    if augment is not None and not isinstance(augment, Mapping):
        raise ValueError(f"augment must be a dict such as {{'shift': 2, 'flip': True}}; got {augment!r}.")
    mixup = check_mixup((augment or {}).get("mixup") or 0, classes)
    of_images = {name: size for name, size in (augment or {}).items() if name != "mixup"}
    for name, size in of_images.items():
        if name not in _AUGMENTATIONS:
            raise unknown_name("augmentation", name, (*_AUGMENTATIONS, "mixup"))
        if name == "flip" and not isinstance(size, bool):
            raise ValueError(f"augment: flip is True or False; got {size!r}.")
        if name != "flip" and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
            raise ValueError(f"augment: {name} takes a whole number of pixels, 0 for none; got {size!r}.")
    chosen = {name: size for name, size in of_images.items() if size}
    if chosen and len(input_shape) != 3:
        raise ValueError(f"augment: {', '.join(chosen)} changes images; these samples have the shape {input_shape}.")
    sides = [side for side in input_shape[:2] if side is not None]
    for name, size in chosen.items():
        if name != "flip" and size >= min(sides, default=size + 1):
            raise ValueError(f"augment: {name}={size} pixels is too much for images of {input_shape[:2]}.")
    return chosen | ({"mixup": mixup} if mixup else {})


def augment_images(images, key, augment: Mapping[str, Any]):
    """Applies the augmentations of images in a checked dict, each with random numbers of its own.

    Args:
        images: tensor, shape `(B, H, W, C)`.
        key: random key of this batch.
        augment: from `check_augment`.

    Returns:
        Tensor like `images`.
    """
    import tensorflow as tf

    for position, (name, function) in enumerate(_AUGMENTATIONS.items()):
        if name in augment:
            own_key = tf.random.fold_in(key, position, alg=RULE)
            images = function(images, own_key) if name == "flip" else function(images, own_key, augment[name])
    return images
