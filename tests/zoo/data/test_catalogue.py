"""Names and paths find their source; the list costs nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradschool.zoo.data import list_data, load_data
from gradschool.zoo.data.catalogue import check_available, describe, source_of
from gradschool.zoo.data.description import TASKS

NAMES = [
    "digits", "mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100", "imagenet2012",
    "logic_and", "logic_or", "logic_nand", "logic_xor", "channel_views",
    "python_topics", "tiny_shakespeare", "imdb_reviews", "ted_hrlr_translate", "spoken_digit", "sequential_digits",
    "adding_problem", "copy_memory", "temporal_order", "sequence_reversal", "filling_in", "date_normalisation",
    "roads", "road_sequences", "road_features",
]  # fmt: skip


def test_every_name_is_listed_and_described():
    assert [row.name for row in list_data()] == NAMES
    for name in NAMES:
        assert describe(name).name == name


@pytest.mark.parametrize("row", list_data(), ids=lambda row: row.name)
def test_descriptions_are_complete(row):
    assert row.kind in ("embedded", "tensorflow-datasets", "generated")
    assert row.task in TASKS
    assert row.summary
    assert row.licence
    assert row.source
    assert set(row.samples) == {"train", "validation", "test"}
    if row.task == "classification":
        assert row.classes > 1
        if row.name != "imagenet2012":  # whose names lie beside its files
            assert row.classes == len(row.class_names) == len(set(row.class_names))
    elif row.task == "regression":
        assert row.classes is None
    else:
        assert row.classes > 4


def test_listing_imports_no_heavy_library():
    code = (
        "import sys; from gradschool.zoo.data import list_data; list_data();"
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'tensorflow_datasets') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_nearest_names_are_suggested():
    with pytest.raises(ValueError, match="unknown data set 'fashionmnist'; did you mean 'fashion_mnist'"):
        source_of("fashionmnist")


@pytest.mark.parametrize("path", [Path("nowhere"), "nowhere/at_all", "views.csv", "/nowhere"])
def test_paths_that_lead_nowhere_are_named(path):
    with pytest.raises(FileNotFoundError, match=f"there is no file or folder {path}"):
        source_of(path)


def test_other_files_are_refused(tmp_path):
    file = tmp_path / "model.keras"
    file.touch()
    with pytest.raises(
        ValueError, match=r"model.keras is neither a folder of images, nor one of .txt files, nor a .csv file"
    ):
        source_of(file)


def test_a_name_comes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_data("digits").description.kind == "embedded"
    with pytest.raises(ValueError, match="an image folder has one sub-folder for each class"):
        load_data("./digits")


def test_what_needs_no_network_is_available(tmp_path):
    for name in ("digits", "logic_xor", "channel_views", tmp_path):
        check_available(name)
    with pytest.raises(ValueError, match="did you mean 'digits'"):
        check_available("digit")


def test_what_is_neither_name_nor_path_is_refused():
    with pytest.raises(ValueError, match="unknown data set ''; there are: adding_problem"):
        source_of("")
    with pytest.raises(ValueError, match="data must be a name or a path; got 5"):
        source_of(5)
