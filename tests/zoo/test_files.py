"""A file is there whole or not at all."""

import json
import os
import stat

import pytest

from gradschool.zoo.files import free_name, read_run_json, write_json, written_whole


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"test": {"accuracy": 0.5}})
    with pytest.raises(RuntimeError, match="halfway"), written_whole(path) as unfinished:
        unfinished.write_text('{"test": {"accu')
        raise RuntimeError("halfway")
    assert json.loads(path.read_text()) == {"test": {"accuracy": 0.5}}
    assert os.listdir(tmp_path) == ["metrics.json"]


def test_the_file_has_the_rights_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_json(tmp_path / "ours.json", 1)
    assert stat.S_IMODE((tmp_path / "ours.json").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_free_names_count_up(tmp_path):
    assert free_name("mlp-digits", tmp_path).name == "mlp-digits-1"
    (tmp_path / "mlp-digits-1").mkdir()
    assert free_name("mlp-digits", tmp_path).name == "mlp-digits-2"


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "has no config.json"), ("{", "cannot be read"), ("[]", "it holds no object")],
)
def test_what_is_no_run_says_so(tmp_path, content, message):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_run_json(tmp_path, "config.json")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"notes.txt is not a run folder of gradschool"):
        read_run_json(tmp_path / "notes.txt", "config.json")
