"""Workers are told their place, are heard, and live and die together."""

import contextlib
import io
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.launching import choose_ports, supervise
from gradschool.zoo.worker_team import Lines, describe_exit

WORKER = """
import json, os, signal, subprocess, sys, time
config = json.loads(os.environ["TF_CONFIG"])
me = config["task"]["index"]
def announce():  # the pipe stays open as long as this process and what it starts live
    pipe = os.open("alive", os.O_WRONLY)
    os.set_inheritable(pipe, True)
    os.write(pipe, b"x")
"""


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """Makes a command out of a worker's program; it runs in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("alive")

    def make(program):
        (tmp_path / "worker.py").write_text(WORKER + program)
        return [sys.executable, "worker.py"]

    return make


@pytest.fixture
def alive(worker):
    """The reading end of a pipe into which workers announce themselves; it ends when none of them lives any more."""
    pipe = os.open("alive", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(pipe, True)
    yield pipe
    os.close(pipe)


def read(pipe, patience=20):
    """What comes next, or b"" at the end."""
    assert select.select([pipe], [], [], patience)[0], "nothing came"
    return os.read(pipe, 1)


def run(command, workers=2, **settings):
    return supervise(lambda restarts: command, workers, **settings)


@contextlib.contextmanager
def launched(command, workers=2):
    """A launching process of its own."""
    program = (
        "import sys; from gradschool.zoo.launching import supervise; "
        f"sys.exit(supervise(lambda restarts: {command!r}, {workers}, grace=0.2))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


# === What workers are told ===


def test_every_worker_learns_its_place(worker, capfd):
    assert run(worker("print(os.environ['TF_CONFIG'])"), 3) == 0
    lines = sorted(capfd.readouterr().out.splitlines())
    configs = [json.loads(line.removeprefix(f"[worker {index}] ")) for index, line in enumerate(lines)]
    assert [one["task"] for one in configs] == [{"type": "worker", "index": index} for index in range(3)]
    (addresses,) = {tuple(one["cluster"]["worker"]) for one in configs}
    assert len(set(addresses)) == 3
    assert all(re.fullmatch(r"localhost:\d+", address) for address in addresses)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_free_ports_differ_and_can_be_listened_on(count):
    ports = choose_ports(count)
    assert len(set(ports)) == count
    for port in ports:
        with socket.create_server(("localhost", port)):
            pass


def test_named_ports_follow_each_other():
    (first,) = choose_ports(1)
    assert choose_ports(1, first) == [first]
    assert all(after == before + 1 for before, after in pairwise(choose_ports(3, 20311)))


def test_a_taken_port_is_refused():
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ValueError, match=rf"--port {port}: port {port} cannot be used \(Address already in use\)"):
            choose_ports(1, port)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "--workers must be at least 1; got 0."),
        ({"workers": 1, "max_restarts": -1}, "--max-restarts must not be negative; got -1."),
        ({"workers": 2, "port": 0}, "--port must lie between 1 and 65534 for 2 workers; got 0."),
        ({"workers": 2, "port": 65535}, "--port must lie between 1 and 65534 for 2 workers; got 65535."),
    ],
)
def test_wrong_numbers_are_refused_before_anything_starts(settings, message, worker):
    with pytest.raises(ValueError, match=re.escape(message)):
        run(worker("open('started', 'w')"), **settings)
    assert not os.path.exists("started")


# === What they print ===


@given(st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b"\xff"])), st.lists(st.integers(1, 4)))
def test_lines_stay_whole_however_they_arrive(pieces, sizes):
    said = b"".join(pieces)
    sink, log = io.TextIOWrapper(io.BytesIO()), io.BytesIO()
    lines, rest = Lines(b"> ", sink, log), said
    for size in sizes:
        if rest[:size]:
            lines.add(rest[:size])
        rest = rest[size:]
    if rest:
        lines.add(rest)
    lines.finish()
    expected = list(io.TextIOWrapper(io.BytesIO(said), encoding="latin-1"))  # Python's own universal line ends
    expected = [line.rstrip("\n").encode("latin-1") + b"\n" for line in expected]
    assert log.getvalue() == b"".join(expected)
    assert sink.buffer.getvalue() == b"".join(b"> " + line for line in expected)


def test_a_line_without_end_does_not_fill_the_memory():
    sink, log = io.TextIOWrapper(io.BytesIO()), io.BytesIO()
    lines = Lines(b"", sink, log)
    for _ in range(100):
        lines.add(b"x" * 10_000)
    assert len(lines.rest) < 100_000
    lines.finish()
    assert log.getvalue().count(b"x") == 1_000_000


def test_large_outputs_arrive_whole_and_unmixed(worker, capfd):
    program = """
