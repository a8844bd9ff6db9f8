"""The workers of one start: what they are told, what they print, and how they end.

Every worker learns its place from the variable TF_CONFIG:

    {"cluster": {"worker": ["localhost:40001", "localhost:40002"]}, "task": {"type": "worker", "index": 0}}

One loop in one thread does everything: it passes on whole lines, passes on signals, and looks whether a worker has
ended.
"""

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

_LINE_END = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)  # a progress bar's return to the line's start ends it as well
_LONGEST_LINE = 1 << 16  # bytes; a longer one is cut
_PIPE_SIZE = 1 << 20  # bytes; no pipe holds more, so that one read empties it
_LOOK_EVERY = 0.05  # seconds between two looks at whether workers have ended


class WorkerTeam:
    """Workers that live and die together; when the block ends they are gone, whatever happened in it.

    Args:
        signals: the numbers of the signals that this process has received so far; it grows by itself.
        bare_stdout: standard output is worker 0's alone and without its name; all else goes to standard error.
        grace: seconds from SIGTERM to SIGKILL when workers are ended.
    """

    def __init__(self, signals: list[int], bare_stdout: bool = False, grace: float = 5.0):
        self.signals, self.bare_stdout, self.grace = signals, bare_stdout, grace
        self.processes: list[subprocess.Popen] = []
        self.lifelines: list[int] = []
        self.selector = selectors.DefaultSelector()
        self.ending = False  # from then on it is no surprise that workers end
        self.kill_at = float("inf")
        self.signals_seen = 0

    def start(self, index: int, command: Sequence[str], ports: Sequence[int], log: IO[bytes]) -> None:
        """Starts a worker in a session and process group of its own."""
        cluster = {"worker": [f"localhost:{port}" for port in ports]}
        config = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        guarded_end, our_end = os.pipe()
        self.lifelines.append(our_end)
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", Path(__file__).with_name("lifeline.py"), str(guarded_end), *command],
                env={**os.environ, "PYTHONUNBUFFERED": "1", "TF_CONFIG": json.dumps(config)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[guarded_end],
                start_new_session=True,
            )
        finally:
            os.close(guarded_end)
        self.processes.append(process)
        bare = self.bare_stdout and index == 0
        for pipe, is_stdout in ((cast(IO[bytes], process.stdout), True), (cast(IO[bytes], process.stderr), False)):
            sink = sys.stdout if is_stdout and (bare or not self.bare_stdout) else sys.stderr
            prefix = b"" if is_stdout and bare else b"[worker %d] " % index
            self.selector.register(pipe, selectors.EVENT_READ, Lines(prefix, sink, log))

    def watch(self) -> int:
        """Waits until every worker has ended; returns the exit status.

        Returns:
            0; that of the first worker that died, or 1 if a signal killed it; 128 + N after this process had signal N.
        """
        status, ended = 0, False
        while not ended:
            self.pass_on_output(_LOOK_EVERY)
            self.obey_signals()
            if time.monotonic() >= self.kill_at:
                self.send(signal.SIGKILL)
            statuses = [process.poll() for process in self.processes]
            ended = None not in statuses
            died = {index: status for index, status in enumerate(statuses) if status}
            if died and not self.ending:
                self.pass_on_last_words()
                status = self.explain(died, statuses.count(None))
                self.end()
        self.send(signal.SIGKILL)  # what workers have started and left behind
        self.pass_on_last_words()
        for key in self.selector.get_map().values():
            key.data.finish()
        return 128 + self.signals[-1] if self.signals else status

    def pass_on_output(self, timeout: float) -> None:
        """Writes the lines that have arrived; waits so many seconds for the first."""
        if not self.selector.get_map():
            time.sleep(timeout)
        for key, _ in self.selector.select(timeout):
            received = os.read(key.fd, _PIPE_SIZE)
            if received:
                key.data.add(received)
            else:
                self.selector.unregister(key.fileobj)
                key.data.finish()

    def pass_on_last_words(self) -> None:
        """Writes what has arrived from workers that have ended, up to their last line."""
        self.pass_on_output(0)
        self.pass_on_output(0)  # after all that a pipe held comes the word that it has ended

    def obey_signals(self) -> None:
        """Does what new signals to this process ask for."""
        for number in self.signals[self.signals_seen :]:
            self.signals_seen += 1
            if number == signal.SIGTERM:
                self.end()
            elif self.ending:
                self.send(signal.SIGKILL)
            else:
                self.ending = True
                self.send(signal.SIGINT)
                say("interrupted: the workers may keep what they have; Ctrl-C again kills them")

    def explain(self, died: dict[int, int], others: int) -> int:
        """Says which workers died and how; returns the exit status that stands for the first of them.

        Args:
            died: their statuses, by index.
            others: how many are still alive.
        """
        for index, status in died.items():
            say(f"worker {index} {describe_exit(status)}")
        if others:
            say(f"ending the other {'worker' if others == 1 else f'{others} workers'}")
        return max(next(iter(died.values())), 1)

    def end(self) -> None:
        """Asks all workers to end, and leaves them some seconds for it."""
        self.ending = True
        self.kill_at = min(self.kill_at, time.monotonic() + self.grace)
        self.send(signal.SIGTERM)

    def send(self, number: int) -> None:
        """Sends a signal to every worker and to what it has started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # all gone; macOS says the other
                os.killpg(process.pid, number)

    def __enter__(self) -> "WorkerTeam":
        return self

    def __exit__(self, *error) -> None:
        self.send(signal.SIGKILL)
        for process in self.processes:
            process.__exit__(None, None, None)  # closes the pipes and waits
        for lifeline in self.lifelines:
            os.close(lifeline)
        self.selector.close()


class Lines:
    """One stream of one worker: whole lines go to a sink with the worker's name before each, and to its log without.

    Args:
        prefix: stands before every line.
        sink: a text file on top of a binary one, such as `sys.stdout`.
        log: a binary file.
    """

    def __init__(self, prefix: bytes, sink, log: IO[bytes]):
        self.prefix, self.sink, self.log = prefix, sink, log
        self.rest = b""

    def add(self, received: bytes) -> None:
        *lines, self.rest = _LINE_END.split(self.rest + received)
        if len(self.rest) > _LONGEST_LINE:
            lines, self.rest = [*lines, self.rest], b""
        if lines:
            self.log.write(b"".join(line + b"\n" for line in lines))
            self.sink.flush()
            self.sink.buffer.write(b"".join(self.prefix + line + b"\n" for line in lines))
            self.sink.buffer.flush()

    def finish(self) -> None:
        """Completes a last line that has no end."""
        if self.rest:
            self.add(b"\n")


def describe_exit(status: int) -> str:
    """How a process ended, in words.

    Args:
        status: as `subprocess` gives it: negative for a signal.

    Example:
        >>> describe_exit(3), describe_exit(-9)
        ('ended with status 3', 'was killed by SIGKILL')
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal has no name
        return f"was killed by signal {-status}"


def say(message: str) -> None:
    """Writes a message of the launching process itself to standard error."""
    print(f"gradschool launch: {message}", file=sys.stderr, flush=True)
