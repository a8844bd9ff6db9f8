"""What `gradschool fit --watch NAME` and `--clip RULE=LIMIT` stand for, and the files that come of it.

--watch gradients    GradientMonitor    gradients.csv, gradients.png
--watch dead-units   DeadUnitTracker    dead_units.csv, dead_units.png
--watch doctor       TrainingDoctor     findings.csv, findings.png if there are any
--clip               GradientClipping   clipping.csv, clipping.png
"""

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import unknown_name


@dataclass(frozen=True)
class Watch:
    """A callback of `gradschool.callbacks` in a run folder.

    Args:
        callback: its name.
        stem: of its files.
        title: of its part of the report.
        arguments: it is made with.
    """

    callback: str
    stem: str
    title: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


WATCHES = {
    "gradients": Watch("GradientMonitor", "gradients", "Gradients by layer", {"every": 10}),
    "dead-units": Watch("DeadUnitTracker", "dead_units", "Dead and saturated units"),
    "doctor": Watch("TrainingDoctor", "findings", "What the doctor found", {"verbose": 0}),
}
CLIPPING = Watch("GradientClipping", "clipping", "Clipping")
ALL = "all"
SAMPLES = 1024  # that the doctor looks at
STEMS = tuple(watch.stem for watch in (*WATCHES.values(), CLIPPING))


def check_watch(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once.

    Raises:
        ValueError: for one that stands for nothing.

    Example:
        >>> check_watch(["doctor", "gradients", "doctor"])
        ('doctor', 'gradients')
    """
    for name in names:
        if name not in (*WATCHES, ALL):
            raise unknown_name("--watch", name, (*WATCHES, ALL))
    return tuple(dict.fromkeys(names))


def choose_watch(names: Sequence[str], model) -> tuple[str, ...]:
    """The names, with all that suit the model in place of `all`.

    Args:
        names: from `check_watch`.
        model: built.

    Raises:
        ValueError: if dead units are asked for by name, and no layer can have any.
    """
    if not names:
        return ()
    from ..callbacks.keras_internals import layer_tree
    from ..callbacks.units.layers import find_unit_layers
    from ..callbacks.units.selection import nothing_to_track

    seen = find_unit_layers(layer_tree(model), {})
    if not seen.layers and "dead-units" in names:
        raise ValueError(f"--watch dead-units: {nothing_to_track(model.name, seen)}")
    every = [name for name in WATCHES if seen.layers or name != "dead-units"]
    return tuple(dict.fromkeys(one for name in names for one in (every if name == ALL else (name,))))


def make_callbacks(watch: Sequence[str], clip: Mapping[str, Any], model, data=None) -> dict[str, Any]:
    """The callbacks, ready for a fit, by the stem of their files.

    Args:
        watch: names of `WATCHES`.
        clip: arguments of `GradientClipping`; none for no clipping.
        model: to be trained; built.
        data: `LoadedData`, for the doctor to look at.

    Raises:
        ValueError: for arguments that clip nothing, or name no layer of the model.
    """
    from .. import callbacks

    made = {}
    if clip:
        known = inspect.signature(callbacks.GradientClipping).parameters
        for name in clip:
            if name not in known:
                raise unknown_name("rule or argument of --clip", name, known)
        window = clip.get("window")
        if window is not None and (isinstance(window, bool) or not isinstance(window, int)):
            raise ValueError(f"--clip window must be a number of updates, such as window=100; got {window!r}.")
        try:
            made[CLIPPING.stem] = clipping = callbacks.GradientClipping(**clip)
            clipping.excluded_layers(model)  # said before a folder is made
        except (TypeError, ValueError) as error:
            raise ValueError(f"--clip: {error}") from error
    for name in watch:
        arguments = dict(WATCHES[name].arguments)
        if name == "doctor" and data is not None:
            arguments["batches"] = iter([data.some("train", SAMPLES)])  # looked at once: not kept in checkpoints
        made[WATCHES[name].stem] = getattr(callbacks, WATCHES[name].callback)(**arguments)
    return made


@contextlib.contextmanager
def results_written(folder, callbacks: Mapping[str, Any]) -> Iterator[None]:
    """Writes what the callbacks have measured when the block ends, however it does.

    Args:
        folder: a `RunFolder`.
        callbacks: from `make_callbacks`.
    """
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):  # such as a full disk; what went wrong in the block counts
            write_results(folder, callbacks)
        raise
    write_results(folder, callbacks)


def write_results(folder, callbacks: Mapping[str, Any], pictures: bool = True) -> None:
    """A table for each callback, and a picture of what there is to draw."""
    for stem, callback in callbacks.items():
        if callback.rows or stem == "findings":
            folder.write_table(f"{stem}.csv", callback.results.to_csv(index=False))
        if callback.rows and pictures:
            folder.write_picture(stem, callback.plot())
