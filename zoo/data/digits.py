"""The embedded digits: 1 797 real handwritten ones that come with scikit-learn, framed as MNIST frames its own.

The originals are 8x8 counts of ink from 0 to 16. MNIST fits the ink of each digit into a box of 20x20 pixels, keeping
its proportions, smooths the edges, and puts the centre of mass at the centre of a 28x28 image (LeCun et al. 1998,
section III.A). The same is done here, so that models, presets and pictures for MNIST serve both.

Shapes:
    N  number of digits, 1 797
"""

import functools

import numpy as np

from .description import Description
from .samples import Samples
from .splits import stratified_parts

BOX, FRAME, CENTRE = 20, 28, 14  # pixels; MNIST's mean centre of mass is pixel (14.00, 14.01)

DESCRIPTION = Description(
    name="digits",
    kind="embedded",
    task="classification",
    summary="Real handwritten digits, 8x8 brought to 28x28; needs no network.",
    input_shape=(FRAME, FRAME, 1),
    classes=10,
    class_names=tuple("0123456789"),
    samples={"train": 1294, "validation": 144, "test": 359},
    licence="CC BY 4.0",
    source="E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits (its test part), UCI; "
    "shipped by scikit-learn",
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)


def frame(ink: np.ndarray) -> np.ndarray:
    """Brings one digit into MNIST's frame.

    Args:
        ink: array, shape `(h, w)`, values from 0 (paper) to 16 (ink).

    Returns:
        uint8 array, shape `(28, 28)`: the ink inside a 20x20 box whose centre of mass is at pixel (14, 14).

    Raises:
        ValueError: if there is no ink.
    """
    from PIL import Image

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        raise ValueError("the image shows no ink: all its values are 0.")
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # The smoothed edge reaches half a cell beyond the ink, so a ring of paper is needed, and half of it is in the box.
    # Around a single cell of ink, the whole ring would outgrow the frame.
    zoom = min(BOX / (max(ink.shape) + 1), FRAME / (max(ink.shape) + 2))
    gray = Image.fromarray(np.uint8(np.round(np.pad(ink, 1) * (255 / 16))))
    size = tuple(max(1, round(zoom * side)) for side in gray.size)
    box = np.asarray(gray.resize(size, Image.Resampling.BICUBIC))  # (height, width)
    height, width = box.shape

    # Whole pixels, as in MNIST; never so far that ink would leave the frame.
    top = np.clip(round(CENTRE - _mean_position(box.sum(axis=1))), 0, FRAME - height)
    left = np.clip(round(CENTRE - _mean_position(box.sum(axis=0))), 0, FRAME - width)
    framed = np.zeros((FRAME, FRAME), np.uint8)
    framed[top : top + height, left : left + width] = box
    return framed


def _mean_position(weights: np.ndarray) -> float:
    return float(weights @ np.arange(len(weights)) / weights.sum())


def load(*, seed: int, validation_share: float, fold: tuple[int, int] | None = None) -> Samples:
    """All digits, split by class: a fifth to test (or fold k of K), a share of the rest to validate."""
    images, labels = _framed_digits()
    parts = stratified_parts(labels, validation_share, seed, fold)
    return Samples({part: (images[chosen], labels[chosen]) for part, chosen in parts.items()}, DESCRIPTION)


@functools.cache
def _framed_digits() -> tuple[np.ndarray, np.ndarray]:
    """All images, shape `(N, 28, 28, 1)`, and their labels, shape `(N,)`."""
    from sklearn.datasets import load_digits

    originals = load_digits()
    images = np.stack([frame(ink) for ink in originals.images])[..., np.newaxis]
    return images, originals.target.astype("int32")
