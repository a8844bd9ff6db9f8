"""Texts, labels and sounds from the records that tensorflow-datasets has prepared, which it is asked to prepare first.

DATA_DIR/tiny_shakespeare/1.0.0/...              a set
DATA_DIR/ted_hrlr_translate/ru_to_en/1.0.0/...   a variant of a set
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from .prepared_folder import RECORDS_AT_ONCE, damaged, find_prepared, shards_of
from .tensorflow_datasets_images import folder_of
from .tensorflow_import import import_tensorflow, tensorflow_is_installed


def check_available(name: str, data_dir: str | os.PathLike | None = None, config: str = "") -> None:
    """Refuses, within seconds, a data set that is neither prepared nor can be.

    Args:
        name: as tensorflow-datasets calls it.
        data_dir: its folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.
        config: which variant of the set, if it has several.

    Raises:
        ValueError: if TensorFlow is missing, or the folder is not what it should be.
        OSError: if the network is needed and cannot be reached.
    """
    if not tensorflow_is_installed():
        raise ValueError(
            f"{name} is read with TensorFlow, which is not installed. Install it (the CPU build will do beside JAX or "
            "PyTorch), or use files of your own."
        )
    folder = folder_of(name, data_dir)
    if find_prepared(folder, f"{name}/{config}") is None:
        from .preparing import check_preparable

        check_preparable(name, folder)


def open_prepared(name: str, data_dir: str | os.PathLike | None = None, config: str = "") -> Path:
    """The folder of a prepared data set, which is prepared first if need be.

    Args and Raises as `check_available`.
    """
    check_available(name, data_dir, config)
    folder = folder_of(name, data_dir)
    prepared = find_prepared(folder, f"{name}/{config}")
    if prepared is None:
        from .preparing import prepare

        prepare(name, folder, config or None)
        prepared = cast(Path, find_prepared(folder, f"{name}/{config}"))
    import_tensorflow()
    return prepared


def read_records(folder: Path, split: str, name: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """The records of a split, in the files' order.

    Args:
        folder: of a prepared set.
        split: such as "train".
        name: of the set.
        fields: what to read, each a "text", a "number" or "numbers", an int64 array.

    Returns:
        A dict for each record.

    Raises:
        ValueError: if the folder is damaged or holds other data; names it and says what to do.
        OSError: if a file is missing or damaged.
    """
    records: list[dict[str, Any]] = []
    for file, count in shards_of(folder, split, name):
        if not file.is_file():
            raise FileNotFoundError(str(damaged(folder, f"{file.name} is missing")))
        read = _read_shard(file, fields)
        if len(read) != count:
            raise OSError(str(damaged(folder, f"{file.name} holds {len(read)} of {count} examples")))
        records += read
    return records


def _read_shard(file: Path, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    import tensorflow as tf

    features = {
        field: tf.io.RaggedFeature(tf.int64) if kind == "numbers"
        else tf.io.FixedLenFeature([], tf.string if kind == "text" else tf.int64)
        for field, kind in fields.items()
    }  # fmt: skip
    batches = tf.data.TFRecordDataset(str(file)).batch(RECORDS_AT_ONCE)
    records = []
    try:
        with tf.device("CPU"):
            for batch in batches:
                columns = {name: _unpacked(one) for name, one in tf.io.parse_example(batch, features).items()}
                records += [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    except tf.errors.OpError as error:
        reason = error.message.split("\n")[0]
        raise OSError(str(damaged(file.parent, f"{file.name} is damaged ({reason})"))) from error
    return records


def _unpacked(column) -> list[Any]:
    """Texts, numbers, or arrays of numbers, one for each record."""
    import tensorflow as tf

    if isinstance(column, tf.RaggedTensor):
        return np.split(column.values.numpy(), column.row_splits.numpy()[1:-1])
    values = column.numpy().tolist()
    return [value.decode("utf-8", errors="replace") for value in values] if column.dtype == tf.string else values
