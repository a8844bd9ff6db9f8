"""`gradschool fit`: train a model by its recipe, with what the options change."""

import os
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .shared import DataDir, DataOption, Json, print_json

LAUNCHED_BY = "GRADSCHOOL_LAUNCHED_BY"  # variable in which `gradschool launch` tells its workers what was typed


def fit(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The model to train; gradschool models lists them.")],
    data: Annotated[
        str | None, typer.Option(help="A data set's name, or a file or folder: images, texts, a series, a drive.")
    ] = None,
    data_dir: DataDir = None,
    recipe_name: Annotated[
        str | None, typer.Option("--recipe", help="One of several recipes by its name, such as resnet20_cifar10_today.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training samples.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples per step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At the start.")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine or steps.")] = None,
    schedule_option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Of the schedule steps: at=30,60 (epochs), factor (0.1 by default)."),
    ] = None,
    warmup: Annotated[float | None, typer.Option(metavar="EPOCHS", help="In which the rate rises.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, momentum, adagrad, rmsprop, adam, ...")] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="In the gradient, as papers have it; for adamw and lion beside the update.")
    ] = None,
    weight_decay_on: Annotated[str | None, typer.Option(help="all weights, or kernels alone.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN|PRESET|FILE", help="Begin with a trained model's features, not at random."),
    ] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Only the last layer learns; the features stay.")] = False,
    rate_decay: Annotated[
        float | None,
        typer.Option(metavar="FACTOR", help="Smaller rates towards the input, such as 0.4 a layer or stage."),
    ] = None,
    ema: Annotated[
        float | None, typer.Option(metavar="MOMENTUM", help="Average the weights over the steps, such as 0.999.")
    ] = None,
    loss: Annotated[str | None, typer.Option(help="cross_entropy, l1, l2, ...")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Such as 0.1, for cross_entropy.")] = None,
    augment: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Such as shift=2, flip=true, mixup=0.2; none turns it off."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A model's argument, such as activation=relu or hidden=[64,32]."
        ),
    ] = None,
    data_option: DataOption = None,
    clip: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE=LIMIT", help="Clip the gradients, such as global_norm=1.0; none does not."),
    ] = None,
    pretrain: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Before the fit, without labels, such as epochs=20; none does not."),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Measure gradients, dead-units, or let the doctor look; or all."),
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="A dtype policy, such as mixed_bfloat16.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, order, dropout and augmentation.", show_default="0")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Repeat with so many seeds: mean and spread.")] = 1,
    folds: Annotated[int | None, typer.Option(help="Cross-validate in so many parts: mean and spread.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder.", show_default="runs/MODEL-DATA-1, -2, ...")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="An earlier run in that folder may go.")] = False,
    strategy: Annotated[str, typer.Option(help="one, mirrored, multiworker, tpu or auto.")] = "one",
    replicas: Annotated[
        int | None, typer.Option(help="How many, for mirrored: GPUs, or CPU devices for study.", show_default="all; 2")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out where it was cut short.")
    ] = False,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Steps from one checkpoint to the next.", show_default="an epoch"),
    ] = None,
    checkpoint_minutes: Annotated[
        float | None, typer.Option(metavar="MINUTES", help="Minutes from one to the next.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a model by its recipe; options change the recipe."""
    from ..recipes import chosen_recipe
    from ..settings import data_options, key_values, schedule_options
    from ..watching import check_watch

    recipe = chosen_recipe(model, data, recipe_name)
    changes: dict[str, Any] = {
        "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "schedule": schedule,
        "optimizer": optimizer, "loss": loss, "seed": seed, "warmup": warmup, "weight_decay": weight_decay,
        "weight_decay_on": weight_decay_on, "ema": ema, "label_smoothing": label_smoothing,
        "start": start, "freeze": freeze or None, "rate_decay": rate_decay,
    }  # fmt: skip
    changes = {key: value for key, value in changes.items() if value is not None}
    if schedule_option or schedule not in (None, recipe.schedule):  # another schedule has other options
        changes["schedule_options"] = schedule_options(schedule_option or [])
    if augment:
        changes["augment"] = {} if augment == ["none"] else key_values("--augment", augment)
    if clip:
        changes["clip"] = {} if clip == ["none"] else key_values("--clip", clip)
    if pretrain:
        changes["pretrain"] = {} if pretrain == ["none"] else key_values("--pretrain", pretrain)
    if start is not None:  # the model is as the trained one: the recipe's own would feed its features other pixels,
        changes = {"model_config": {}, "pretrain": {}, **changes}  # and lose what they learned
    if set_ or dtype:
        own = key_values("--set", set_ or []) | ({"dtype": dtype} if dtype else {})
        changes["model_config"] = {**changes.get("model_config", recipe.model_config), **own}
    if data_option:
        changes["data_options"] = {**recipe.data_options, **data_options(data_option)}
    command = os.environ.get(LAUNCHED_BY) or shlex.join(["gradschool", *context.find_root().obj])
    if resume and (out is None or overwrite):
        raise ValueError("--resume needs --out, the folder of the run to go on with, and no --overwrite.")
    execution = {
        "strategy": strategy, "replicas": replicas, "checkpoint_every": checkpoint_every,
        "checkpoint_minutes": checkpoint_minutes, "resume": resume, "watch": check_watch(watch or ()),
    }  # fmt: skip
    _fit(replace(recipe, **changes), command, data_dir, seeds, folds, out, overwrite, as_json, execution)


def _fit(recipe, command, data_dir, seeds, folds, out, overwrite, as_json, execution) -> None:
    from ..data import check_available

    check_available(recipe.data, data_dir)  # before the engine, which imports Keras, keeps anyone waiting
    out = out or default_out(recipe)
    console = Console(stderr=as_json)
    from ..engine.fitting import Execution, fit_recipe
    from ..engine.run_folder import NoFolder

    common = {
        "data_dir": data_dir, "overwrite": overwrite, "command": command, "console": console,
        "execution": Execution(**execution),
    }  # fmt: skip
    if seeds != 1 or folds is not None:
        from ..engine.repeats import fit_repeatedly

        metrics, interrupted = fit_repeatedly(recipe, out, seeds=seeds, folds=folds, **common), False
    else:
        fitted = fit_recipe(recipe, out, **common)
        if isinstance(fitted.folder, NoFolder):
            return  # another worker has the results
        metrics, interrupted = fitted.metrics, fitted.interrupted
    if as_json:
        print_json({"run": str(out), "interrupted": interrupted, **metrics})
    else:
        _show_fit(console, recipe, out, metrics, repeated="runs" in metrics, interrupted=interrupted)
    if interrupted:
        raise typer.Exit(130)


def default_out(recipe) -> Path:
    """The run folder of a fit whose command line names none: the first of runs/MODEL-DATA-1, -2, ... that is free."""
    from ..files import free_name
    from ..settings import slug

    return free_name(f"{recipe.model}-{slug(recipe.data)}", Path("runs"))


def _show_fit(console: Console, recipe, out: Path, metrics: dict[str, Any], repeated: bool, interrupted: bool) -> None:
    from ..files import can_resume
    from ..tables import figures_table, show_result

    console.print()
    parts = ("test", "spread") if repeated else ("test", "validation")
    console.print(figures_table({part: metrics[part] for part in parts if part in metrics}))
    name = next((one for one in ("bleu", *recipe.metrics) if one in metrics["test"]), "loss")
    console.print(f"\n[bold]test {show_result(name, metrics)}[/bold]", highlight=False)
    console.print(f"run folder: {out}", highlight=False)
    if not repeated:
        tries = [f"look at {out / 'curves.png'}"] if (out / "curves.png").exists() else []
        tries += _uses(recipe, out)
        tries += [f"{_program()} report {out}", f"{_program()} evaluate {out}"]
        if interrupted:
            how = "--resume, to go on" if can_resume(out) else "--overwrite, to begin anew: there is no checkpoint"
            tries.insert(0, f"the same command with --out {out} {how}")
        console.print("what to try next:", *(f"  {line}" for line in tries), sep="\n", highlight=False, soft_wrap=True)


def _uses(recipe, out: Path) -> list[str]:
    """What a trained model is for, as commands."""
    from ..registry import model_class, model_entry

    task = model_class(recipe.model).task
    if task == "language_modelling":
        words = f'generate {out} --prompt "..."'
    elif task == "translation":
        words = f'translate {out} "..."'
    elif (out / "input_tokenizer.json").exists():
        words = f'predict {out} "..."'
    elif task == "regression" or recipe.loss == "half_squared_error" or "sequence" in model_entry(recipe.model).family:
        return []
    else:
        words = f"predict {out} YOUR-IMAGE.png"
    return [f"{_program()} {words}"]


def _program() -> str:
    """What to type for this command: its path where the environment it lies in is not on the user's own."""
    ours = Path(sys.argv[0]).name == "gradschool" and not shutil.which("gradschool")
    return sys.argv[0] if ours else "gradschool"