for number in range(16_000):
    print(me, number, "." * 50)
    print(me, number, "-" * 50, file=sys.stderr)
"""
    assert run(worker(program)) == 0
    for text, dots in zip(capfd.readouterr(), (".", "-"), strict=True):
        lines = text.splitlines()
        for index in range(2):
            mine = [line for line in lines if line.startswith(f"[worker {index}] ")]
            assert mine == [f"[worker {index}] {index} {number} {dots * 50}" for number in range(16_000)]
        assert len(lines) == 32_000


def test_a_last_line_without_end_gets_one(worker, capfd):
    assert run(worker("sys.stdout.write(f'half of {me}')"), 2) == 0
    assert sorted(capfd.readouterr().out.splitlines()) == ["[worker 0] half of 0", "[worker 1] half of 1"]


def test_a_line_is_shown_while_its_worker_goes_on(worker, alive):
    with launched(worker("print('at work'); announce(); signal.pause()"), 1) as process:
        assert process.stdout.readline() == b"[worker 0] at work\n"
        assert read(alive) == b"x"


def test_the_bare_output_is_the_first_workers_alone(worker, capfd):
    assert run(worker("print(me); print('note', file=sys.stderr)"), bare_stdout=True) == 0
    out, err = capfd.readouterr()
    assert out == "0\n"
    assert sorted(err.splitlines()) == ["[worker 0] note", "[worker 1] 1", "[worker 1] note"]


def test_each_worker_has_its_log(worker, capfd, tmp_path):
    command = worker("print(me); sys.exit(0 if os.path.exists('again') else open('again', 'w') and 1)")
    assert run(command, 1, log_dir=tmp_path / "some" / "logs", max_restarts=1) == 0
    assert (tmp_path / "some" / "logs" / "worker-0.log").read_text() == "0\n0\n"


# === How they end ===


@pytest.mark.parametrize(
    ("end", "status", "how"),
    [
        ("sys.exit(3)", 3, "ended with status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 1, "was killed by SIGKILL"),
    ],
)
def test_when_one_dies_all_are_gone(end, status, how, worker, alive, capfd):
    os.mkfifo("ready")
    program = f"""
if me == 1:
    open("ready").read()
    print("last words", file=sys.stderr, end="", flush=True)
    {end}
announce()
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], close_fds=False)
open("ready", "w").close()
signal.pause()
"""
    assert run(worker(program)) == status
    assert read(alive) == b"x"
    assert read(alive) == b""
    errors = capfd.readouterr().err
    assert errors.endswith(
        f"[worker 1] last words\ngradschool launch: worker 1 {how}\ngradschool launch: ending the other worker\n"
    )


def test_who_does_not_heed_sigterm_is_killed(worker, alive):
    os.mkfifo("ready")
    program = """
if me == 0:
    sys.exit(open("ready").read() != "")
signal.signal(signal.SIGTERM, lambda number, frame: print("no"))
announce()
open("ready", "w").write("x")
while True:
    signal.pause()
