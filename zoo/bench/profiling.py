"""Where the time of a training step goes: TensorFlow's own profiler, summed up by kind of operation."""

import collections
import re
import tempfile
from pathlib import Path
from typing import Any

from .cases import BenchCase
from .keras_contender import KerasContender

_OPERATION = re.compile(r"[^:]+:(?:_Mkl(?:Native)?)?_?([A-Za-z]\w*)")  # name:Kind; oneDNN's kinds begin with _Mkl


def profile(case: BenchCase) -> dict[str, Any]:
    """Profiles one epoch of the engine's training on TensorFlow, after two that compile and warm up.

    A loop that XLA has compiled is a single operation to the profiler.

    Args:
        case: the model and its samples.

    Returns:
        A dict that is JSON: `model`, `steps`, and `operations`, each with its `kind`, its `ms_per_step` and its
        `calls_per_step`, the longest first. Operations that run at the same time are counted each.
    """
    import tensorflow as tf

    contender = KerasContender(case)
    contender.train(2)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        contender.train(1)
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        seconds, calls = _by_kind(file)
    operations = [
        {"kind": kind, "ms_per_step": 1e3 * value / case.steps, "calls_per_step": calls[kind] / case.steps}
        for kind, value in seconds.most_common()
    ]
    return {"model": case.model, "steps": case.steps, "operations": operations}


def _by_kind(file: Path) -> tuple[collections.Counter, collections.Counter]:
    """Seconds and calls of each kind of operation in what the profiler wrote."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(file.read_bytes())
    seconds: collections.Counter = collections.Counter()
    calls: collections.Counter = collections.Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                operation = _OPERATION.fullmatch(plane.event_metadata[event.metadata_id].name)
                if operation:
                    seconds[operation[1]] += event.duration_ps / 1e12
                    calls[operation[1]] += 1
    return seconds, calls
