"""A fit that is cut short on the command line goes on with --resume, and ends where it would have ended without."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from gradschool.__main__ import main
from gradschool.zoo.engine.progress import ProgressBar
from gradschool.zoo.engine.run_folder import RunFolder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="checkpoints are TensorFlow's"),
]

PATIENCE = 120  # seconds
FIT = ["fit", "mlp_16_16", "--set", "dropout=0.2", "--augment", "shift=1", "--checkpoint-every", "4", "--epochs", "9"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The run folder of a fit that nothing cuts short."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main([*FIT, "--out", str(out)]) == 0
    return out


def assert_same_run(folder, undisturbed):
    for name in ("history.csv", "metrics.json"):
        assert (Path(folder) / name).read_bytes() == (undisturbed / name).read_bytes()
    own, theirs = (keras.models.load_model(Path(one) / "model.keras").get_weights() for one in (folder, undisturbed))
    for weight, their_weight in zip(own, theirs, strict=True):
        np.testing.assert_array_equal(weight, their_weight)
    assert RunFolder(folder).read_config()["status"] == "finished"
    assert not (Path(folder) / "checkpoints").exists()


def wait_for(there, process):
    """Waits until `there()` is true, while the process runs."""
    end = time.monotonic() + PATIENCE
    while not there():
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < end
        time.sleep(0.01)


def checkpoints(folder):
    return sorted(path.name for path in Path(folder).glob("checkpoints/step-*.npz"))


def interrupt_at(monkeypatch, epoch):
    """Lets Ctrl-C come at the end of an epoch, once."""
    went_on = ProgressBar.on_epoch_end

    def interrupt(self, at, logs=None):
        if at == epoch:
            monkeypatch.setattr(ProgressBar, "on_epoch_end", went_on)
            raise KeyboardInterrupt
        went_on(self, at, logs)

    monkeypatch.setattr(ProgressBar, "on_epoch_end", interrupt)


def test_after_kill_9(undisturbed):
    command = [sys.executable, "-P", "-m", "gradschool", *FIT, "--out", "run"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: len(checkpoints("run")) > 1, process)
    finally:
        process.kill()
        process.wait()
    assert RunFolder("run").read_config()["status"] == "running"
    assert main([*FIT, "--out", "run", "--resume"]) == 0
    assert_same_run("run", undisturbed)


def test_before_anything_was_begun(undisturbed):
    assert main([*FIT, "--out", "run", "--resume"]) == 0
    assert_same_run("run", undisturbed)


def test_after_ctrl_c(undisturbed, monkeypatch):
    interrupt_at(monkeypatch, 3)
    assert main([*FIT, "--out", "run"]) == 130
    assert RunFolder("run").read_config()["status"] == "interrupted"
    assert checkpoints("run")
    assert main([*FIT, "--out", "run", "--resume"]) == 0
    assert_same_run("run", undisturbed)
    config = RunFolder("run").read_config()
    assert config["resumed_by"] == config["command"] + " --resume"  # the command repeats the run


def test_a_damaged_checkpoint_is_passed_over_and_said(undisturbed, monkeypatch, capsys):
    interrupt_at(monkeypatch, 3)
    main([*FIT, "--out", "run"])
    newest = Path("run/checkpoints") / checkpoints("run")[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    capsys.readouterr()
    assert main([*FIT, "--out", "run", "--resume"]) == 0
    assert newest.name in "".join(capsys.readouterr().out.split())  # however the line was broken
    assert_same_run("run", undisturbed)


def test_after_its_end_nothing_is_left_to_do(capsys):
    short = ["fit", "perceptron", "--epochs", "2", "--out", "run"]
    main(short)
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    capsys.readouterr()
    assert main([*short, "--resume"]) == 0
    assert "run is finished already" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--learning-rate", "0.5"], "begun with other settings: learning_rate was 0.1"),
        (["--epochs", "3"], "epochs was 2"),
        (["--overwrite"], "no --overwrite"),
    ],
)
def test_only_with_the_same_settings(changed, message, capsys):
    short = ["fit", "perceptron", "--learning-rate", "0.1", "--epochs", "2", "--out", "run"]
    main(short)
    assert main([*short, "--resume", *changed]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("wrong", [["--checkpoint-every", "0"], ["--checkpoint-minutes", "-1"]])
def test_an_earlier_run_stays_where_a_checkpoint_cannot_be(wrong, capsys):
    short = ["fit", "perceptron", "--epochs", "2", "--out", "run"]
    main(short)
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    assert main([*short, "--overwrite", *wrong]) == 2
    assert wrong[0] in " ".join(capsys.readouterr().err.split())
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_a_single_run_and_repetitions_are_not_mixed(capsys):
    single, repeated = ["fit", "perceptron", "--epochs", "2"], ["fit", "perceptron", "--epochs", "2", "--seeds", "2"]
    main([*single, "--out", "one"])
    main([*repeated, "--out", "two"])
    for words in ([*repeated, "--out", "one"], [*single, "--out", "two"], [*single, "--seeds", "3", "--out", "two"]):
        before = Path(words[-1], "config.json").read_bytes()
        assert main([*words, "--resume"]) == 2
        assert "resume with the same --seeds or --folds" in " ".join(capsys.readouterr().err.split())
        assert Path(words[-1], "config.json").read_bytes() == before


def test_a_fit_that_diverged_diverges_again(capsys):
    wild = ["fit", "mlp_16_16", "--optimizer", "sgd", "--learning-rate", "1e30", "--out", "run"]
    messages = []
    for words in (wild, [*wild, "--resume"]):
        assert main(words) == 2
        messages.append(capsys.readouterr().err)
        assert RunFolder("run").read_config()["status"] == "diverged"
    assert messages[0] == messages[1]


def test_repetitions_keep_what_is_finished(monkeypatch):
    words = ["fit", "mlp_16_16", "--epochs", "1", "--seeds", "2"]
    fitted = []
    went_on = ProgressBar.on_train_begin

    def count(self, logs=None):
        fitted.append(self)
        if len(fitted) == 2:
            raise KeyboardInterrupt
        went_on(self, logs)

    monkeypatch.setattr(ProgressBar, "on_train_begin", count)
    assert main([*words, "--out", "cut"]) == 130
    first = Path("cut/seed-0/model.keras").stat().st_mtime_ns
    assert main([*words, "--out", "cut", "--resume"]) == 0
    assert Path("cut/seed-0/model.keras").stat().st_mtime_ns == first
    assert len(fitted) == 3  # the first, the one that was cut short, and the second once more
    runs = [json.loads(Path(f"cut/seed-{seed}/metrics.json").read_text())["test"]["accuracy"] for seed in (0, 1)]
    found = json.loads(Path("cut/metrics.json").read_text())
    assert found["test"]["accuracy"] == pytest.approx(sum(runs) / 2)
    assert runs[0] != runs[1]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the worker in /proc")
def test_launch_goes_on_after_a_workers_death():
    fit = ["fit", "mlp_16_16", "--checkpoint-every", "4", "--epochs", "6"]

    def launch(out, *options):
        command = [sys.executable, "-P", "-m", "gradschool", "launch", "--workers", "2", *options, "--", *fit]
        with Path(f"{out}.txt").open("w") as said:
            return subprocess.Popen([*command, "--out", out], stdout=said, stderr=said, start_new_session=True)

    def end(process):
        try:
            return process.wait(PATIENCE)
        finally:
            process.terminate()

    whole = launch("whole")
    assert end(whole) == 0, Path("whole.txt").read_text()
    cut = launch("cut", "--max-restarts", "1")
    try:
        wait_for(lambda: len(checkpoints("cut")) > 1, cut)
        os.kill(find_worker(1, "cut"), signal.SIGKILL)
    except BaseException:
        cut.terminate()
        raise
    assert end(cut) == 0, Path("cut.txt").read_text()
    assert "restart 1 of 1" in Path("cut.txt").read_text()
    assert_same_run("cut", Path("whole"))


def find_worker(number, out):
    """The process number of a worker that fits into the folder `out` under this one."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables, words = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
            here = os.readlink(process / "cwd") == str(Path.cwd())
        except OSError:
            continue
        task = json.dumps({"type": "worker", "index": number})
        if here and task.encode() in variables and words.split(b"\0")[-2:] == [out.encode(), b""]:
            return int(process.name)
    raise LookupError(shlex.join(["no worker", str(number)]))
