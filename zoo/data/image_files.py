"""A user's image files as a model's inputs.

A photograph of a digit is dark on light, off centre and of any size; MNIST's digits are light on dark, in a box of
20x20 pixels with the centre of mass in the middle of 28x28. `read_images` brings the one to the other.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .digits import frame

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".npy")
INK = 0.2  # what is fainter than this share of the darkest ink counts as paper


def find_images(paths: Sequence[Path]) -> list[Path]:
    """The image files among `paths` and in the folders among them, folders' files in the order of their names.

    Raises:
        FileNotFoundError: if a path does not exist.
        ValueError: if a folder holds no image file.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {path}.")
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
            if not inside:
                raise ValueError(f"the folder {path} holds no image file ({', '.join(SUFFIXES)}).")
            found += inside
        else:
            found.append(path)
    return found


def read_images(path: Path, shape: tuple[int, int, int], framed: bool) -> list[tuple[str, np.ndarray]]:
    """The image or images of one file.

    Args:
        path: an image file, or a NumPy array `(H, W)`, `(H, W, channels)`, `(N, H, W)` or `(N, H, W, channels)`
            with values in [0, 1] or [0, 255].
        shape: the model's (height, width, channels), one channel or three.
        framed: whether to cut out the ink of each and centre it as MNIST does.

    Returns:
        (name, float32 array of `shape` with values in [0, 1]) for each image.

    Raises:
        ValueError: if the file is no image, or holds values that are not numbers, not finite or out of range.
    """
    if path.suffix.lower() == ".npy":
        arrays = _read_array(path, shape)
        names = [path.name] if len(arrays) == 1 else [f"{path.name}[{number}]" for number in range(len(arrays))]
    else:
        arrays, names = [_read_picture(path, shape[2])], [path.name]
    return [(name, _fit(array, shape, framed, name)) for name, array in zip(names, arrays, strict=True)]


def _read_picture(path: Path, channels: int) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as stored:
            picture: Image.Image = stored
            if picture.mode in ("I", "I;16", "I;16B", "F"):  # 16 bits or real numbers: keep the values
                gray = np.asarray(picture, "float64")
                return np.repeat(_to_unit_range(gray, path.name, 65535.0)[..., None], channels, axis=-1)
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                paper = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(paper, picture)
            array = np.asarray(picture.convert("L" if channels == 1 else "RGB"), "float32") / 255
    except (UnidentifiedImageError, SyntaxError, Image.DecompressionBombError, EOFError) as error:
        raise ValueError(f"{path} cannot be read as an image: {error}") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    return array.reshape(*array.shape[:2], channels)


def _read_array(path: Path, shape: tuple[int, int, int]) -> list[np.ndarray]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read as an array of numbers: {error}") from error
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or np.iscomplexobj(array):
        raise ValueError(f"{path} holds {array.dtype}, not real numbers.")
    channels = shape[2]
    if array.ndim in (2, 3) and not (array.ndim == 3 and array.shape[-1] == channels):
        array = array[..., np.newaxis]  # (H, W, 1) or (N, H, W, 1)
    if array.ndim == 3:
        array = array[np.newaxis]
    if array.ndim != 4 or array.shape[-1] != channels or 0 in array.shape:
        raise ValueError(
            f"{path} has the shape {array.shape}; needed is (H, W), (H, W, {channels}), (N, H, W) or "
            f"(N, H, W, {channels})."
        )
    return list(_to_unit_range(array.astype("float64"), path.name, 255.0))


def _to_unit_range(values: np.ndarray, name: str, highest: float) -> np.ndarray:
    """Values in [0, 1] as they are, and in [0, highest] divided by it."""
    bad = ~np.isfinite(values)
    if bad.any():
        raise ValueError(f"{name}: {bad.sum()} of {values.size} values are NaN or infinite.")
    if values.min() < 0 or values.max() > highest:
        raise ValueError(
            f"{name}: values must lie in [0, 1] or [0, {highest:g}]; got {values.min():g} to {values.max():g}."
        )
    return (values / highest if values.max() > 1 else values).astype("float32")


def _fit(image: np.ndarray, shape: tuple[int, int, int], framed: bool, name: str) -> np.ndarray:
    height, width, channels = shape
    if framed and channels == 1:
        return _framed_digit(image[..., 0], name)
    if image.shape[:2] == (height, width):
        return image.astype("float32")
    from PIL import Image

    planes = [
        np.asarray(Image.fromarray(image[..., c].astype("float32")).resize((width, height), Image.Resampling.BOX))
        for c in range(channels)
    ]
    return np.clip(np.stack(planes, axis=-1), 0, 1)  # (height, width, channels)


def _framed_digit(gray: np.ndarray, name: str) -> np.ndarray:
    """One digit, shape `(h, w)`, as MNIST would show it, shape `(28, 28, 1)`."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    ink = np.abs(gray - np.median(border))  # the paper is what the border shows, light or dark
    if ink.max() < 0.1:
        raise ValueError(f"{name} shows nothing: all its pixels are nearly the same.")
    ink = ink / ink.max()
    if gray.shape == (28, 28) and np.median(border) == 0:
        return gray[..., np.newaxis].astype("float32")  # framed already
    framed = frame(np.where(ink > INK, ink, 0) * 16)  # counts of ink, as the embedded digits have
    return framed[..., np.newaxis].astype("float32") / 255
