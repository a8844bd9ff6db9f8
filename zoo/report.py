"""A run folder on one page, made from the files that lie in it; neither Keras nor TensorFlow is needed for that."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any

from ..callbacks.csv_tables import csv_rows, csv_text
from ..callbacks.report import curves_section, findings_section, last_figures
from ..callbacks.reporting.page import Picture, Report, Section, Table, write_page
from .files import can_resume, read_run_json
from .tables import show_figure
from .watching import CLIPPING, WATCHES

# Pictures of a finished run (`pictures/run.py`), and what they show. The curves are drawn anew.
PICTURES = {
    "confusion": "Which class was taken for which",
    "mistakes": "The worst mistakes",
    "generated": "Images that the model made up",
    "reconstructions": "Images, and what came back of them",
    "codes": "Codes of the test images",
    "first_layer": "Weights of the first layer",
    "forecast": "Forecast beside what came",
    "boundary": "Where the answer changes",
}
# What to do about a damaged file.
AS_WRITTEN = "Put it back as the fit has written it, or train anew."
LEAVE_OUT = "Put it right, or take it away to have a report without it."
ENDINGS = {
    "running": "This run was still going when the page was made, or was killed; --resume goes on with it.",
    "interrupted": "Ctrl-C ended this run before its last epoch; --resume goes on with it.",
}
TOO_EARLY = "Ctrl-C ended this run before its first checkpoint; --overwrite trains it anew."


@dataclass(frozen=True)
class WrittenReport:
    """A report that was written.

    Args:
        path: the file.
        sections: the headings in it.
    """

    path: Path
    sections: list[str]


def report_run(run: Path | str, out: Path | str | None = None) -> WrittenReport:
    """Writes the report of a run, finished or not, or of a repetition over seeds or folds.

    Args:
        run: its folder.
        out: the file to write; `report.html` in that folder by default.

    Raises:
        ValueError: if that is no run folder, or a file in it is damaged.
        OSError: if the file cannot be written.
    """
    run = Path(run)
    config = _config(run)
    if "comparison" in config:
        raise ValueError(f"{run} holds a comparison of optimizers, with a page of its own, {run / 'report.html'}.")
    if "gradschool" not in config or "recipe" not in config:
        raise ValueError(f"{run} is not a run folder of gradschool: its config.json was not written by a fit.")
    _check_config(run / "config.json", config)
    report = _of_repetition(run, config) if config.get("runs") else _of_run(run, config)
    path = write_page(report, out or run / "report.html")
    return WrittenReport(path, [section.title for section in report.sections])


# === One run ===
def _of_run(run: Path, config: Mapping[str, Any]) -> Report:
    metrics, history = _metrics(run), _history(run)
    recipe = config["recipe"]
    sections = [
        *_findings({"": run}),
        *curves_section({"": history}),
        *_results(run, metrics),
        *_measured({"": run}),
        _settings(config),
    ]
    samples = config.get("data", {}).get("samples", {}).get("train")
    told = [f"{samples:,} training samples" if samples else "", f"{len(history)} of {recipe['epochs']} epochs"]
    told += [f"{config['seconds']} s" if config.get("seconds") else "", _fold(config.get("fold"))]
    figures = {
        f"{part} {name}".replace("_", " "): show_figure(name, metrics[part][name])
        for part in ("test", "validation")
        for name in (*recipe["metrics"], "loss")
        if name in metrics.get(part, {})
    }
    return Report(
        f"{recipe['model']} on {recipe['data']}",
        sections,
        subtitle=", ".join(filter(None, told)),
        figures=figures or last_figures(history),
        **_ending(config, TOO_EARLY if config.get("status") == "interrupted" and not can_resume(run) else ""),
    )


def _results(run: Path, metrics: Mapping[str, Any]) -> Iterator[Section]:
    pictures = [picture for name, words in PICTURES.items() if (picture := _picture(run, name, words))]
    parts = {part: figures for part in ("test", "validation", "test_in_units") if (figures := metrics.get(part))}
    if pictures or parts:
        rows = [{"part": part.replace("_", " "), **figures} for part, figures in parts.items()]
        yield Section("Results", pictures=pictures, table=Table(csv_text(rows), "results.csv") if rows else None)


# === Several ===
def _of_repetition(run: Path, config: Mapping[str, Any]) -> Report:
    metrics, recipe = _metrics(run), config["recipe"]
    runs = {name: run / name for name in config["runs"]}
    begun = {name: folder for name, folder in runs.items() if (folder / "config.json").is_file()}
    sections = [
        *_findings(begun),
        Section("Runs", table=Table(csv_text(_runs_rows(begun, metrics)), "runs.csv")),
        *curves_section({name: _history(folder) for name, folder in begun.items()}),
        *_measured(begun),
        _settings(config),
    ]
    mean, spread = metrics.get("test", {}), metrics.get("spread", {})
    figures = {
        f"test {name}, mean and spread".replace("_", " "): f"{show_figure(name, mean[name])} ± "
        f"{show_figure(name, spread[name])}"
        for name in (*recipe["metrics"], "loss")
        if name in mean
    }
    done = sum((folder / "metrics.json").is_file() for folder in begun.values())
    return Report(
        f"{recipe['model']} on {recipe['data']}, {len(runs)} times",
        sections,
        subtitle=f"{done} of {len(runs)} runs of {recipe['epochs']} epochs; gradschool report {run}/{next(iter(runs))} "
        "shows more of one",
        figures=figures,
        **_ending(config),
    )


def _runs_rows(begun: Mapping[str, Path], metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The test figures of each run, and how it ended; below them the mean and the spread."""
    rows: list[dict[str, Any]] = []
    for name, folder in begun.items():
        status = _config(folder).get("status")
        rows.append({"run": name, "status": status, **_metrics(folder).get("test", {})})
    summary = {"mean": metrics.get("test"), "sample standard deviation": metrics.get("spread")}
    return rows + [{"run": name, **figures} for name, figures in summary.items() if figures]


