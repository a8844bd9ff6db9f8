"""ImageNet as the challenge of 2012 had it: 1.28 million photographs of a thousand kinds of things.

Everybody has to fetch the original files in person; tensorflow-datasets turns them into record files once. These are
read while training goes on (`photograph_stream.py`), since they are too large for memory.

Parts: the challenge's validation images, of which papers report their error, are the test part; the validation part is
held out of the training images. Whoever wants a published figure holds out little: `validation_share=0.01`.
"""

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import cast

from .description import Description
from .photograph_stream import PhotographStream
from .photographs import check_crop
from .prepared_folder import find_prepared, shards_of
from .records import WINDOW, Piece, Records
from .samples import StreamedSamples
from .splits import check_share
from .tensorflow_datasets_images import folder_of
from .tensorflow_import import import_tensorflow, tensorflow_is_installed

NAME = "imagenet2012"
FILES = ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar")
DESCRIPTION = Description(
    NAME,
    "tensorflow-datasets",
    "classification",
    "Photographs of a thousand kinds of things, streamed from disk.",
    (224, 224, 3),
    1000,
    (),
    {"train": 1_153_050, "validation": 128_117, "test": 50_000},
    "for research and teaching that is not commercial; image-net.org has the terms",
    "O. Russakovsky et al. (2015), Stanford, Princeton and others; read as tensorflow-datasets keeps it",
    "https://image-net.org/",
)


def load(
    *,
    seed: int,
    validation_share: float,
    data_dir: str | os.PathLike | None = None,
    size: int = 224,
    shorter_side: int | None = None,
    crop: str = "resized",
    shuffle_window: int = WINDOW,
) -> StreamedSamples:
    """Opens a prepared ImageNet.

    Args:
        seed: of the draw of validation images.
        validation_share: share of the training images, in [0, 1).
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.
        size: side of the square that a model takes, in pixels.
        shorter_side: of a photograph before a window is cut out: for evaluation, and for that crop. Defaults to 8/7 of
            `size`, which is 256 for 224.
        crop: of training photographs: "resized", a random piece brought to size, or "shorter_side", a random window.
        shuffle_window: training examples, following on one another in the files, that change places at random.

    Raises:
        ValueError: if an argument makes no sense, or the folder is damaged.
        FileNotFoundError: if it is not prepared; says how to.
    """
    check_share(validation_share)
    if isinstance(shuffle_window, bool) or not isinstance(shuffle_window, int) or shuffle_window < 1:
        raise ValueError(f"shuffle_window must be a whole number of at least 1; got {shuffle_window!r}.")
    side = check_crop(crop, size, shorter_side)
    check_available(NAME, data_dir)
    folder = cast(Path, find_prepared(folder_of(NAME, data_dir), NAME))
    import_tensorflow()
    train, test = (_records(folder, split) for split in ("train", "validation"))
    # Which example lies where was drawn when the files were written: some of them are as good as a draw.
    held_out = math.floor(validation_share * len(train))
    kept, validation = train.shuffled_pieces(seed).split(len(train) - held_out)
    parts = {"train": kept, "validation": validation, "test": test}
    streams = {part: PhotographStream(one, size, side, crop, shuffle_window) for part, one in parts.items()}
    return StreamedSamples(streams, replace(DESCRIPTION, input_shape=(size, size, 3), class_names=_names(folder)))


def check_available(name: str, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses an ImageNet that is not prepared, and says how it is.

    Raises:
        ValueError: if TensorFlow is missing, or the folder is not what it should be.
        FileNotFoundError: if it is not prepared.
    """
    if not tensorflow_is_installed():
        raise ValueError(f"{name} is read with TensorFlow, which is not installed. Install it (the CPU build will do).")
    folder = folder_of(name, data_dir)
    if find_prepared(folder, name) is not None:
        return
    manual = folder / "downloads" / "manual"
    raise FileNotFoundError(
        f"{name} is not prepared in {folder}, and cannot be downloaded without registering. Once: register at "
        f"https://image-net.org/download-images, put {FILES[0]} (138 GB) and {FILES[1]} (6 GB) into {manual}, see to "
        f"about 300 GB of free disk, and run\n"
        f'  python -c "import tensorflow_datasets as tfds; '
        f"tfds.builder('{name}', data_dir='{folder}').download_and_prepare()\"\n"
        f"which takes hours. Or name a folder that holds a prepared {name}/ with --data-dir (data_dir=)."
    )


def _records(folder: Path, split: str) -> Records:
    shards = shards_of(folder, split, NAME)
    for file, _ in shards:
        if not file.is_file():
            raise FileNotFoundError(f"the prepared data in {folder} cannot be used: {file.name} is missing.")
    return Records([Piece(file, 0, count) for file, count in shards])


def _names(folder: Path) -> tuple[str, ...]:
    """WordNet's numbers of the classes, such as n01440764."""
    file = folder / "label.labels.txt"
    if not file.is_file():
        raise FileNotFoundError(f"the prepared data in {folder} cannot be used: {file.name} is missing.")
    names = tuple(file.read_text(encoding="utf-8").split())
    if len(names) != DESCRIPTION.classes:
        raise ValueError(f"{file} names {len(names)} classes; ImageNet has {DESCRIPTION.classes}.")
    return names
