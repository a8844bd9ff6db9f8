"""A file is there whole or not at all, whatever its name."""

import os

import pytest

from gradschool.callbacks.files import written_whole


@pytest.mark.parametrize("name", ["model.keras", "lenet5_mnist.weights.h5", "curves.png", "plain"])
def test_the_unfinished_file_keeps_the_suffix(tmp_path, name):
    with written_whole(tmp_path / name) as unfinished:
        assert unfinished.parent == tmp_path
        assert unfinished.name != name
        assert unfinished.name.endswith(name[name.find(".") :] if "." in name else "")
        unfinished.write_text("x")
    assert os.listdir(tmp_path) == [name]


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="halfway"), written_whole(tmp_path / "report.html") as unfinished:
        unfinished.write_text("<!doctype")
        raise RuntimeError("halfway")
    assert os.listdir(tmp_path) == []


def test_a_place_that_is_not_there_says_so(tmp_path):
    nowhere = written_whole(tmp_path / "nowhere" / "report.html")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere to write report\.html into"), nowhere:
        pass
    with pytest.raises(ValueError, match="is a folder; name a file"), written_whole(tmp_path):
        pass
