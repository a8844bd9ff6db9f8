"""Classifying image files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.image_files import find_images, read_images
from .evaluation import softmax
from .opening import Trained

DIGITS = ("digits", "mnist")  # data in which every digit stands centred in its frame


@dataclass(frozen=True)
class Answer:
    """What a model says of one image.

    Args:
        name: the file; with a number where the file holds several images.
        image: as the model saw it, shape `(H, W, channels)`, values in [0, 1].
        probabilities: one per class, shape `(C,)`.
        class_names: one per class.
    """

    name: str
    image: np.ndarray
    probabilities: np.ndarray
    class_names: Sequence[str]

    @property
    def class_name(self) -> str:
        """The likeliest class."""
        return self.class_names[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The model's probability of that class, in [0, 1]."""
        return float(self.probabilities.max())


def classify_images(trained: Trained, paths: Sequence[Path], as_is: bool = False) -> list[Answer]:
    """A trained classifier's answers to image files.

    Args:
        trained: the model, as `open_model` gives it.
        paths: image files, `.npy` arrays, or folders of them.
        as_is: only bring the images to the model's size; by default a model trained on digits gets each digit cut
            out, light on dark, and centred as its training images were.

    Raises:
        ValueError: if the model does not classify images, or a file holds no usable image.
        OSError: if a file cannot be read.
    """
    shape = trained.model.input_shape[1:]
    classes = trained.model.output_shape[-1]
    if len(shape) != 3 or classes < 2:
        raise ValueError(f"{trained.model.name} does not classify images: it takes inputs of shape {tuple(shape)}.")
    framed = not as_is and trained.data in DIGITS
    named = [pair for path in find_images(paths) for pair in read_images(path, shape, framed)]
    images = np.stack([image for _, image in named])  # (N, H, W, channels)
    probabilities = softmax(trained.model.predict(images, verbose=0))  # (N, C)
    class_names = trained.class_names or [str(number) for number in range(classes)]
    return [
        Answer(name, image, beliefs, class_names) for (name, image), beliefs in zip(named, probabilities, strict=True)
    ]