"""
    assert run(worker(program), grace=0.2) == 1
    assert read(alive) + read(alive) == b"x"


def test_one_that_is_done_waits_for_the_others(worker, alive, capfd):
    os.mkfifo("done")
    program = """
if me == 0:
    holder = open("done", "w")
    sys.exit()
open("done").read()  # until the other one has ended
print("went on")
"""
    assert run(worker(program)) == 0
    assert capfd.readouterr().out == "[worker 1] went on\n"


@pytest.mark.parametrize("workers", [1, 3])
def test_all_may_die_at_once(workers, worker):
    assert run(worker("sys.exit(7)"), workers) == 7


@pytest.mark.parametrize(("restarts", "status"), [(0, 5), (1, 5), (2, 0), (3, 0)])
def test_all_start_again_on_new_ports(restarts, status, worker, capfd):
    worker("print(config['cluster']['worker']); sys.exit(0 if sys.argv[1] == '2' else 5)")
    tries = []

    def command(restart):
        tries.append(restart)
        return [sys.executable, "worker.py", str(restart)]

    assert supervise(command, 1, max_restarts=restarts) == status
    out, err = capfd.readouterr()
    assert tries == list(range(min(restarts, 2) + 1))
    assert len(set(out.splitlines())) == len(tries)
    assert re.findall(r"restart (\d) of (\d)", err) == [(str(one), str(restarts)) for one in tries[1:]]


def test_ctrl_c_lets_workers_keep_what_they_have(worker, alive):
    program = """
try:
    announce()
    signal.pause()
except KeyboardInterrupt:
    print("kept")
    sys.exit(130)
"""
    with launched(worker(program)) as process:
        assert read(alive) + read(alive) == b"xx"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert sorted(out.splitlines()) == [b"[worker 0] kept", b"[worker 1] kept"]
    assert err == b"gradschool launch: interrupted: the workers may keep what they have; Ctrl-C again kills them\n"
    assert process.returncode == 130
    assert read(alive) == b""


def test_a_second_ctrl_c_kills(worker, alive):
    program = """
signal.signal(signal.SIGINT, lambda number, frame: announce())
announce()
while True:
    signal.pause()
"""
    with launched(worker(program)) as process:
        assert read(alive) + read(alive) == b"xx"
        process.send_signal(signal.SIGINT)
        assert read(alive) + read(alive) == b"xx"
        process.send_signal(signal.SIGINT)
        assert read(alive) == b""
        assert process.wait() == 130


def test_sigterm_ends_all(worker, alive):
    with launched(worker("announce(); signal.pause()")) as process:
        assert read(alive) + read(alive) == b"xx"
        process.terminate()
        assert read(alive) == b""
        assert process.wait() == 143


def test_none_outlives_a_launching_process_that_is_killed(worker, alive):
    program = """
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
announce()
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], close_fds=False)
signal.pause()
"""
    with launched(worker(program)) as process:
        assert read(alive) + read(alive) == b"xx"
        process.kill()
        assert read(alive) == b""


def test_a_reader_that_stops_early_leaves_no_worker_behind(worker, alive):
    with launched(worker("announce()\nwhile True: print('more')"), 1) as process:
        assert process.stdout.readline() == b"[worker 0] more\n"
        process.stdout.close()
        assert read(alive) == b"x"
        assert read(alive) == b""


def test_a_worker_has_no_child_that_it_does_not_know_of(worker, capfd):
    program = """
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none")
"""
    assert run(worker(program), 1) == 0
    assert capfd.readouterr().out == "[worker 0] none\n"


@pytest.mark.parametrize("number", sorted(signal.valid_signals()))
def test_every_signal_has_words(number):
    assert re.fullmatch(r"was killed by (SIG[A-Z0-9+]+|signal \d+)", describe_exit(-number))


def test_launching_needs_no_keras(tmp_path):
    program = "import sys, gradschool.zoo.launching, gradschool.zoo.commands.launch; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout == "False\n"
