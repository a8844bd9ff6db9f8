"""Starts the workers of a distributed training on this machine, and starts them again when one has died.

A worker is a process of its own. The workers wait for each other at every step, so when one dies the others are ended
too (worker_team.py); all can then be started again, to go on from their last checkpoint. None outlives the process
that launched it (lifeline.py).
"""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from .worker_team import WorkerTeam, say


def supervise(
    command: Callable[[int], Sequence[str]],
    workers: int,
    *,
    max_restarts: int = 0,
    port: int | None = None,
    log_dir: Path | None = None,
    bare_stdout: bool = False,
    grace: float = 5.0,
) -> int:
    """Runs a command in several workers until all have ended.

    Ctrl-C is passed on, so that the workers can keep what they have; a second one kills them. SIGTERM ends them.

    Args:
        command: gives the words to run from the number of restarts so far, 0 at first.
        workers: how many processes.
        max_restarts: how often all workers are started again after one has died.
        port: the first worker's; the others take the next ones. Free ones by default, others at every start.
        log_dir: a folder for worker-0.log, worker-1.log, ...: the same output, a file for each worker.
        bare_stdout: standard output is worker 0's alone and without its name; all else goes to standard error.
        grace: seconds from SIGTERM to SIGKILL when workers are ended.

    Returns:
        The exit status: 0; that of the first worker that died, or 1 if a signal killed it; 128 + N after signal N.

    Raises:
        ValueError: if a number is out of range or a port is taken.
        OSError: if `log_dir` cannot be written to.
    """
    if workers < 1:
        raise ValueError(f"--workers must be at least 1; got {workers}.")
    if max_restarts < 0:
        raise ValueError(f"--max-restarts must not be negative; got {max_restarts}.")
    with contextlib.ExitStack() as stack:
        signals = stack.enter_context(_noted(signal.SIGINT, signal.SIGTERM))
        logs = [stack.enter_context(_open_log(log_dir, index)) for index in range(workers)]
        for restarts in range(max_restarts + 1):
            ports, words = choose_ports(workers, port), command(restarts)
            if restarts:
                say(f"restart {restarts} of {max_restarts}")
            with WorkerTeam(signals, bare_stdout, grace) as team:
                for index, log in enumerate(logs):
                    team.start(index, words, ports, log)
                status = team.watch()
            if status == 0 or signals:
                break
    return status


def choose_ports(count: int, first: int | None = None) -> list[int]:
    """Different TCP ports of this machine that nobody listens on at the moment.

    Args:
        count: how many.
        first: the first of a row of them; any free ones by default.

    Raises:
        ValueError: if one is taken or there is no such port.
    """
    if first is not None and not 1 <= first <= 65536 - count:
        raise ValueError(f"--port must lie between 1 and {65536 - count} for {count} workers; got {first}.")
    with contextlib.ExitStack() as stack:  # all are held until the last is found, so that they differ
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for index, one in enumerate(sockets):
            wanted = 0 if first is None else first + index
            if wanted:  # a port whose last listener has gone may be taken over at once
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("", wanted))
            except OSError as error:
                reason = f"port {wanted} cannot be used ({error.strerror})"
                raise ValueError(f"--port {first}: {reason}; name another one, or none for free ones.") from error
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def _noted(*numbers: int) -> Iterator[list[int]]:
    """For the time of the block, these signals do nothing but enter a list, in their order."""
    received: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: received.append(number)) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open_log(folder: Path | None, index: int) -> IO[bytes]:
    if folder is None:
        return Path(os.devnull).open("wb", buffering=0)
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / f"worker-{index}.log").open("wb", buffering=0)
