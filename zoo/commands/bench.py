"""`gradschool bench`: how fast models train, beside Keras's own fit and a PyTorch loop."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from .shared import Json, print_json

if TYPE_CHECKING:
    from ..bench.cases import BenchCase


def bench(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="What to measure; everything there is, unless named.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Turns of each contender; for --callbacks, epochs of each fit.")] = 7,
    seconds: Annotated[float, typer.Option(help="That a turn lasts, roughly: at least one epoch.")] = 1.0,
    threads: Annotated[
        int | None, typer.Option(help="For every contender, in place of each framework's own choice.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the order of turns.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write everything that was measured into this .json file.")] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show which operations our step consists of, in place of measuring.")
    ] = False,
    callbacks: Annotated[
        bool, typer.Option("--callbacks", help="Measure what the callbacks cost, in place of models.")
    ] = False,
    fits: Annotated[
        int | None, typer.Option(help="For --callbacks: pairs for each callback, 3 unless given (equal fits differ).")
    ] = None,
    only_goals: Annotated[
        bool, typer.Option("--only-goals", help="For --callbacks: those that must be nearly free, in Keras's fit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure how fast models train, beside Keras's own fit and a PyTorch loop, in alternating rounds."""
    from ..bench.benchmark import BenchOptions, run_bench
    from ..bench.cases import CASES, find_case
    from ..bench.report import render

    every = [name for name, case in CASES.items() if case.with_callbacks or not callbacks]
    cases = [find_case(model) for model in dict.fromkeys(models or every)]
    if not callbacks and (only_goals or fits is not None):
        raise ValueError("--fits and --only-goals say how callbacks are measured: add --callbacks.")
    if profile:
        _profile(cases, as_json)
        return
    if callbacks:
        how = {"rounds": rounds, "only_goals": only_goals} | ({} if fits is None else {"fits": fits})
        _measure_callbacks(cases, out, as_json, **how)
        return
    options = BenchOptions(rounds, seconds, threads, seed)
    _measure(lambda tell: run_bench(cases, options, tell), render, out, as_json)


def _measure(run: Callable[..., Any], render: Callable[[Any], Any], out: Path | None, as_json: bool) -> None:
    """Runs a measurement, writes it into a file if wanted, and prints it."""
    from ..files import written_whole

    with ExitStack() as stack:
        # made now: a place that cannot be written to is found out before the minutes of measuring
        unfinished = stack.enter_context(written_whole(out)) if out else None
        with Console(stderr=True).status("starting") as status:
            report = run(status.update)
        if unfinished:
            unfinished.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(report)
        return
    Console().print(render(report))
    if out:
        print(f"figures: {out}")


def _measure_callbacks(cases: Sequence["BenchCase"], out: Path | None, as_json: bool, **how: Any) -> None:
    from ..quiet import import_keras

    import_keras()
    from ..bench.callback_costs import CostOptions, measure_costs
    from ..bench.report import render_costs

    options = CostOptions(**how)
    _measure(lambda tell: measure_costs(cases, options, tell), render_costs, out, as_json)


def _profile(cases: Sequence["BenchCase"], as_json: bool) -> None:
    from ..quiet import import_keras

    import_keras()
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError("--profile is for the TensorFlow back end: set KERAS_BACKEND=tensorflow.")
    from ..bench.profiling import profile
    from ..bench.report import render_profile

    profiled = [profile(case) for case in cases]
    if as_json:
        print_json(profiled)
        return
    for one in profiled:
        Console().print(render_profile(one))
