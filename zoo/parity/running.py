"""Trains parity cases in each setting by processes of its own: TensorFlow's devices are fixed once it has started."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import lifeline
from ..engine.plain_data import read_plain
from ..launching import choose_ports
from ..worker_team import describe_exit

AT_ONCE = 2  # processes at a time: each takes two cores and most of a gigabyte
SMALL_CASES = "gradschool.zoo.parity.cases"
_LOOK_EVERY = 0.1  # seconds
_TAIL = 25  # lines of what a process that failed has said


@dataclass(frozen=True)
class Setting:
    """A strategy and how many take part.

    Args:
        strategy: "one", "mirrored" or "multiworker".
        count: of replicas in one process, or of workers.

    Example:
        >>> print(ONE_DEVICE, Setting("mirrored", 4), Setting("multiworker", 2), sep=", ")
        one device, 4 replicas, 2 workers
    """

    strategy: str
    count: int = 1

    def __str__(self) -> str:
        if self.strategy == "one":
            return "one device"
        return f"{self.count} {'replicas' if self.strategy == 'mirrored' else 'workers'}"

    @property
    def processes(self) -> int:
        """How many it takes."""
        return self.count if self.strategy == "multiworker" else 1


ONE_DEVICE = Setting("one")


def train_in_settings(
    settings: Iterable[Setting],
    names: Sequence[str] = (),
    module: str = SMALL_CASES,
    timeout: float = 900.0,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[Setting, dict[str, dict[str, Any]]]:
    """Trains cases in several settings, with CPU devices.

    Args:
        settings: which; the same random numbers and batches in all of them.
        names: of the cases; all by default.
        module: that holds the dict `CASES`; importable in a new process with this one's `sys.path`.
        timeout: seconds that one setting may take.
        tell: called with a line on what is going on.

    Returns:
        What `training.train` gave, by setting, case and precision.

    Raises:
        ChildProcessError: if a process dies or takes too long; with the end of what it said.
    """
    waiting, running = list(dict.fromkeys(settings)), dict[Setting, "_Team"]()
    results: dict[Setting, dict[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        while waiting or running:
            while waiting and (not running or waiting[0].processes + sum(one.processes for one in running) <= AT_ONCE):
                setting = waiting.pop(0)
                arguments = ["--cases", module, "--names", ",".join(names)]
                running[setting] = stack.enter_context(_Team(setting, arguments, Path(folder), timeout))
            tell("training on " + " and on ".join(map(str, running)))
            time.sleep(_LOOK_EVERY)
            for setting in [setting for setting, team in running.items() if team.has_ended()]:
                results[setting] = running.pop(setting).read()
    return results


class _Team:
    """The processes of one setting; they are gone when the block ends, or this process (`lifeline.py`)."""

    def __init__(self, setting: Setting, arguments: Sequence[str], folder: Path, timeout: float):
        self.setting, self.arguments, self.timeout = setting, arguments, timeout
        self.place = folder / str(setting).replace(" ", "_")
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> "_Team":
        self.place.mkdir()
        self.deadline = time.monotonic() + self.timeout
        guarded_end, self.lifeline = os.pipe()
        try:
            for number, variables in enumerate(_environments(self.setting)):
                with self._log(number).open("wb") as log:
                    process = subprocess.Popen(
                        [sys.executable, "-I", "-S", lifeline.__file__, str(guarded_end), *self._command()],
                        env=variables,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        pass_fds=[guarded_end],
                        start_new_session=True,
                    )
                self.processes.append(process)
        finally:
            os.close(guarded_end)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.lifeline)  # whoever is still at work is killed
        for process in self.processes:
            process.wait()

    def _command(self) -> list[str]:
        replicas = ["--replicas", str(self.setting.count)] if self.setting.strategy == "mirrored" else []
        program = [sys.executable, "-P", "-m", f"{__package__}.training", str(self.place / "results.npz")]
        return [*program, "--strategy", self.setting.strategy, *replicas, *self.arguments]

    def _log(self, number: int) -> Path:
        return self.place / f"{number}.log"

    def has_ended(self) -> bool:
        """Whether all processes have done their work.

        Raises:
            ChildProcessError: if one has died, or the time is up.
        """
        statuses = [process.poll() for process in self.processes]
        for number, status in enumerate(statuses):
            if status:
                raise self._failure(number, describe_exit(status))
        if None in statuses and time.monotonic() > self.deadline:
            raise self._failure(statuses.index(None), f"was not done after {self.timeout:.0f} s")
        return None not in statuses

    def _failure(self, number: int, how: str) -> ChildProcessError:
        who = f" (worker {number})" if self.setting.strategy == "multiworker" else ""
        said = self._log(number).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_TAIL:]
        return ChildProcessError(
            "\n  ".join([f"the parity run on {self.setting}{who} {how}. It said last:", *(said or ["nothing"])])
        )

    def read(self) -> dict[str, dict[str, Any]]:
        """What the processes have written."""
        return read_plain(self.place / "results.npz")


def _environments(setting: Setting) -> Iterator[dict[str, str]]:
    """The variables of each process of a setting."""
    ours = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    ours |= {"PYTHONPATH": os.pathsep.join(sys.path), "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    if setting.strategy != "multiworker":
        yield ours
        return
    cluster = {"worker": [f"localhost:{port}" for port in choose_ports(setting.count)]}
    for index in range(setting.count):
        yield ours | {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})}