# === Parts of both ===
def _findings(runs: Mapping[str, Path]) -> Iterator[Section]:
    """What the doctor found in each run, if it was there."""
    if not any("doctor" in (_config(folder).get("watch") or ()) for folder in runs.values()):
        return
    stem, title = WATCHES["doctor"].stem, WATCHES["doctor"].title
    rows = [{"run": name, **row} if name else row for name, folder in runs.items() for row in _found(folder, stem)]
    pictures = [_picture(folder, stem, "What was found when") for folder in runs.values() if len(runs) == 1]
    if not any((folder / f"{stem}.csv").is_file() for folder in runs.values()):
        yield Section(title, "Its findings have not been written yet.")
    elif not rows and not any(_table(folder, "history") for folder in runs.values()):
        yield Section(title, "No epoch came to its end, so there was nothing for it to look at.")
    else:
        yield findings_section(rows, [one for one in pictures if one])


def _measured(runs: Mapping[str, Path]) -> Iterator[Section]:
    """What the callbacks measured, a section each, with the picture of each run."""
    for watch in (WATCHES["gradients"], WATCHES["dead-units"], CLIPPING):
        tables = {name: rows for name, folder in runs.items() if (rows := _table(folder, watch.stem))}
        if tables:
            rows = [{"run": name, **row} if name else row for name, table in tables.items() for row in table]
            pictures = [_picture(folder, watch.stem, watch.title, name) for name, folder in runs.items()]
            table = Table(csv_text(rows), f"{watch.stem}.csv")
            yield Section(watch.title, pictures=[one for one in pictures if one], table=table)


def _settings(config: Mapping[str, Any]) -> Section:
    recipe = {key.replace("_", " "): value for key, value in config["recipe"].items() if value not in ({}, [], None)}
    versions = {"gradschool": config["gradschool"], **config.get("versions", {})}
    told = {"strategy": config.get("strategy"), "engine": config.get("engine"), "versions": versions}
    facts = {**recipe, **{name: value for name, value in told.items() if value}}
    return Section("Settings and versions", facts=facts, command=config.get("command") or "")


def _ending(config: Mapping[str, Any], otherwise: str = "") -> dict[str, str]:
    """How a run ended, and why: the reason that it noted itself, or `otherwise`, or what its status means."""
    status = str(config.get("status", ""))
    return {"status": status, "reason": str(config.get("reason") or otherwise or ENDINGS.get(status, ""))}


def _fold(fold: Sequence[int] | None) -> str:
    return f"fold {fold[0] + 1} of {fold[1]}" if fold else ""


# === Files of a run folder ===
def _config(run: Path) -> dict[str, Any]:
    return read_run_json(run, "config.json")


def _check_config(path: Path, config: Mapping[str, Any]) -> None:
    recipe, runs = config["recipe"], config.get("runs")
    kinds: dict[str, type | UnionType] = {"model": str, "data": str, "epochs": int, "metrics": list | tuple}
    for key, kind in kinds.items():
        if not isinstance(recipe, dict) or not isinstance(recipe.get(key), kind):
            raise _damaged(path, f"its recipe has no {key}", AS_WRITTEN)
    for key in ("data", "versions"):
        if not isinstance(config.get(key, {}), dict):
            raise _damaged(path, f"{key} is {config[key]!r}", AS_WRITTEN)
    if runs is not None and not (isinstance(runs, list) and all(isinstance(one, str) for one in runs)):
        raise _damaged(path, f"runs is {runs!r}", AS_WRITTEN)


def _metrics(run: Path) -> dict[str, Any]:
    path = run / "metrics.json"
    metrics = read_run_json(run, path.name) if path.is_file() else {}
    for part in ("test", "validation", "test_in_units", "spread"):
        figures = metrics.get(part) or {}
        if not isinstance(figures, dict):
            raise _damaged(path, f"{part} is {figures!r}", LEAVE_OUT)
        for name, one in figures.items():
            if name != "unit" and (isinstance(one, bool) or not isinstance(one, int | float | None)):
                raise _damaged(path, f"{part} has {one!r} for {name}", LEAVE_OUT)
    return {part: figures for part, figures in metrics.items() if figures is not None}


def _history(run: Path) -> list[dict[str, Any]]:
    """The figures of every epoch; one may lack some of them."""
    rows = _table(run, "history", ("epoch",))
    for number, row in enumerate(rows, start=1):
        for name, value in row.items():
            if isinstance(value, str | bool):
                raise _damaged(run / "history.csv", f"{name} is {value!r} in row {number}", LEAVE_OUT)
    return rows


def _found(run: Path, stem: str) -> list[dict[str, Any]]:
    return _table(run, stem, ("epoch", "condition"))


def _table(run: Path, stem: str, needed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The rows of a table, none if it is not there; each has a value in the `needed` columns."""
    path = run / f"{stem}.csv"
    if not path.is_file():
        return []
    try:
        rows = csv_rows(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, str(error), LEAVE_OUT) from error
    for number, row in enumerate(rows, start=1):
        for name in needed:
            if row.get(name) is None or (name == "epoch" and type(row[name]) is not int):
                raise _damaged(path, f"row {number} has {row.get(name)!r} for {name}", LEAVE_OUT)
    return rows


def _damaged(path: Path, what: str, remedy: str) -> ValueError:
    return ValueError(f"{path} cannot be read: {what}. {remedy}")


def _picture(run: Path, name: str, words: str, caption: str = "") -> Picture | None:
    path = run / f"{name}.png"
    return Picture.of_png(path, words, caption) if path.is_file() else None
