"""The sources by name, and what is known about each without loading it."""

import importlib
import inspect
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import unknown_name
from .description import Description
from .samples import Samples, StreamedSamples
from .text_reading import is_text_folder, kind_of_text_file

# name -> the file that loads it, which has a DESCRIPTION and load(), or DESCRIPTIONS by name and load(name).
_FILES = {
    "digits": "digits",
    "mnist": "tensorflow_datasets_images",
    "fashion_mnist": "tensorflow_datasets_images",
    "kmnist": "tensorflow_datasets_images",
    "cifar10": "tensorflow_datasets_images",
    "cifar100": "tensorflow_datasets_images",
    "imagenet2012": "imagenet",
    "logic_and": "logic_gates",
    "logic_or": "logic_gates",
    "logic_nand": "logic_gates",
    "logic_xor": "logic_gates",
    "channel_views": "channel_views",
    "python_topics": "python_topics",
    "tiny_shakespeare": "tiny_shakespeare",
    "imdb_reviews": "imdb_reviews",
    "ted_hrlr_translate": "ted_hrlr_translate",
    "spoken_digit": "spoken_digit",
    "sequential_digits": "sequential_digits",
    "adding_problem": "adding_problem",
    "copy_memory": "copy_memory",
    "temporal_order": "temporal_order",
    "sequence_reversal": "sequence_reversal",
    "filling_in": "filling_in",
    "date_normalisation": "date_normalisation",
    "roads": "roads",
    "road_sequences": "roads",
    "road_features": "road_features",
}


def describe(name: str) -> Description:
    """What is known about a set of data before it is loaded.

    Raises:
        ValueError: if there is none of that name; names the nearest.

    Example:
        >>> describe("digits").input_shape
        (28, 28, 1)
    """
    if name not in _FILES:
        raise unknown_name("data set", name, _FILES)
    source = _source(name)
    return source.DESCRIPTIONS[name] if hasattr(source, "DESCRIPTIONS") else source.DESCRIPTION


def source_of(name_or_path: str | os.PathLike) -> Callable[..., Samples | StreamedSamples]:
    """The function that loads a set of data, given its name or the path of the user's own.

    Raises:
        ValueError: if there is no set of that name, and nothing of that path.
        FileNotFoundError: if there is nothing of that path, and it can be nothing but a path.
    """
    if isinstance(name_or_path, str) and name_or_path in _FILES:
        source = _source(name_or_path)
        return partial(source.load, name_or_path) if hasattr(source, "DESCRIPTIONS") else source.load
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise ValueError(f"data must be a name or a path; got {name_or_path!r}.")
    if not os.fspath(name_or_path):
        raise unknown_name("data set", name_or_path, _FILES)
    path = Path(name_or_path).expanduser()
    if path.exists():
        return partial(importlib.import_module(f".{kind_of_file(path)}", __package__).load, path)
    if isinstance(name_or_path, os.PathLike) or path.suffix or len(path.parts) > 1 or path.is_absolute():
        raise FileNotFoundError(f"there is no file or folder {path}.")
    error = unknown_name("data set", name_or_path, _FILES)
    raise ValueError(f"{error} Nor is there a folder of images of that name here.")


def kind_of_file(path: Path) -> str:
    """What a file or folder of the user's own holds, by the file of this package that reads it.

    Raises:
        ValueError: if it is nothing that any of them reads.
    """
    if path.is_dir():
        return "drive_folder" if _is_drive(path) else "text_folder" if is_text_folder(path) else "image_folder"
    if path.name.lower().endswith((".csv", ".csv.gz")):
        return "csv_series"
    if path.suffix.lower() in (".txt", ".tsv"):
        return kind_of_text_file(path)
    raise ValueError(
        f"{path} is neither a folder of images, nor one of .txt files, nor a .csv file, nor a .txt or .tsv file."
    )


def data_identity(name_or_path: str | os.PathLike) -> str:
    """What two ways of naming the same data have in common: the name, or the whole path.

    Example:
        >>> data_identity("digits"), data_identity("images/") == data_identity("./images")
        ('digits', True)
    """
    name = os.fspath(name_or_path)
    return name if name in _FILES else str(Path(name).expanduser().resolve())


def draws_test_part(name_or_path: str | os.PathLike) -> bool:
    """Whether the seed, or a fold, decides which samples are the test part, since nobody has set one aside.

    Raises:
        ValueError, FileNotFoundError: as `source_of`.

    Example:
        >>> draws_test_part("digits"), draws_test_part("mnist")
        (True, False)
    """
    path = Path(name_or_path).expanduser()
    kind = kind_of_file(path) if name_or_path not in _FILES and path.exists() else None
    if kind == "image_folder":
        return not importlib.import_module(".image_folder", __package__).has_test_part(path)
    if kind == "sentence_pairs":
        return True
    return "fold" in inspect.signature(source_of(name_or_path)).parameters


def check_available(name_or_path: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses what is not there before anything slow is imported: a wrong name, or no network where one is needed.

    `load_data` refuses the same; this answers without the seconds that importing TensorFlow takes.

    Args:
        name_or_path: as `load_data` takes it.
        data_dir: as `load_data` takes it.

    Raises:
        ValueError: if there is no such data set.
        OSError: if it is not prepared and the network cannot be reached.
    """
    source_of(name_or_path)
    check = getattr(_source(str(name_or_path)), "check_available", None) if name_or_path in _FILES else None
    if check:
        check(name_or_path, data_dir)


def is_prepared(name: str, data_dir: str | os.PathLike | None = None) -> bool:
    """Whether a set of data is there to be loaded, without a download.

    Args:
        name: one of `list_data()`.
        data_dir: as `load_data` takes it.

    Example:
        >>> is_prepared("digits")
        True
    """
    if describe(name).kind != "tensorflow-datasets":
        return True
    from .prepared_folder import find_prepared
    from .tensorflow_datasets_images import folder_of

    variant = getattr(_source(name), "VARIANT", "")  # of a set that has several, the one by default
    return find_prepared(folder_of(name, data_dir), f"{name}/{variant}") is not None


def _is_drive(folder: Path) -> bool:
    return importlib.import_module(".drive_log", __package__).is_drive(folder)


def _source(name: str):
    return importlib.import_module(f".{_FILES[name]}", __package__)


def list_data() -> list[Description]:
    """What is known about every set of data, from stored descriptions; loads nothing.

    Example:
        >>> [row.name for row in list_data()][:3]
        ['digits', 'mnist', 'fashion_mnist']
    """
    return [describe(name) for name in _FILES]
