"""A small data set in the files that tensorflow-datasets writes: the same format, random images."""

import json
from pathlib import Path

import numpy as np

TRAIN, TEST = 60, 20


def random_images(count, seed, shape=(28, 28, 1)):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype="uint8"), np.arange(count) % 10


def write_prepared(data_dir: Path, name="mnist", shape=(28, 28, 1), shards=2) -> Path:
    """Writes NAME/3.0.1 with 60 examples to train, in several files, and 20 to test; returns that folder."""
    folder = data_dir / name / "3.0.1"
    folder.mkdir(parents=True)
    splits = []
    for split, count, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        images, labels = random_images(count, seed, shape)
        pieces = np.array_split(np.arange(count), shards)
        for shard, piece in enumerate(pieces):
            write_records(folder / f"{name}-{split}.tfrecord-{shard:05d}-of-{shards:05d}", images[piece], labels[piece])
        splits.append({"name": split, "shardLengths": [str(len(piece)) for piece in pieces]})
    write_info(folder, name=name, splits=splits)
    return folder


def write_info(folder: Path, **changes) -> None:
    """Writes dataset_info.json, or changes entries of the one that is there."""
    file = folder / "dataset_info.json"
    info = json.loads(file.read_text()) if file.exists() else {"fileFormat": "tfrecord", "version": "3.0.1"}
    file.write_text(json.dumps({**info, **changes}))


def write_records(file: Path, images: np.ndarray, labels: np.ndarray) -> None:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(file)) as writer:
        for image, label in zip(images, labels, strict=True):
            png = tf.train.Feature(bytes_list=tf.train.BytesList(value=[tf.io.encode_png(image).numpy()]))
            number = tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)]))
            features = tf.train.Features(feature={"image": png, "label": number})
            writer.write(tf.train.Example(features=features).SerializeToString())
