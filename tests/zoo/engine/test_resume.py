"""A training that is killed at any instant goes on to the weights and the history of an undisturbed one, bit for bit.

The trainings are processes of their own (`tests/support/mortal_training.py`), and SIGKILL ends them.
"""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradschool.zoo.engine.plain_data import read_plain
from gradschool.zoo.launching import choose_ports

PROGRAM = Path(__file__).parents[2] / "support" / "mortal_training.py"
PATIENCE = 150  # seconds
EPOCHS = {"mirrored": 4, "multiworker": 3}


def start(folder, strategy="one", lives=({},), **settings):
    """The processes of one training; of its lives, the next begins where the last was killed."""
    folder.mkdir(exist_ok=True)
    words = {"folder": str(folder), "strategy": strategy, "epochs": EPOCHS.get(strategy, 12), **settings}
    command = [sys.executable, str(PROGRAM), *(json.dumps({**words, **life}) for life in lives)]
    environments = [os.environ]
    if strategy == "multiworker":
        workers = [f"localhost:{port}" for port in choose_ports(2)]
        tasks = [{"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}} for index in (0, 1)]
        environments = [{**os.environ, "TF_CONFIG": json.dumps(task)} for task in tasks]
    with (folder / "errors.txt").open("w") as errors:
        return [
            subprocess.Popen(command, env=one, stdout=errors, stderr=errors, start_new_session=True)
            for one in environments
        ]


def end(processes, mortal=0, patience=PATIENCE):
    """Waits for the one that may be killed; true if it was, and then the others are ended as well."""
    try:
        if processes[mortal].wait(patience) == -signal.SIGKILL:
            return True
        assert [one.wait(patience) for one in processes] == [0] * len(processes)
        return False
    finally:
        kill(processes)


def kill(processes):
    """Ends them and whatever they have started."""
    for one in processes:
        if one.poll() is None:
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()


def result(folder):
    result = read_plain(folder / "result.npz")
    return [value.tobytes() for value in result["values"]], json.loads(result["history"])


def assert_same_result(folder, undisturbed):
    (values, history), (their_values, their_history) = result(folder), result(undisturbed)
    assert history == their_history
    assert values == their_values


def killed_and_resumed(folder, kills, **settings):
    """Runs a training through all its kills to its end; how many came."""
    lives = [*kills, {}]
    assert not end(start(folder, lives=lives, **settings), patience=PATIENCE * len(lives))
    return int((folder / "kills.txt").read_text())


def workers_killed_and_resumed(folder, kills, **settings):
    """The same for several workers: when one is killed, the others are ended and all begin anew."""
    came = 0
    for kill in [*kills, {}]:
        if not end(start(folder, **settings, **kill), kill.get("worker", 0)):
            break
        came += 1
    return came


def at(*instants):
    return [{"at": list(instant)} for instant in instants]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Gives the folder of a training that nobody kills; it runs beside the others."""
    running, done = {}, {}

    def begin(strategy="one", feed="zoo"):
        key = strategy, feed
        if key not in running:
            folder = tmp_path_factory.mktemp("undisturbed")
            running[key] = folder, start(folder, strategy, feed=feed)

        def wait():
            if key not in done:
                assert not end(running[key][1])
                done[key] = running[key][0]
            return done[key]

        return wait

    yield begin
    for _, processes in running.values():
        kill(processes)


@pytest.mark.slow
def test_one_device(tmp_path, undisturbed):
    wait = undisturbed()
    kills = at(("begin", 1), ("torn", 2), ("after", 7))
    assert killed_and_resumed(tmp_path, kills) == 3
    assert_same_result(tmp_path, wait())
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2  # and nothing unfinished


@pytest.mark.slow
@pytest.mark.parametrize("feed", ["arrays", "dataset"])
def test_other_feeds(tmp_path, undisturbed, feed):
    wait = undisturbed(feed=feed)
    assert killed_and_resumed(tmp_path, at(("unmoved", 6)), feed=feed) == 1
    assert_same_result(tmp_path, wait())


@pytest.mark.slow
def test_two_replicas(tmp_path, undisturbed):
    wait = undisturbed("mirrored")
    assert killed_and_resumed(tmp_path, at(("epoch", 2)), strategy="mirrored") == 1
    assert_same_result(tmp_path, wait())


@pytest.mark.slow
def test_two_workers(tmp_path, undisturbed):
    wait = undisturbed("multiworker")
    kills = [{"at": ["epoch", 2], "worker": 1}]
    assert workers_killed_and_resumed(tmp_path, kills, strategy="multiworker") == 1
    assert_same_result(tmp_path, wait())


# === Many kills, for those who have the time: GRADSCHOOL_TEST_KILLS=20 pytest tests/zoo/engine/test_resume.py ===
MANY = int(os.environ.get("GRADSCHOOL_TEST_KILLS") or 0)
KINDS = ["begin", "epoch", "before", "torn", "unmoved", "after"]


@pytest.mark.slow
@pytest.mark.skipif(not MANY, reason="GRADSCHOOL_TEST_KILLS says how many kills; it is not set")
@pytest.mark.parametrize(
    ("strategy", "feed"),
    [("one", "zoo"), ("one", "arrays"), ("one", "dataset"), ("mirrored", "zoo"), ("multiworker", "zoo")],
)
def test_many_kills(tmp_path, undisturbed, strategy, feed):
    wait = undisturbed(strategy, feed)
    wait()
    instants = random.Random(f"{strategy} {feed}")
    longest = {"one": 2.5, "mirrored": 12.0, "multiworker": 12.0}[strategy]
    came = 0
    for number in range(4 * MANY):
        kill = {"after": instants.uniform(0.0, longest)}
        if number % 4 == 3:
            kill = {"at": [instants.choice(KINDS), instants.randint(1, 3)]}
        if strategy == "multiworker":
            kill["worker"] = instants.randint(0, 1)
        if came == MANY:
            kill = {}
        if not end(start(tmp_path, strategy, feed=feed, **kill), kill.get("worker", 0)):
            assert_same_result(tmp_path, wait())
            if came == MANY:
                break
            for file in [*(tmp_path / "checkpoints").iterdir()]:  # all over again
                file.unlink()
        else:
            came += 1
    print(f"\n{came} kills: {strategy}, {feed}")
    assert came == MANY
