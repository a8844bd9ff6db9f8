"""A folder of images of the user's own, one sub-folder for each class.

    flowers/daisy/1.jpg          or, with a test part set aside,   flowers/train/daisy/1.jpg
    flowers/daisy/2.jpg                                            flowers/train/rose/1.jpg
    flowers/rose/1.jpg                                             flowers/test/daisy/2.jpg
                                                                   flowers/test/rose/2.jpg

The names of the sub-folders, sorted, are the classes 0, 1, ... All images are kept in memory, as bytes.

Shapes:
    N  number of images
    H, W, C  height, width, and channels: 1 for gray, 3 for colour
"""

from pathlib import Path

import numpy as np

from .description import Description
from .picture_reader import SUFFIXES, read_picture, resize_picture
from .samples import Samples
from .splits import check_share, hold_out, stratified_parts

CHANNELS = {"grayscale": 1, "rgb": 3}


def load(
    path: Path,
    *,
    seed: int,
    validation_share: float,
    fold: tuple[int, int] | None = None,
    image_size: tuple[int, int] | int | None = None,
    color_mode: str | None = None,
) -> Samples:
    """The images of a folder, split by class unless the folder has a `train` and a `test` part.

    Args:
        path: of the folder.
        seed: of the split.
        validation_share: share of the images not in the test part, in [0, 1).
        fold: `(k, K)`, fold k of a K-fold cross-validation is the test part.
        image_size: (height, width) to bring every image to, or one number for both. Defaults to the images' own size,
            which must then be the same.
        color_mode: "grayscale" or "rgb". Defaults to "grayscale" if every image is gray.

    Raises:
        ValueError: if there are fewer than two classes, a class without images, or a file that is no image.
    """
    image_size = check_size(image_size)
    check_share(validation_share)
    divided = has_test_part(path)
    if divided and fold is not None:
        raise ValueError(f"fold: {path} has a test part of its own; leave fold out.")
    files, labels, names = _find(path / "train" if divided else path)
    test_files, test_labels, test_names = _find(path / "test") if divided else ([], np.zeros(0, "int32"), names)
    if test_names != names:
        odd = sorted(set(names) ^ set(test_names))
        raise ValueError(f"{path}: train and test must hold the same classes; only one of them has {', '.join(odd)}.")

    images = _read_all(files + test_files, image_size, color_mode)  # (N, H, W, C)
    if divided:
        kept, validation = hold_out(labels, validation_share, seed, "validation")
        indices = {"train": kept, "validation": validation, "test": np.arange(len(files), len(images))}
    else:
        indices = stratified_parts(labels, validation_share, seed, fold)
    labels = np.concatenate([labels, test_labels])
    parts = {part: (images[chosen], labels[chosen]) for part, chosen in indices.items()}
    return Samples(parts, _description(path, images.shape[1:], names))


def has_test_part(path: Path) -> bool:
    """Whether somebody has set a test part aside: the folder is one of a `train` and a `test` part."""
    return all((path / part).is_dir() for part in ("train", "test"))


def _description(path: Path, image_shape: tuple[int, ...], names: list[str]) -> Description:
    return Description(
        name=str(path),
        kind="files",
        task="classification",
        summary=f"Images of the folder {path.name}, in {len(names)} classes.",
        input_shape=image_shape,
        classes=len(names),
        class_names=tuple(names),
        samples={},
        licence="the user's own",
        source=str(path),
    )


# === Finding ===
def _find(folder: Path) -> tuple[list[Path], np.ndarray, list[str]]:
    """The image files of a folder of classes, their labels, shape `(N,)`, and the classes' names."""
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(classes) < 2:
        found = f"only {classes[0].name!r}" if classes else "none"
        raise ValueError(
            f"{folder}: an image folder has one sub-folder for each class, and at least two of them; found {found}."
        )
    files, labels = [], []
    for label, folder_of_class in enumerate(classes):
        images = sorted(file for file in folder_of_class.iterdir() if file.suffix.lower() in SUFFIXES)
        if not images:
            raise ValueError(f"{folder_of_class} holds no image ({', '.join(SUFFIXES)}).")
        files += images
        labels += [label] * len(images)
    return files, np.array(labels, "int32"), [entry.name for entry in classes]


# === Reading ===
def _read_all(files: list[Path], image_size: tuple[int, int] | None, color_mode: str | None) -> np.ndarray:
    """All images as bytes, shape `(N, H, W, C)`."""
    if color_mode not in (None, *CHANNELS):
        raise ValueError(f"color_mode must be 'grayscale' or 'rgb'; got {color_mode!r}.")
    images = [_read(file, image_size, color_mode) for file in files]
    if color_mode is None and any(image.shape[-1] == 3 for image in images):
        images = [np.broadcast_to(image, (*image.shape[:2], 3)) for image in images]
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise ValueError(
                f"{file} has {image.shape[0]}x{image.shape[1]} pixels, {files[0]} {images[0].shape[0]}x"
                f"{images[0].shape[1]}; give image_size, such as image_size=(28, 28) (--data-option image_size=28), "
                "to bring all to one size."
            )
    return np.stack(images)


def _read(file: Path, image_size: tuple[int, int] | None, color_mode: str | None) -> np.ndarray:
    """One image as bytes, shape `(H, W, 1)` or `(H, W, 3)`."""
    image = read_picture(file, CHANNELS[color_mode] if color_mode else None)
    if image_size is not None:
        image = resize_picture(image, image_size)
    return np.round(image * 255).astype("uint8")


def check_size(image_size: tuple[int, int] | int | None, least: int = 1) -> tuple[int, int] | None:
    """The size as (height, width), each of at least so many pixels; None for none.

    Raises:
        ValueError: if it is no such size.
    """
    pair = (image_size, image_size) if isinstance(image_size, int) else image_size
    if pair is None:
        return None
    whole = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(type(side) is int and side > 0 for side in pair)
    if not whole:
        raise ValueError(
            f"image_size must be (height, width) in pixels, such as (28, 28) (--data-option image_size=28 or "
            f"image_size=[28,28]); got {image_size!r}."
        )
    if min(pair) < least:
        raise ValueError(f"image_size must be at least {least} pixels each way; got {image_size!r}.")
    return pair[0], pair[1]
