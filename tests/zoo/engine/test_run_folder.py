"""Nothing of a user's is lost: what may become a run folder, and what may not."""

import csv
import os
import sys

import pytest

from gradschool.zoo.engine.run_folder import RunFolder, check_free, make_run_folder


def earlier_run(path):
    folder = make_run_folder(path)
    folder.write_config({"gradschool": "0.1.0", "status": "finished"})
    return folder


def test_an_earlier_run_goes_only_if_told(tmp_path):
    folder = earlier_run(tmp_path / "run")
    (folder.path / "model.keras").write_text("weights")
    with pytest.raises(ValueError, match="holds an earlier run; name another folder, or say --overwrite"):
        make_run_folder(folder.path)
    assert (folder.path / "model.keras").read_text() == "weights"
    make_run_folder(folder.path, overwrite=True)
    assert os.listdir(folder.path) == []


def test_a_folder_with_other_things_is_never_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="a folder with other things in it"):
        make_run_folder(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_file_in_the_place_is_refused(tmp_path):
    (tmp_path / "run").write_text("x")
    with pytest.raises(ValueError, match="is a file; name a folder"):
        check_free(tmp_path / "run", overwrite=True)


def test_looking_does_not_touch(tmp_path):
    check_free(tmp_path / "a" / "b" / "run", overwrite=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(
    not os.path.isdir("/proc") or sys.platform != "linux", reason="needs /proc, which nobody may write to"
)
def test_a_place_that_cannot_be_written_is_refused():
    with pytest.raises(OSError, match=r"cannot write in /proc.*name another folder with --out"):
        check_free(RunFolder("/proc/run").path, overwrite=False)


def test_history_has_a_row_per_epoch_and_reads_back(tmp_path):
    folder = RunFolder(tmp_path)
    rows = [{"epoch": 1, "loss": 0.1 + 0.2, "val_loss": float("nan")}, {"epoch": 2, "loss": 1e-300, "val_loss": 0.5}]
    folder.write_history(rows)
    with (tmp_path / "history.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in read] == [0.1 + 0.2, 1e-300]
    assert [row["epoch"] for row in read] == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "has no config.json"), ("{", "cannot be read"), ("[]", "holds no object")]
)
def test_what_is_not_a_run_folder_says_so(tmp_path, content, message):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        RunFolder(tmp_path).read_config()
    assert not RunFolder(tmp_path).exists
