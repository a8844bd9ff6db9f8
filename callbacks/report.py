"""`write_report`: a training run on one page, with everything that the callbacks measured."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .csv_tables import all_columns, csv_text
from .reporting.curves import curve_names, draw_curve
from .reporting.findings import merge_findings
from .reporting.page import Picture, Report, Section, Table, write_page

HEALTHY = "Nothing that the doctor looks for is wrong with this run."


def write_report(
    path: Path | str,
    callbacks: Any = (),
    history: Any = None,
    title: str = "Training report",
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Writes what callbacks and history hold as one HTML file that opens without a network.

    First comes what the `TrainingDoctor` found, if one among the callbacks has seen an epoch; then the learning curves,
    each callback's picture and figures (all of them can be saved from the page as CSV), settings and versions.

    Args:
        path: the file to write; one that is there is replaced.
        callbacks: of a fit, one or several. Others than this package's, such as Keras's own, have nothing to show and
            are passed over.
        history: that `model.fit` returned; by default that of the model which the callbacks were at.
        title: at the top of the page.
        settings: names and values to be told, beside what the model and its optimizer say themselves.

    Returns:
        The path of the file.

    Raises:
        ValueError: if nothing was measured yet.
        OSError: if the file cannot be written.

    Example:
        >>> import keras, numpy as np
        >>> from gradschool.callbacks import GradientClipping, write_report
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> clipping = GradientClipping(global_norm=1.0)
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, callbacks=[clipping], verbose=0)
        >>> write_report("report.html", callbacks=[clipping], history=history).name
        'report.html'
    """
    from .diagnostic import Diagnostic
    from .training_doctor import TrainingDoctor

    if isinstance(callbacks, Diagnostic):
        callbacks = [callbacks]
    if isinstance(callbacks, str) or not isinstance(callbacks, Iterable):
        raise ValueError(f"callbacks must be a list, such as [TrainingDoctor()]; got {callbacks!r}.")
    ours = [one for one in callbacks if isinstance(one, Diagnostic)]
    models = [model for one in ours if (model := getattr(one, "model", None)) is not None]
    if history is None and models:
        history = getattr(models[0], "history", None)
    epochs = history_rows(history) if history is not None else []
    doctors = [one for one in ours if isinstance(one, TrainingDoctor) and (one.epochs or one.rows)]
    measured = [one for one in ours if one.rows and not isinstance(one, TrainingDoctor)]
    if not (epochs or measured or doctors):
        raise ValueError(
            "there is nothing to report yet: pass history=, what model.fit returned, or callbacks= of this package "
            "that have taken part in a fit."
        )
    sections = [findings_section(one.rows, _pictures(one) if one.rows else ()) for one in doctors]
    sections += curves_section({"": epochs}, _of_what_is_left_out(history))
    sections += [_section_of(one, with_findings=not doctors) for one in measured]
    sections.append(Section("Settings and versions", facts=_facts(models) | dict(settings or {})))
    return write_page(Report(title, sections, figures=last_figures(epochs)), path)


# === Sections ===
def findings_section(rows: Iterable[Mapping[str, Any]], pictures: Sequence[Picture] = ()) -> Section:
    """What the doctor found, or that it found nothing."""
    found = merge_findings(rows)
    return Section("What the doctor found", findings=found, fine="" if found else HEALTHY, pictures=pictures)


def curves_section(histories: Mapping[str, Sequence[Mapping[str, Any]]], text: str = "") -> Iterator[Section]:
    """How the loss and the metrics went, a picture each, with the whole history; nothing without an epoch.

    Args:
        histories: of each run, by its name, one row per epoch with `epoch` and figures; the name does not matter if
            there is only one run.
        text: below the heading.
    """
    histories = {run: rows for run, rows in histories.items() if rows}
    if not histories:
        return
    every = list(histories.values())
    names = curve_names(all_columns([rows[0] for rows in every]))
    changes = any(len({row.get("learning_rate") for row in rows}) > 1 for rows in every)
    pictures = [_curve(every, name) for name in (*names, *(["learning_rate"] if changes else []))]
    table = every[0] if len(every) == 1 else [{"run": run, **row} for run, rows in histories.items() for row in rows]
    shown = ["run", "epoch", *(f"{part}{name}" for name in names for part in ("", "val_")), "learning_rate"]
    yield Section("Learning curves", text, pictures=pictures, table=Table(csv_text(table), "history.csv", shown))


