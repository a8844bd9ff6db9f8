"""A user's image files as a model's inputs.

A photograph of a digit is dark on light, off centre and of any size; MNIST's digits are light on dark, in a box of
20x20 pixels with the centre of mass in the middle of 28x28. `read_images` brings the one to the other.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .digits import frame
from .picture_reader import SUFFIXES as PICTURES
from .picture_reader import read_picture, resize_picture, to_unit_range

SUFFIXES = (*PICTURES, ".npy")
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
        arrays, names = [read_picture(path, shape[2])], [path.name]
    return [(name, _fit(array, shape, framed, name)) for name, array in zip(names, arrays, strict=True)]


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
    return list(to_unit_range(array.astype("float64"), path.name))


def _fit(image: np.ndarray, shape: tuple[int, int, int], framed: bool, name: str) -> np.ndarray:
    height, width, channels = shape
    if framed and channels == 1:
        return _framed_digit(image[..., 0], name)
    return resize_picture(image, (height, width))


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
