"""What a trained model says of images and texts: of which class they are, or what it can give back of them."""

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


@dataclass(frozen=True)
class TextAnswer:
    """What a model says of one text.

    Args:
        text: as it was given.
        unknown: its pieces that the model has never seen.
        probabilities: one per class, shape `(C,)`.
        class_names: one per class.
    """

    text: str
    unknown: Sequence[str]
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


@dataclass(frozen=True)
class Reconstruction:
    """What an autoencoder makes of one image.

    Args:
        name: the file; with a number where the file holds several images.
        image: as the model saw it, shape `(H, W, channels)`, values in [0, 1].
        reconstructed: what came back, likewise.
        code: what it came from, shape `(J,)`.
    """

    name: str
    image: np.ndarray
    reconstructed: np.ndarray
    code: np.ndarray

    @property
    def error(self) -> float:
        """The mean of the squared differences of the pixels."""
        return float(np.square(self.image - self.reconstructed).mean())


def reconstruct_images(trained: Trained, paths: Sequence[Path], as_is: bool = False) -> list[Reconstruction]:
    """What a trained autoencoder makes of image files; arguments and errors as of `classify_images`."""
    named = _read(trained, paths, as_is)
    images = np.stack([image for _, image in named])  # (N, H, W, channels)
    parts = zip(named, trained.model.reconstruct(images), trained.model.encode(images), strict=True)
    return [Reconstruction(name, image, back, code) for (name, image), back, code in parts]


def _real_or_made(trained: Trained, paths: Sequence[Path], as_is: bool) -> list[Answer]:
    """What a discriminator takes image files for."""
    named = _read(trained, paths, as_is)
    logits = trained.model.belief(np.stack([image for _, image in named]))  # (N,)
    probabilities = softmax(np.stack([np.zeros_like(logits), logits], axis=1))  # (N, 2)
    pairs = zip(named, probabilities, strict=True)
    return [Answer(name, image, beliefs, ("made up", "real")) for (name, image), beliefs in pairs]


def _read(trained: Trained, paths: Sequence[Path], as_is: bool) -> list[tuple[str, np.ndarray]]:
    """The images in files, as the model takes them, each with its name."""
    framed = not as_is and trained.data in DIGITS
    return [pair for path in find_images(paths) for pair in read_images(path, trained.model.input_shape[1:], framed)]


def classify_images(trained: Trained, paths: Sequence[Path], as_is: bool = False) -> list[Answer]:
    """A trained classifier's answers to image files; of a trained discriminator, whether it takes them for real.

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
    if getattr(trained.model, "task", "") == "generation":
        return _real_or_made(trained, paths, as_is)
    classes = trained.model.output_shape[-1]
    if len(shape) != 3 or classes < 2:
        raise ValueError(f"{trained.model.name} does not classify images: it takes inputs of shape {tuple(shape)}.")
    named = _read(trained, paths, as_is)
    images = np.stack([image for _, image in named])  # (N, H, W, channels)
    probabilities = softmax(trained.model.predict(images, verbose=0))  # (N, C)
    class_names = trained.class_names or [str(number) for number in range(classes)]
    return [
        Answer(name, image, beliefs, class_names) for (name, image), beliefs in zip(named, probabilities, strict=True)
    ]


def classify_texts(trained: Trained, texts: Sequence[str]) -> list[TextAnswer]:
    """A trained classifier's answers to texts.

    Args:
        trained: the model, as `open_model` gives it, with the tokenizer of its run folder.
        texts: one or more.

    Raises:
        ValueError: if the model does not classify texts, or a text is empty.
    """
    model, tokenizer = trained.model, trained.need_tokenizer("input")
    if getattr(model, "task", "") != "classification":
        raise ValueError(f"{model.name} does not classify texts.")
    ids = tokenizer.encode_all(texts)
    if empty := [text for text, one in zip(texts, ids, strict=True) if not one]:
        raise ValueError(f"there is nothing to classify in {empty[0]!r}.")
    padded = np.zeros((len(ids), max(map(len, ids))), "int32")  # (N, T)
    for row, one in zip(padded, ids, strict=True):
        row[: len(one)] = one
    probabilities = softmax(model.predict(padded, verbose=0))  # (N, C)
    names = trained.class_names or [str(number) for number in range(probabilities.shape[-1])]
    return [
        TextAnswer(text, tokenizer.unknown(text), beliefs, names)
        for text, beliefs in zip(texts, probabilities, strict=True)
    ]
