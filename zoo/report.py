"""A run folder on one page, made from the files that lie in it; neither Keras nor TensorFlow is needed for that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..callbacks.csv_tables import csv_rows, csv_text
from ..callbacks.report import curves_section, findings_section, last_figures
from ..callbacks.reporting.page import Picture, Report, Section, Table, write_page
from .files import read_run_json
from .tables import show_figure
from .watching import CLIPPING, WATCHES

# Pictures of a finished run (`pictures/run.py`), and what they show. The curves are drawn anew.
PICTURES = {
    "confusion": "Which class was taken for which",
    "mistakes": "The worst mistakes",
    "first_layer": "Weights of the first layer",
    "forecast": "Forecast beside what came",
    "boundary": "Where the answer changes",
}
ENDINGS = {
    "running": "This run was still going when the page was made, or was killed; --resume goes on with it.",
    "interrupted": "Ctrl-C ended this run before its last epoch; --resume goes on with it.",
}


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
        ValueError: if that is no run folder.
        OSError: if the file cannot be written.
    """
    run = Path(run)
    config = _config(run)
    if "comparison" in config:
        raise ValueError(f"{run} holds a comparison of optimizers, with a page of its own, {run / 'report.html'}.")
    if "gradschool" not in config or "recipe" not in config:
        raise ValueError(f"{run} is not a run folder of gradschool: its config.json was not written by a fit.")
    report = _of_repetition(run, config) if config.get("runs") else _of_run(run, config)
    path = write_page(report, out or run / "report.html")
    return WrittenReport(path, [section.title for section in report.sections])


# === One run ===
def _of_run(run: Path, config: Mapping[str, Any]) -> Report:
    metrics, history = _metrics(run), _table(run, "history")
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
        **_ending(config),
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
        *curves_section({name: _table(folder, "history") for name, folder in begun.items()}),
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
    if not any("doctor" in _config(folder).get("watch", ()) for folder in runs.values()):
        return
    stem, title = WATCHES["doctor"].stem, WATCHES["doctor"].title
    rows = [{"run": name, **row} if name else row for name, folder in runs.items() for row in _table(folder, stem)]
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


def _ending(config: Mapping[str, Any]) -> dict[str, str]:
    status = str(config.get("status", ""))
    return {"status": status, "reason": str(config.get("reason") or ENDINGS.get(status, ""))}


def _fold(fold: Sequence[int] | None) -> str:
    return f"fold {fold[0] + 1} of {fold[1]}" if fold else ""


# === Files of a run folder ===
def _config(run: Path) -> dict[str, Any]:
    return read_run_json(run, "config.json")


def _metrics(run: Path) -> dict[str, Any]:
    return read_run_json(run, "metrics.json") if (run / "metrics.json").is_file() else {}


def _table(run: Path, stem: str) -> list[dict[str, Any]]:
    path = run / f"{stem}.csv"
    return csv_rows(path.read_text(encoding="utf-8")) if path.is_file() else []


def _picture(run: Path, name: str, words: str, caption: str = "") -> Picture | None:
    path = run / f"{name}.png"
    return Picture.of_png(path, words, caption) if path.is_file() else None