def _curve(histories: Sequence[Sequence[Mapping[str, Any]]], name: str) -> Picture:
    from .pictures import new_figure

    figure = new_figure(3.6, 2.7)
    draw_curve(figure.subplots(), histories, name)
    return Picture.of_figure(figure, f"{name} by epoch")


def _section_of(callback: Any, with_findings: bool) -> Section:
    """A callback's picture and figures; also what it found, where no doctor tells it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(callback).__name__).capitalize()
    table = Table(callback.results.to_csv(index=False), f"{words.lower().replace(' ', '_')}.csv")
    found = merge_findings(getattr(callback, "findings", ())) if with_findings else []
    return Section(words, callback.remark, findings=found, pictures=_pictures(callback), table=table)


def _pictures(callback: Any) -> list[Picture]:
    """A callback's picture, if it draws one."""
    from .diagnostic import Diagnostic

    name = type(callback).__name__
    return [] if type(callback).plot is Diagnostic.plot else [Picture.of_figure(callback.plot(), name)]


# === Figures ===
def history_rows(history: Any) -> list[dict[str, Any]]:
    """Keras's `History`, or the dict in it, as one row per epoch of the last fit.

    A figure that some epochs lack, as with `validation_freq`, is left out: the history does not say which these are.
    So is a metric of several figures, such as one for each class.

    Example:
        >>> history_rows({"loss": [0.5, 0.4], "val_loss": [0.6]})
        [{'epoch': 1, 'loss': 0.5}, {'epoch': 2, 'loss': 0.4}]
    """
    values = _columns(history)
    count = max(map(len, values.values()), default=0)
    numbers = getattr(history, "epoch", range(count))
    left_out = {*_incomplete(values), *_of_several_figures(values)}
    whole = {name: column[count - len(numbers) :] for name, column in values.items() if name not in left_out}
    return [
        {"epoch": number + 1, **{name: float(column[place]) for name, column in whole.items()}}
        for place, number in enumerate(numbers)
    ]


def _columns(history: Any) -> Mapping[str, Sequence[Any]]:
    values = history if isinstance(history, Mapping) else getattr(history, "history", None)
    if not isinstance(values, Mapping):
        raise ValueError(f"history must be what model.fit returned; got {history!r}.")
    return values


def _incomplete(values: Mapping[str, Sequence[Any]]) -> list[str]:
    count = max(map(len, values.values()), default=0)
    return [name for name, column in values.items() if len(column) < count]


def _of_several_figures(values: Mapping[str, Sequence[Any]]) -> list[str]:
    import numpy as np

    return [name for name, column in values.items() if any(map(np.ndim, column))]


def _of_what_is_left_out(history: Any) -> str:
    """Sentences on the figures of a history that a page does not show."""
    values = {} if history is None else _columns(history)
    reasons = {
        "not measured in every epoch, and the history does not tell in which": _incomplete(values),
        "not one figure but several": _of_several_figures(values),
    }
    return " ".join(f"Not shown: {', '.join(names)} ({why})." for why, names in reasons.items() if names)


def last_figures(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The loss and the metrics of the last epoch, as a page shows them in large type."""
    if not rows:
        return {}
    last = rows[-1]
    names = curve_names(last)[:3]
    there = [before + name for name in names for before in ("", "val_") if last.get(before + name) is not None]
    wanted = ["epoch", *there]
    return {name.replace("val_", "validation ").replace("_", " "): f"{last[name]:.4g}" for name in wanted}


def _facts(models: Sequence[Any]) -> dict[str, Any]:
    """What the model and its optimizer say of themselves, and the versions they run on."""
    import platform

    import keras

    from .. import __version__

    facts: dict[str, Any] = {}
    if models:
        model, optimizer = models[0], getattr(models[0], "optimizer", None)
        parameters = f", {model.count_params():,} parameters" if model.built else ""
        facts |= {"model": f"{model.name} ({type(model).__name__}){parameters}"}
        facts |= {"optimizer": type(optimizer).__name__} if optimizer is not None else {}
        facts |= {"dtype policy": model.dtype_policy.name}
    versions = {"gradschool": __version__, "Keras": keras.__version__, "Python": platform.python_version()}
    return {**facts, "back end": keras.backend.backend(), **versions}
