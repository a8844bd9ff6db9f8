"""A contender's end of the pipe: it sleeps until a request comes, and answers each with a line of JSON."""

import json
import os
import resource
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any


def take_over_stdout() -> IO[str]:
    """What was standard output, for answers alone: what a library prints goes to standard error from here on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def serve(
    requests: Iterable[str],
    answers: IO[str],
    actions: Mapping[str, Callable[..., dict[str, Any]]],
    ready: Mapping[str, Any],
) -> None:
    """Says that it is ready, then does what each request names; ends with the requests.

    Args:
        requests: lines of JSON such as `{"do": "run", "epochs": 2}`: an action and its arguments.
        answers: where a line of JSON goes after each.
        actions: what can be asked for; each gives its answer.
        ready: the first line.

    Example:
        >>> serve(['{"do": "double", "x": 4}'], sys.stdout, {"double": lambda x: {"y": 2 * x}}, {"ready": True})
        {"ready": true}
        {"y": 8}
    """
    print(json.dumps(ready), file=answers, flush=True)
    for line in requests:
        request = json.loads(line)
        answer = actions[request.pop("do")](**request)
        print(json.dumps(answer), file=answers, flush=True)


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes: programs, data and results."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage's figure outlives `exec`: it may be that of the process that started this one
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024
