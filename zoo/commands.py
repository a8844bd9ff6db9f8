"""The zoo's commands: models, data, fit, evaluate, predict, doctor.

Each reads its arguments, calls one function of the zoo and prints what came out. Keras, TensorFlow and matplotlib are
imported inside the commands that need them, so that `--help` answers at once.
"""

import json
import shlex
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DataOption = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="A data set's argument, such as column=views.")
]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder of prepared tensorflow-datasets. [default: ~/tensorflow_datasets]")
]


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


@app.command()
def models(
    name: Annotated[
        str, typer.Argument(metavar="[MODEL|PATTERN]", help="A model, or a pattern such as 'lenet*'.")
    ] = "*",
    as_json: Json = False,
) -> None:
    """List the models, or show one layer by layer."""
    from .registry import list_models, model_entry
    from .tables import layers_table, models_table

    if any(character in name for character in "*?["):
        names = list_models(name)
        if not names:
            raise ValueError(f"no model's name fits the pattern {name!r}; gradschool models lists all.")
        entries = [model_entry(one) for one in names]
        if as_json:
            _print_json([_entry_values(entry) for entry in entries])
        else:
            Console().print(models_table(entries))
        return
    entry = model_entry(name)
    rows = _layer_rows(entry)
    if as_json:
        _print_json([{**_entry_values(entry), "layers": [asdict(row) for row in rows]}])
        return
    console = Console()
    console.print(f"[bold]{entry.name}[/bold]  {entry.paper}", highlight=False)
    console.print(layers_table(rows))
    for preset in entry.presets:
        console.print(f"preset {preset}: gradschool evaluate {preset}", highlight=False)


def _entry_values(entry) -> dict[str, Any]:
    keys = ("name", "family", "parameters", "multiply_adds", "paper", "presets")
    return {key: list(value) if isinstance(value := getattr(entry, key), tuple) else value for key in keys}


def _layer_rows(entry) -> list[Any]:
    from .inspection.layer_table import layer_table
    from .registry import create_model

    return layer_table(create_model(entry.name))


@app.command()
def data(
    name: Annotated[str | None, typer.Argument(metavar="[DATA]", help="A data set, a folder or a .csv file.")] = None,
    data_dir: DataDir = None,
    data_option: DataOption = None,
    picture: Annotated[Path | None, typer.Option(help="Draw some samples into this .png file.")] = None,
    as_json: Json = False,
) -> None:
    """List the data sets, or describe one (tensorflow-datasets' are downloaded and prepared on the way)."""
    from .data import list_data, load_data
    from .settings import data_options
    from .tables import data_table, description_table

    if name is None:
        rows = list_data()
        return _print_json([asdict(row) for row in rows]) if as_json else Console().print(data_table(rows))
    loaded = load_data(name, data_dir=data_dir, **data_options(data_option or []))
    if picture:
        from .pictures.run import draw_samples
        from .pictures.style import save_picture

        save_picture(draw_samples(*loaded.arrays("train"), loaded.description), picture)
    if as_json:
        _print_json(asdict(loaded.description))
        return
    Console().print(description_table(loaded.description))
    if picture:
        print(f"picture: {picture}")


@app.command()
def fit(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The model to train; gradschool models lists them.")],
    data: Annotated[str | None, typer.Option(help="A data set's name, an image folder or a .csv file.")] = None,
    data_dir: DataDir = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples per step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At the start.")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant or cosine.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, momentum, adagrad, rmsprop, adam, ...")] = None,
    loss: Annotated[str | None, typer.Option(help="cross_entropy, l1, l2, ...")] = None,
    augment: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Such as shift=2, flip=true; none turns it off.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A model's argument, such as activation=relu or hidden=[64,32]."
        ),
    ] = None,
    data_option: DataOption = None,
    dtype: Annotated[str | None, typer.Option(help="A dtype policy, such as mixed_bfloat16.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order, dropout and augmentation. [default: 0]")] = None,
    seeds: Annotated[int, typer.Option(help="Repeat with so many seeds: mean and spread.")] = 1,
    folds: Annotated[int | None, typer.Option(help="Cross-validate in so many parts: mean and spread.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: runs/MODEL-DATA-1, -2, ...]")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="An earlier run in that folder may go.")] = False,
    as_json: Json = False,
) -> None:
    """Train a model by its recipe; options change the recipe."""
    from .recipes import find_recipe
    from .settings import data_options, key_values

    recipe = find_recipe(model, data)
    changes: dict[str, Any] = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "schedule": schedule,
        "optimizer": optimizer, "loss": loss, "seed": seed,
    }  # fmt: skip
    changes = {key: value for key, value in changes.items() if value is not None}
    if augment:
        changes["augment"] = {} if augment == ["none"] else key_values("--augment", augment)
    if set_ or dtype:
        own = key_values("--set", set_ or []) | ({"dtype": dtype} if dtype else {})
        changes["model_config"] = {**recipe.model_config, **own}
    if data_option:
        changes["data_options"] = {**recipe.data_options, **data_options(data_option)}
    command = shlex.join(["gradschool", *context.find_root().obj])
    _fit(replace(recipe, **changes), command, data_dir, seeds, folds, out, overwrite, as_json)


