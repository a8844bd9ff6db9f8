"""How busy the machine was with other programs: what they take, a measurement does not get."""

import os
import time
from collections.abc import Callable
from pathlib import Path

BUSY = 0.05  # share of the machine that others may use before what was measured meanwhile is doubted
_STAT = Path("/proc/stat")
_SHORTEST = 0.2  # seconds; the system counts in hundredths


def busy_seconds() -> float | None:
    """Seconds of work of all cores together since the machine started; None where the system does not say."""
    if not _STAT.exists():
        return None
    user, nice, system, _idle, _waiting, *rest = map(int, _STAT.read_text().splitlines()[0].split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def watch_others() -> Callable[[float], float | None]:
    """Starts to watch; the function that it gives ends that.

    Returns:
        A function from the processor seconds that the measured process itself used meanwhile to the share of the
        machine's cores that others used, about 0 on an idle machine; None where the system does not say, or for too
        short a time.
    """
    busy, start = busy_seconds(), time.perf_counter()

    def share(own: float) -> float | None:
        elapsed = time.perf_counter() - start
        if busy is None or elapsed < _SHORTEST:
            return None
        return max(0.0, (busy_seconds() or 0.0) - busy - own) / (elapsed * (os.cpu_count() or 1))

    return share
