"""`gradschool compare`: which optimizer trains a model best, measured over learning rates and seeds."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import DataDir, DataOption, Json, print_json


def compare(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="What to train; gradschool models lists them.")],
    optimizers: Annotated[
        str, typer.Option(metavar="NAMES", help="With commas between: sgd, momentum, nesterov, adagrad, adam, ...")
    ] = "sgd,momentum,adam",
    seeds: Annotated[int, typer.Option(help="How many, counted from 0; one gives no intervals.")] = 5,
    data: Annotated[
        str | None, typer.Option(help="A data set's name, or a file or folder: images, texts, a series, a drive.")
    ] = None,
    data_dir: DataDir = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the samples.", show_default="the recipe's")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples per step.", show_default="the recipe's")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="constant, cosine or steps.", show_default="the recipe's")
    ] = None,
    schedule_option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Of the schedule steps: at=30,60 (epochs), factor (0.1 by default)."),
    ] = None,
    augment: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Such as shift=2, flip=true; none turns it off.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A model's argument, such as dropout=0.2.")
    ] = None,
    data_option: DataOption = None,
    candidates: Annotated[
        int | None, typer.Option(help="Learning rates for each, around its usual one.", show_default="5")
    ] = None,
    learning_rates: Annotated[
        list[str] | None,
        typer.Option(metavar="RATES", help="For all: 0.001,0.01,0.1; or as many for each: adam=0.001,0.01."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC=VALUE",
            help="That runs are timed to: val_accuracy=0.95.",
            show_default="what over half reach",
        ),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Every run as in a fit of its own, bit for bit.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write.", show_default="runs/compare-MODEL-DATA-1, -2, ...")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="An earlier result in that folder may go.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in --out with the seeds that were finished; --seeds may be more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare optimizers: equally many learning rates for each, the same seeds for all, times and intervals."""
    from ..data import check_available
    from ..files import free_name
    from ..recipes import find_recipe
    from ..settings import data_options, key_values, schedule_options, slug

    recipe = find_recipe(model, data)
    changes: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "schedule": schedule}
    changes = {key: value for key, value in changes.items() if value is not None}
    if schedule_option or schedule not in (None, recipe.schedule):  # another schedule has other options
        changes["schedule_options"] = schedule_options(schedule_option or [])
    if augment:
        changes["augment"] = {} if augment == ["none"] else key_values("--augment", augment)
    if set_:
        changes["model_config"] = {**recipe.model_config, **key_values("--set", set_)}
    if data_option:
        changes["data_options"] = {**recipe.data_options, **data_options(data_option)}
    recipe = replace(recipe, **changes)
    names = list(dict.fromkeys(name.strip().lower() for name in optimizers.split(",") if name.strip()))
    arguments = {
        "seeds": seeds, "learning_rates": _rates(learning_rates, candidates), "target": _target(target),
        "exact": exact, "data_dir": data_dir, "overwrite": overwrite, "resume": resume,
        "command": shlex.join(["gradschool", *context.find_root().obj]),
    }  # fmt: skip
    if seeds < 1:
        raise ValueError(f"--seeds must be at least 1; got {seeds}.")
    if resume and (out is None or overwrite):
        raise ValueError("--resume needs --out, the folder of the comparison to go on with, and no --overwrite.")
    check_available(recipe.data, data_dir)  # before the engine, which imports Keras, keeps anyone waiting
    out = out or free_name(f"compare-{recipe.model}-{slug(recipe.data)}", Path("runs"))
    from ..engine.comparing import compare_recipe

    with Console(stderr=True).status("starting") as status:
        study = compare_recipe(recipe, names, out, **arguments, tell=status.update)
    if as_json:
        print_json(_plain(study, out))
    else:
        _show(study, out)


def _show(study, out: Path) -> None:
    from ...callbacks.study.report import column_rows, figure_rows
    from ..tables import rows_table

    console = Console()
    for rows in (figure_rows(study), column_rows(study)):
        console.print(rows_table(rows))
        console.print()
    console.print(*study.notes, sep="\n", highlight=False, soft_wrap=True)
    console.print(f"report: {out / 'report.html'}", highlight=False, soft_wrap=True)


def _plain(study, out: Path) -> dict[str, Any]:
    """The result as values that JSON has: no infinity, and None for what is no number."""
    import json
    import math

    rows = json.loads(study.summary.to_json(orient="records", double_precision=15))
    for row, known in zip(rows, study.summary.to_dict("records"), strict=True):
        row["censored"] = math.isinf(known["steps_to_target"])
    metric, value = study.rule.target
    return {
        "folder": str(out),
        "monitor": study.rule.monitor,
        "target": {metric: value if math.isfinite(value) else None},
        "confidence": study.rule.confidence,
        "seeds": sorted(study.untrained),
        "optimizers": rows,
        "notes": study.notes,
    }


def _rates(given: Sequence[str] | None, candidates: int | None):
    """What `compare_recipe` takes as learning rates: a number of them, a list, or a dict of lists."""
    if not given:
        return candidates
    if candidates is not None:
        raise ValueError("--learning-rates names the rates: leave out --candidates.")
    pairs = [text.rpartition("=") for text in given]
    if any(name for name, *_ in pairs):
        if not all(name for name, *_ in pairs):
            raise ValueError("--learning-rates: name an optimizer before every list, as in adam=0.001,0.01, or none.")
        rates: dict[str, list[float]] = {}
        for name, _, text in pairs:
            rates.setdefault(name.strip().lower(), []).extend(_numbers(text))
        return rates
    return [rate for *_, text in pairs for rate in _numbers(text)]


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ValueError(f"--learning-rates must be numbers, such as 0.001,0.01,0.1; got {text!r}.") from None


def _target(text: str | None) -> tuple[str, float] | None:
    """From "val_accuracy=0.95" to the metric and the number.

    Example:
        >>> _target("val_accuracy=0.95")
        ('val_accuracy', 0.95)
    """
    if text is None:
        return None
    metric, _, value = text.partition("=")
    try:
        return metric.strip(), float(value)
    except ValueError:
        raise ValueError(f"--target must be a metric and a number, such as val_accuracy=0.95; got {text!r}.") from None
