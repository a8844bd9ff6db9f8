"""How an image file becomes an array: the one way for training and for predicting, so that a model sees the same.

Shapes:
    H, W, C  height, width, and channels: 1 for gray, 3 for colour
"""

from pathlib import Path

import numpy as np

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
PAPER = "white"  # what shows through where an image is transparent


def read_picture(path: Path, channels: int | None = None) -> np.ndarray:
    """One image, turned as its camera was held (EXIF).

    Args:
        path: of the image file. Whole numbers of 16 bits are divided by 65535; real numbers lie in [0, 1] or [0, 255].
        channels: 1 or 3. Defaults to 1 if the image is gray.

    Returns:
        float32 array, shape `(H, W, C)`, values in [0, 1].

    Raises:
        ValueError: if the file cannot be read as an image, or its values are not finite or out of range.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as stored:
            picture = ImageOps.exif_transpose(stored)
            if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits or real numbers: keep the values
                pixels = np.asarray(picture, "float64")
            else:
                pixels = _bytes(picture, channels)
            mode = picture.mode
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as an image ({error}); repair or remove it.") from error
    if mode == "F":
        pixels = to_unit_range(pixels, str(path))
    elif mode.startswith("I"):
        pixels = to_unit_range(pixels / 65535, str(path))
    else:
        pixels = np.divide(pixels, 255, dtype="float32")
    pixels = pixels.reshape(*pixels.shape[:2], -1)  # (H, W, C)
    return np.repeat(pixels, 3, axis=-1) if channels == 3 and pixels.shape[-1] == 1 else pixels


def _bytes(picture, channels: int | None) -> np.ndarray:
    """The picture on paper, in gray or in colour: uint8 array, shape `(H, W)` or `(H, W, 3)`."""
    from PIL import Image

    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, PAPER), picture)
    gray = channels == 1 or (channels is None and picture.mode in ("1", "L"))
    return np.asarray(picture.convert("L" if gray else "RGB"))


def to_unit_range(values: np.ndarray, name: str) -> np.ndarray:
    """Values in [0, 1] as they are, and in [0, 255] divided by 255, as float32.

    Raises:
        ValueError: if a value is not finite or out of range; begins with `name`.
    """
    bad = ~np.isfinite(values)
    if bad.any():
        raise ValueError(f"{name}: {bad.sum()} of {values.size} values are NaN or infinite.")
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"{name}: values must lie in [0, 1] or [0, 255]; got {values.min():g} to {values.max():g}.")
    return (values / 255 if values.max() > 1 else values).astype("float32")


def resize_picture(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image brought to a size, bicubically; what gets smaller is averaged, so that no detail is skipped.

    Args:
        image: float array, shape `(H, W, C)`, values in [0, 1].
        size: (height, width).

    Returns:
        float32 array, shape `(*size, C)`, values in [0, 1].
    """
    if image.shape[:2] == tuple(size):
        return image.astype("float32")
    from PIL import Image

    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane, "float32")).resize(size[::-1], Image.Resampling.BICUBIC))
        for plane in np.moveaxis(image, -1, 0)
    ]
    return np.clip(np.stack(planes, axis=-1), 0, 1)
