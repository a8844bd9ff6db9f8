"""Programs of this folder, which have devices of their own, and what they print."""

import json
import subprocess
import sys
from typing import Any

LAUNCH = ("-m", "gradschool", "launch", "--workers", "2", "--")  # two workers, both of which print


def run_program(file: str, *runs: str, launch: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    """What a program that is given `WAY:REPLICAS` words has printed of each: pairs of the word and the results."""
    command = [sys.executable, *launch, file, *runs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line[line.index("{") :]) for line in done.stdout.splitlines() if '{"run": ' in line]
    return [(line["run"], line["results"]) for line in lines]
