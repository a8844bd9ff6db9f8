"""A whole measurement: a process for each number of replicas, which take turns, and the file that keeps it."""

import json
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ... import __version__
from ..bench.cases import CASES
from ..bench.figures import spread
from ..bench.load import cores
from ..bench.process import Contender
from ..errors import unknown_name

TIMEOUT = 300.0  # seconds for one turn
_TENSORFLOW = {"KERAS_BACKEND": "tensorflow"}
_KEYS = {"model", "shares_cores", "gradient_bytes", "tensors", "steps", "all_reduces"}


def measure_scaling(
    model: str,
    replicas: Sequence[int],
    batches: Sequence[int],
    rounds: int = 5,
    seconds: float = 0.3,
    timeout: float = TIMEOUT,
    tell: Callable[[str], None] = lambda _: None,
    program: Sequence[str] = (sys.executable, "-P", "-m", f"{__package__}.measuring"),
) -> dict[str, Any]:
    """Measures training steps and all-reduces on several numbers of replicas.

    Args:
        model: one that `gradschool bench` has samples for.
        replicas: numbers of them: GPUs, or logical CPU devices on a machine without one.
        batches: global batch sizes.
        rounds: turns that each setting takes.
        seconds: that a turn lasts, roughly.
        timeout: seconds that one number of replicas may take to get ready, and for a turn.
        tell: called with a line on what is going on.
        program: what to start, in place of `measuring.py`.

    Returns:
        A dict that is JSON: `model`, `machine`, `device`, `shares_cores` (whether the replicas share the machine's
        cores), `gradient_bytes`, `tensors`, `others` (the largest share of the machine that other programs used),
        and `steps` and `all_reduces`, one dict for each setting, with `seconds`, `quartiles` and `turns`.

    Raises:
        ValueError: if there is no such model, if a batch has fewer samples than there are replicas, or if the settings
            are too few.
        ChildProcessError: if a process fails, or takes too long.
    """
    _check(model, replicas, batches, rounds)
    if not timeout > 0:
        raise ValueError(f"--timeout must be positive; got {timeout:g}.")
    with ExitStack() as stack:
        processes = {}
        for count in replicas:
            tell(f"{model}: starting {_replicas(count)}")
            wanted = ["--model", model, "--replicas", str(count), "--batch", *map(str, batches)]
            process = Contender(f"measuring {_replicas(count)}", [*program, *wanted], _TENSORFLOW, timeout)
            processes[count] = stack.enter_context(process)
        turns: dict[int, list[dict[str, Any]]] = {count: [] for count in replicas}
        for number in range(rounds):
            for count, process in processes.items():
                tell(f"{model}: round {number + 1} of {rounds}, {_replicas(count)}")
                turns[count].append(process.ask("turn", seconds=seconds))
        facts = [process.ready for process in processes.values()]
    others = [turn["others"] for taken in turns.values() for turn in taken if turn["others"] is not None]
    return {
        "gradschool": __version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cores": cores()},
        "model": model,
        "device": facts[0]["device"],
        "shares_cores": facts[0]["device"] == "CPU",
        "gradient_bytes": facts[0]["gradient_bytes"],
        "tensors": facts[0]["tensors"],
        "others": max(others) if others else None,
        "steps": _settings(turns, "steps", "batch"),
        "all_reduces": _settings(turns, "all_reduces", "bytes"),
    }


def _check(model: str, replicas: Sequence[int], batches: Sequence[int], rounds: int) -> None:
    if model not in CASES:
        raise unknown_name("model to scale", model, CASES)
    if min(batches) < max(replicas):
        raise ValueError(
            f"a batch of {min(batches)} leaves some of {max(replicas)} replicas without a sample; "
            "choose larger --batches, or fewer --replicas."
        )
    if len(replicas) * len(batches) < 2:
        raise ValueError("one setting cannot tell the cost of a step from that of a sample; give a second batch size.")
    if rounds < 1:
        raise ValueError(f"--rounds must be at least 1; got {rounds}.")


def _settings(turns: Mapping[int, Sequence[Mapping[str, Any]]], kind: str, key: str) -> list[dict[str, Any]]:
    """One dict for each setting, over all turns: median and quartiles of its seconds."""
    found: dict[tuple[int, int], list[float]] = {}
    for count, taken in turns.items():
        for turn in taken:
            for size, times in turn[kind]:
                found.setdefault((count, size), []).extend(times)
    settings = []
    for (count, size), times in found.items():
        middle = spread(times)
        figures = {"seconds": middle["median"], "quartiles": middle["quartiles"], "turns": len(times)}
        settings.append({"replicas": count, key: size, **figures})
    return settings


def _replicas(count: int) -> str:
    return "1 replica" if count == 1 else f"{count} replicas"


def load_measurement(path: Path) -> dict[str, Any]:
    """The measurement in a file that `gradschool scale --out` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is another kind of file.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON ({error}); name a file that `gradschool scale --out` wrote.") from error
    measurement = report.get("measurement") if isinstance(report, Mapping) else None
    if not isinstance(measurement, Mapping) or not measurement.keys() >= _KEYS:
        raise ValueError(f"{path} holds no measurement; name a file that `gradschool scale --out` wrote.")
    return dict(measurement)
