"""The parent's end of the pipe to a contender."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import IO, Any, cast

_TAIL = 12  # lines of a dead contender's standard error


class Contender:
    """A process that does one thing at a time when it is asked to, and sleeps in between.

    As a context manager it starts the process, waits until it is ready, and ends it.

    Args:
        name: for messages.
        command: the program and its arguments; it is to use `serving.serve`.
        environment: variables set besides this process's own.
        timeout: seconds that it may take to get ready, and for each answer.

    Raises:
        ChildProcessError: when it is started or asked, if the process has died, with the end of what it said, or if it
            takes too long.

    Example:
        >>> source = "import sys; from gradschool.zoo.bench.serving import serve; "
        >>> source += "serve(sys.stdin, sys.stdout, {'double': lambda x: {'y': 2 * x}}, {'ready': True})"
        >>> with Contender("a clerk", [sys.executable, "-c", source]) as clerk:
        ...     clerk.ask("double", x=4)
        {'y': 8}
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: dict[str, str] | None = None,
        timeout: float | None = None,
    ):
        self.name = name
        self.command = command
        self.environment = environment or {}
        self.timeout = timeout
        self.ready: dict[str, Any] = {}
        self.started_at = 0.0  # seconds since 1970, which two processes agree on

    def __enter__(self) -> "Contender":
        self._said = tempfile.TemporaryFile()  # a pipe that nobody empties would fill up
        self.started_at = time.time()
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **self.environment},  # finds what we find
        )
        try:
            self.ready = self._listen()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it may be at work, and holds nothing worth keeping
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # the rest of a request to a process that is gone
                    continue

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Has one thing done, and waits for the answer."""
        requests = cast(IO[str], self._process.stdin)
        try:
            requests.write(json.dumps({"do": do, **arguments}) + "\n")
            requests.flush()
        except BrokenPipeError:
            raise self._died() from None
        return self._listen()

    def _listen(self) -> dict[str, Any]:
        late = threading.Event()

        def give_up():
            late.set()
            self._process.kill()

        timer = None if self.timeout is None else threading.Timer(self.timeout, give_up)
        if timer is not None:
            timer.daemon = True
            timer.start()
        line = cast(IO[str], self._process.stdout).readline()
        if timer is not None:
            timer.cancel()
        if line.endswith("\n"):
            return json.loads(line)
        if late.is_set():
            raise ChildProcessError(
                f"{self.name} took longer than {self.timeout:g} seconds and was ended: allow it more time, or less work"
            )
        raise self._died()

    def _died(self) -> ChildProcessError:
        status = self._process.wait()
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        self._said.seek(0)
        last_words = self._said.read().decode(errors="replace").strip().splitlines()[-_TAIL:]
        return ChildProcessError("\n  ".join([f"{self.name} {how}:", *(last_words or ["no message"])]))
