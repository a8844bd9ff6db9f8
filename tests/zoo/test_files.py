"""A file is there whole or not at all."""

import json
import os
import stat

import pytest

from gradschool.zoo.files import free_name, write_json, written_whole


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"test": {"accuracy": 0.5}})
    with pytest.raises(RuntimeError, match="halfway"), written_whole(path) as unfinished:
        unfinished.write_text('{"test": {"accu')
        raise RuntimeError("halfway")
    assert json.loads(path.read_text()) == {"test": {"accuracy": 0.5}}
    assert os.listdir(tmp_path) == ["metrics.json"]


@pytest.mark.parametrize("name", ["model.keras", "lenet5_mnist.weights.h5", "curves.png", "plain"])
def test_the_unfinished_file_keeps_the_suffix(tmp_path, name):
    with written_whole(tmp_path / name) as unfinished:
        assert unfinished.parent == tmp_path
        assert unfinished.name != name
        assert unfinished.name.endswith(name[name.find(".") :] if "." in name else "")
        unfinished.write_text("x")
    assert os.listdir(tmp_path) == [name]


def test_the_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_json(tmp_path / "ours.json", 1)
    assert stat.S_IMODE((tmp_path / "ours.json").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_free_names_count_up(tmp_path):
    assert free_name("mlp-digits", tmp_path).name == "mlp-digits-1"
    (tmp_path / "mlp-digits-1").mkdir()
    assert free_name("mlp-digits", tmp_path).name == "mlp-digits-2"
