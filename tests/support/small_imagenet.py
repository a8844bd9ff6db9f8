"""A small ImageNet in tensorflow-datasets' own files, written by its own writer for its own builder's features.

Made-up photographs of many sizes, in colour and in gray; no network.
"""

import contextlib
import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

TRAIN, TEST, SHARDS = 37, 11, 3


def photographs(count: int, seed: int):
    """Smooth pictures, height and width from 40 to 90 pixels, every fourth one gray; as JPEG files."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        height, width = rng.integers(40, 91, 2)
        coarse = rng.integers(0, 256, (4, 4) if number % 4 == 3 else (4, 4, 3)).astype("uint8")
        file = io.BytesIO()
        Image.fromarray(coarse).resize((int(width), int(height)), Image.Resampling.BICUBIC).save(
            file, "JPEG", quality=95
        )
        yield file.getvalue()


def write_small_imagenet(data_dir: Path) -> Path:
    """Writes imagenet2012/5.1.0 with 37 photographs to train and 11 to validate; returns that folder."""
    import tensorflow_datasets as tfds

    builder = tfds.builder("imagenet2012", data_dir=str(data_dir))
    synsets = builder.info.features["label"].names
    manual = data_dir / "downloads" / "manual"
    manual.mkdir(parents=True)
    _write_train(manual / "ILSVRC2012_img_train.tar", synsets)
    _write_validation(manual / "ILSVRC2012_img_val.tar")
    how = tfds.download.DownloadConfig(manual_dir=manual, try_download_gcs=False, num_shards=SHARDS)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # progress bars
        builder.download_and_prepare(download_config=how)
    return Path(builder.data_dir)


def _write_train(path: Path, synsets) -> None:
    """A tar file of tar files, one for each class: that of photograph i is 27 i."""
    with tarfile.open(path, "w") as outer:
        for number, jpeg in enumerate(photographs(TRAIN, 0)):
            synset = synsets[27 * number]
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w") as archive:
                _add(archive, f"{synset}_{number}.JPEG", jpeg)
            _add(outer, f"{synset}.tar", inner.getvalue())


def _write_validation(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        for number, jpeg in enumerate(photographs(TEST, 1), 1):
            _add(archive, f"ILSVRC2012_val_{number:08d}.JPEG", jpeg)


def _add(archive: tarfile.TarFile, name: str, contents: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(contents)
    archive.addfile(entry, io.BytesIO(contents))
