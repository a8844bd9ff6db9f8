"""`gradschool launch`: the workers of a distributed training on this machine, started and ended together."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .fit import LAUNCHED_BY, default_out


def launch(
    context: typer.Context,
    workers: Annotated[int, typer.Option(help="How many processes to start.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND", help="fit MODEL ..., another command, or a Python script: train.py ..."),
    ] = None,
    max_restarts: Annotated[int, typer.Option(help="So often, go on from the last checkpoint if one dies.")] = 0,
    port: Annotated[
        int | None, typer.Option(help="Of worker 0; the next ones follow.", show_default="free ones")
    ] = None,
    log_dir: Annotated[Path | None, typer.Option(help="A folder for worker-0.log, worker-1.log, ...")] = None,
) -> None:
    """Start the workers of a distributed training on this machine; when one dies, all end.

    A Python script finds its place in the variable TF_CONFIG, as tf.distribute.MultiWorkerMirroredStrategy reads it.
    """
    from ..launching import supervise

    words = words or []
    os.environ[LAUNCHED_BY] = shlex.join(["gradschool", *context.find_root().obj])
    try:
        status = supervise(
            _command(context, words),
            workers,
            max_restarts=max_restarts,
            port=port,
            log_dir=log_dir,
            bare_stdout="--json" in words and not _is_script(words),
        )
    finally:
        del os.environ[LAUNCHED_BY]
    raise typer.Exit(status)


def _command(context: typer.Context, words: list[str]) -> Callable[[int], list[str]]:
    """What each worker runs, by the number of restarts so far.

    Raises:
        ValueError: if `words` are nothing that can be launched.
    """
    if not words:
        raise ValueError("launch what? Such as: gradschool launch --workers 2 -- fit mlp")
    if _is_script(words):
        script = _script(words)
        return lambda restarts: script
    known = set(context.find_root().command.commands) - {"launch"}  # type: ignore[attr-defined]
    if words[0] not in known:
        from ..errors import unknown_name

        raise unknown_name("command", words[0], known)
    choose = _fit_words(context, words) if words[0] == "fit" else lambda restarts: words
    # A module in the current folder stands in for none of Python's, unless it does so in this process as well.
    python = [sys.executable] if str(Path.cwd()) in sys.path else [sys.executable, "-P"]
    return lambda restarts: [*python, "-m", "gradschool", *choose(restarts)]


def _is_script(words: list[str]) -> bool:
    return bool(words) and (words[0] in ("python", "python3") or words[0].endswith(".py"))


def _script(words: list[str]) -> list[str]:
    words = words if words[0].endswith(".py") else words[1:]
    if not words:
        raise ValueError("python what? Such as: gradschool launch --workers 2 -- python train.py")
    if words[0].endswith(".py") and not Path(words[0]).is_file():
        raise ValueError(f"there is no file {words[0]} to launch.")
    return [sys.executable, *words]


def _fit_words(context: typer.Context, words: list[str]) -> Callable[[int], list[str]]:
    """The words of a fit by several workers: first as the user says, after a restart to be resumed in the same folder.

    Raises:
        ValueError: if they name another strategy, or a folder that holds an earlier run.
    """
    root = context.find_root()
    fit = root.command.commands["fit"].make_context("fit", words[1:], parent=root)  # type: ignore[attr-defined]
    given, added = fit.params, []
    source = fit.get_parameter_source("strategy")
    if source is None or source.name != "COMMANDLINE":
        added += ["--strategy", "multiworker"]
    elif given["strategy"] != "multiworker":
        raise ValueError(
            f"--strategy {given['strategy']} trains in one process, and launch starts several, which need "
            "--strategy multiworker: leave it out, or run the fit without launch."
        )
    out = given["out"]
    if out is None:
        from ..recipes import chosen_recipe

        out = default_out(chosen_recipe(given["model"], given["data"], given.get("recipe_name")))
        added += ["--out", str(out)]
    earlier, resumes = _run_in(out), bool(given.get("resume"))
    if earlier and not (resumes or given["overwrite"]):
        raise ValueError(f"--out {out} holds an earlier run; name another folder, or say --overwrite or --resume.")
    first = ["fit", *added, *words[1:]]
    again = [word for word in first if word != "--overwrite"]
    if not resumes:
        again.insert(1, "--resume")

    def choose(restarts: int) -> list[str]:
        untouched = earlier and _run_in(out) == earlier  # the run that is to be overwritten is none to go on with
        return first if restarts == 0 or untouched else again

    return choose


def _run_in(folder: Path) -> tuple[int, int] | None:
    """What tells a run in a folder from a later one there; None if there is no run."""
    try:
        config = (folder / "config.json").stat()
    except OSError:
        return None
    return config.st_ino, config.st_mtime_ns
