"""Reads what tensorflow-datasets has prepared, and says clearly where a folder is damaged.

    DATA_DIR/mnist/3.0.1/dataset_info.json                         splits, and how many examples each file holds
    DATA_DIR/mnist/3.0.1/mnist-train.tfrecord-00000-of-00001       the examples, images as PNG
    DATA_DIR/mnist/incomplete.K1T3ZQ_3.0.1/                        left behind when preparing was interrupted
    DATA_DIR/downloads/                                            the original files

The files are read here rather than by tensorflow-datasets itself, which decodes one example at a time: hundreds at a
time take a quarter of the time.
"""

import json
import os
import re
from pathlib import Path

import numpy as np

from .description import Description

RECORDS_AT_ONCE = 500


def check_folder(data_dir: str | os.PathLike, name: str) -> Path:
    """The folder as a path, refused if it can be no folder of tensorflow-datasets.

    Raises:
        ValueError: if it belongs to something else.
        NotADirectoryError: if it is a file.
    """
    if not isinstance(data_dir, (str, os.PathLike)):
        raise ValueError(f"data_dir must be a folder; got {data_dir!r}.")
    if "://" in os.fspath(data_dir):
        raise ValueError(f"data_dir must be a local folder; got {os.fspath(data_dir)}.")
    folder = Path(data_dir).expanduser()
    if not folder.exists():
        return folder
    if not folder.is_dir():
        raise NotADirectoryError(f"data_dir must be a folder; {folder} is a file.")
    if _versions(folder) or (folder / "dataset_info.json").exists():
        above = folder.parent if _versions(folder) else folder.parent.parent
        raise ValueError(f"data_dir={folder} is one data set; give the folder above all of them, {above}.")
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    if entries and not any(entry.name in ("downloads", name) or _is_data_set(entry) for entry in entries):
        raise ValueError(
            f"data_dir={folder} holds no data sets of tensorflow-datasets but {entries[0].name!r} and the like. "
            f"Give the folder that holds {name}/, or an empty one to prepare it in."
        )
    return folder


def _versions(folder: Path) -> list[Path]:
    """Sub-folders called like 3.0.1, the newest last."""
    if not folder.is_dir():
        return []
    found = [entry for entry in folder.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+", entry.name) and entry.is_dir()]
    return sorted(found, key=lambda entry: [int(number) for number in entry.name.split(".")])


def _is_data_set(folder: Path) -> bool:
    """Whether a folder is laid out as NAME/VERSION or NAME/CONFIG/VERSION, prepared or half prepared."""
    if not folder.is_dir():
        return False
    inside = [entry for entry in folder.iterdir() if entry.is_dir()]
    return bool(_versions(folder)) or any(_versions(one) or one.name.startswith("incomplete.") for one in inside)


def find_prepared(data_dir: Path, name: str) -> Path | None:
    """The folder of the newest prepared version, or None if there is none.

    Raises:
        ValueError: if all that is there was left half-written.
    """
    versions = _versions(data_dir / name)
    complete = [version for version in versions if (version / "dataset_info.json").is_file()]
    if versions and not complete:
        raise damaged(versions[-1], "dataset_info.json is missing, so it was left half-written")
    return complete[-1] if complete else None


def read_split(folder: Path, split: str, description: Description) -> tuple[np.ndarray, np.ndarray]:
    """Reads the images and labels of "train" or "test".

    Args:
        folder: of one prepared version.
        split: its name.
        description: what the data must be like.

    Returns:
        uint8 images, shape `(N, H, W, C)`, and int32 labels, shape `(N,)`, in the files' order.

    Raises:
        ValueError: if the folder is damaged or holds other data; names it and says what to do.
        OSError: if a file is missing or damaged.
    """
    shards = shards_of(folder, split, description.name)
    for file, _ in shards:
        if not file.is_file():
            raise FileNotFoundError(str(damaged(folder, f"{file.name} is missing")))
    parts = [_read_shard(file, count, description) for file, count in shards]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    largest = len(description.class_names) - 1
    if labels.min() < 0 or labels.max() > largest:
        raise damaged(folder, f"it has labels from {labels.min()} to {labels.max()}; expected 0 to {largest}")
    return images, labels


def damaged(folder: Path, what: str) -> ValueError:
    """The error for a prepared folder that cannot be used, to be raised by the caller."""
    return ValueError(
        f"the prepared data in {folder} cannot be used: {what}. Remove that folder and run again to prepare it anew, "
        "or give another data_dir."
    )


def shards_of(folder: Path, split: str, name: str) -> list[tuple[Path, int]]:
    """The files of a split and the number of examples that dataset_info.json promises in each.

    Raises:
        ValueError: if that file is damaged, or tells of other data.
    """
    try:
        info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
        found, file_format = info["name"], info.get("fileFormat", "tfrecord")
        counts = {one["name"]: [int(count) for count in one["shardLengths"]] for one in info["splits"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(folder, f"dataset_info.json cannot be understood ({type(error).__name__}: {error})") from error
    if found != name:
        raise damaged(folder, f"it holds the data set {found!r}, not {name!r}")
    if file_format != "tfrecord":
        raise damaged(folder, f"its file format is {file_format!r}, not 'tfrecord'")
    if not sum(counts.get(split, [])):
        raise damaged(folder, f"dataset_info.json names no {split} examples")
    total = len(counts[split])
    return [
        (folder / f"{name}-{split}.tfrecord-{shard:05d}-of-{total:05d}", count)
        for shard, count in enumerate(counts[split])
    ]


def _read_shard(file: Path, count: int, description: Description) -> tuple[np.ndarray, np.ndarray]:
    import tensorflow as tf

    height, width, channels = description.input_shape
    features = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}

    def decode(records):
        examples = tf.io.parse_example(records, features)
        image = tf.TensorSpec((height, width, channels), tf.uint8)
        images = tf.map_fn(lambda png: tf.io.decode_png(png, channels), examples["image"], fn_output_signature=image)
        return images, tf.cast(examples["label"], tf.int32)

    records = tf.data.TFRecordDataset(str(file), buffer_size=1 << 20)
    batches = records.batch(RECORDS_AT_ONCE).map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    try:
        with tf.device("CPU"):
            parts = [(images.numpy(), labels.numpy()) for images, labels in batches]
    except tf.errors.OpError as error:
        reason = error.message.split("\n")[0]
        raise OSError(str(damaged(file.parent, f"{file.name} is damaged ({reason})"))) from error
    if sum(len(labels) for _, labels in parts) != count:
        read = sum(len(labels) for _, labels in parts)
        raise OSError(str(damaged(file.parent, f"{file.name} holds {read} of {count} examples")))
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])
