"""A whole measurement: a process for each number of replicas, one after the other, and the file that keeps it."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import __version__
from ..bench.cases import CASES
from ..bench.load import cores
from ..errors import unknown_name

TIMEOUT = 900.0  # seconds for one number of replicas
_TAIL = 12  # lines of a dead process's standard error
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
        timeout: seconds for one number of replicas.
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
    found = []
    for count in replicas:
        tell(f"{model}: measuring {_replicas(count)}")
        wanted = ["--model", model, "--replicas", str(count), "--rounds", str(rounds), "--seconds", str(seconds)]
        found.append(_run(program, [*wanted, "--batch", *map(str, batches)], count, timeout))
    others = [one["others"] for one in found if one["others"] is not None]
    return {
        "gradschool": __version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cores": cores()},
        "model": model,
        "device": found[0]["device"],
        "shares_cores": found[0]["device"] == "CPU",
        "gradient_bytes": found[0]["gradient_bytes"],
        "tensors": found[0]["tensors"],
        "others": max(others) if others else None,
        **{
            kind: [{"replicas": one["replicas"], **setting} for one in found for setting in one[kind]]
            for kind in ("steps", "all_reduces")
        },
    }


def _run(program: Sequence[str], arguments: Sequence[str], replicas: int, timeout: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "measured.json"
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "KERAS_BACKEND": "tensorflow"}  # finds what we find
        try:
            done = subprocess.run(
                [*program, str(out), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, **environment},
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise ChildProcessError(
                f"measuring {_replicas(replicas)} took longer than {timeout:g} seconds and was ended; "
                "choose fewer or smaller --batches, or a longer --timeout."
            ) from None
        if done.returncode or not out.exists():
            status = done.returncode
            how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
            last_words = done.stderr.decode(errors="replace").strip().splitlines()[-_TAIL:]
            raise ChildProcessError(
                "\n  ".join([f"measuring {_replicas(replicas)} {how}:", *(last_words or ["no message"])])
            )
        return json.loads(out.read_text(encoding="utf-8"))


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