def _fit(recipe, command, data_dir, seeds, folds, out, overwrite, as_json) -> None:
    from .data import check_available

    check_available(recipe.data, data_dir)  # before the engine, which imports Keras, keeps anyone waiting
    from .engine.run_folder import free_name
    from .settings import slug

    out = out or free_name(f"{recipe.model}-{slug(recipe.data)}", Path("runs"))
    console = Console(stderr=as_json)
    common = {"data_dir": data_dir, "overwrite": overwrite, "command": command, "console": console}
    if seeds != 1 or folds is not None:
        from .engine.repeats import fit_repeatedly

        metrics, interrupted = fit_repeatedly(recipe, out, seeds=seeds, folds=folds, **common), False
    else:
        from .engine.fitting import fit_recipe

        fitted = fit_recipe(recipe, out, **common)
        metrics, interrupted = fitted.metrics, fitted.interrupted
    if as_json:
        _print_json({"run": str(out), "interrupted": interrupted, **metrics})
    else:
        _show_fit(console, recipe, out, metrics, repeated="runs" in metrics)
    if interrupted:
        raise typer.Exit(130)


def _show_fit(console: Console, recipe, out: Path, metrics: dict[str, Any], repeated: bool) -> None:
    from .tables import figures_table, show_result

    console.print()
    parts = ("test", "spread") if repeated else ("test", "validation")
    console.print(figures_table({part: metrics[part] for part in parts if part in metrics}))
    name = recipe.metrics[0]
    console.print(f"\n[bold]test {show_result(name, metrics)}[/bold]", highlight=False)
    console.print(f"run folder: {out}", highlight=False)
    if not repeated:
        tries = [f"look at {out / 'curves.png'}", f"{_program()} evaluate {out}"]
        if recipe.loss == "cross_entropy":
            tries.insert(1, f"{_program()} predict {out} YOUR-IMAGE.png")
        console.print("what to try next:", *(f"  {line}" for line in tries), sep="\n", highlight=False, soft_wrap=True)


def _program() -> str:
    """What to type for this command: its path where the environment it lies in is not on the user's own."""
    ours = Path(sys.argv[0]).name == "gradschool" and not shutil.which("gradschool")
    return sys.argv[0] if ours else "gradschool"


@app.command()
def evaluate(
    trained: Annotated[str, typer.Argument(metavar="RUN|PRESET", help="A run folder, a preset or a .keras file.")],
    data: Annotated[str | None, typer.Option(help="Other data than it was trained on.")] = None,
    data_dir: DataDir = None,
    data_option: DataOption = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    as_json: Json = False,
) -> None:
    """Measure a trained model on a part of its data, or on other data."""
    from .data import check_available
    from .presets import list_presets
    from .settings import data_options

    card = list_presets().get(trained, {})
    if data or card:
        check_available(data or card["data"], data_dir)  # before the engine, which imports Keras
    from .engine.opening import open_model
    from .engine.scoring import score_trained
    from .tables import figures_table

    options = data_options(data_option or [])
    figures = score_trained(open_model(trained), data, data_dir, part, options)
    if as_json:
        _print_json({part: figures})
    else:
        Console().print(figures_table({part: figures}))


@app.command()
def predict(
    trained: Annotated[str, typer.Argument(metavar="RUN|PRESET", help="A run folder, a preset or a .keras file.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, .npy arrays, or folders of them.")],
    picture: Annotated[Path | None, typer.Option(help="Draw the images and the answers into this .png file.")] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Take the images as they are; do not centre the digit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Classify image files: class and confidence for each."""
    from .engine.opening import open_model
    from .engine.prediction import classify_images

    answers = classify_images(open_model(trained), images, as_is=as_is)
    if as_json:
        _print_json([{"image": one.name, "class": one.class_name, "confidence": one.confidence} for one in answers])
    else:
        for one in answers:
            print(f"{one.name}: {one.class_name} ({one.confidence:.1%})")
    if picture:
        from .pictures.answers import draw_answers
        from .pictures.style import save_picture

        save_picture(draw_answers(answers), picture)
        if not as_json:
            print(f"picture: {picture}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say which versions and devices are here, and what is supported."""
    from .doctor import examine, render

    report = examine()
    if as_json:
        _print_json(report)
    else:
        Console().print(render(report))
