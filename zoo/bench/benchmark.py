"""A whole measurement: starts the contenders, checks that they do the same work, and lets them take turns.

Floating-point operations of one training step, by the usual convention that the backward pass costs two forward ones:

    FLOP = 3 * 2 * multiply-adds of one sample * batch

and the share of the peak is FLOP / (time of a step * operations per second of a large matrix product).
"""

import importlib.util
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ... import __version__
from .cases import GRADSCHOOL, BenchCase
from .contender import MATRIX_PRODUCT
from .figures import paired_ratios, spread
from .load import BUSY, cores, watch_others
from .process import Contender

TOLERANCE = 1e-3  # of logits and losses, which float32 leaves some 1e-6 apart
_SETTLE = 0.05  # seconds before each turn: idle threads of the one before may spin for a moment
_PRODUCT = 0.3  # seconds of matrix products per round


@dataclass(frozen=True)
class BenchOptions:
    """How long and with what to measure.

    Args:
        rounds: turns that each contender takes, at least 1.
        seconds: that a turn lasts, roughly; at least one epoch is trained.
        threads: for every contender; each framework's own default for None.
        seed: of the order of turns.

    Raises:
        ValueError: if one is out of its range.
    """

    rounds: int = 7
    seconds: float = 1.0
    threads: int | None = None
    seed: int = 0

    def __post_init__(self):
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1; got {self.rounds}.")
        if not 0 < self.seconds < float("inf"):
            raise ValueError(f"seconds must be positive; got {self.seconds}.")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1; got {self.threads}.")


def run_bench(
    cases: Iterable[BenchCase], options: BenchOptions, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measures case after case.

    Args:
        cases: what to measure.
        options: how.
        tell: called with a line on what is going on.

    Returns:
        A dict that is JSON: `gradschool`, `machine`, `options`, and `models`, each as `run_case` gives it.

    Raises:
        ValueError: if a contender computes something else than the zoo's model.
        ChildProcessError: if one dies.
    """
    machine = {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cores": cores(),
    }
    measured = [run_case(case, options, tell) for case in cases]
    return {"gradschool": __version__, "machine": machine, "options": asdict(options), "models": measured}


def run_case(
    case: BenchCase,
    options: BenchOptions,
    tell: Callable[[str], None] = lambda _: None,
    command: Callable[..., Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Measures one case.

    Args:
        case: the model.
        options: how to measure.
        tell: called with a line on what is going on.
        command: from contender, case and threads to the program to start, in place of `contender.py`.

    Returns:
        A dict that is JSON; times of steps in milliseconds, all rounds besides medians and quartiles.
    """
    names = [name for name in case.contenders if not (name.startswith("torch") and not _has_torch())]
    left_out = {name: "PyTorch is not installed" for name in case.contenders if name not in names}
    with ExitStack() as stack:
        started: dict[str, Contender] = {}
        # the products first: they bring Keras's files into the machine's cache, for whoever comes next
        for name in (MATRIX_PRODUCT, *names):
            tell(f"{case.model}: starting {name}")
            program = (command or _command)(name, case, options.threads)
            environment = {"OMP_NUM_THREADS": str(options.threads)} if options.threads else {}
            started[name] = stack.enter_context(Contender(f"the contender {name!r}", program, environment))
        product = started.pop(MATRIX_PRODUCT)
        tell(f"{case.model}: checking that all compute the same")
        checks = check_equal_work(case, started)
        tell(f"{case.model}: warming up")
        warm = [{name: one.ask("run", epochs=1)["seconds"] for name, one in started.items()} for _ in range(2)]
        epochs = max(1, round(options.seconds / statistics.geometric_mean(warm[1].values())))
        rounds, again = _rounds(case, started, product, epochs, options, tell)
    facts = {
        name: {
            "version": one.ready["version"],
            "first_step_s": one.ready["first_step_at"] - one.started_at,
            "first_epoch_s": warm[0][name],
            "start_loss": checks[name]["loss"],
            "difference": checks[name]["difference"],
        }
        for name, one in started.items()
    }
    return _result(case, epochs, facts, rounds) | {"rounds_taken_again": again, "left_out": left_out}


def check_equal_work(case: BenchCase, contenders: Mapping[str, Contender]) -> dict[str, dict[str, float]]:
    """Gives every contender the zoo model's weights, and refuses one whose answers to the first batch are others.

    Returns:
        By contender: the first batch's `loss`, and the largest `difference` of a logit.

    Raises:
        ValueError: if a logit or the loss differs by `TOLERANCE` or more.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "weights.npz")
        checks = {GRADSCHOOL: contenders[GRADSCHOOL].ask("save", file=file)}
        ours = checks[GRADSCHOOL]["loss"]
        for name, contender in contenders.items():
            if name != GRADSCHOOL:
                found = checks[name] = contender.ask("check", file=file)
                if not (found["difference"] < TOLERANCE and abs(found["loss"] - ours) < TOLERANCE):
                    raise ValueError(
                        f"{case.model}: {name} does not compute what the zoo's model does, so their times cannot be "
                        f"compared: with the same weights, logits differ by {found['difference']:.3g}, and the loss "
                        f"is {found['loss']:.6g} in place of {ours:.6g}."
                    )
    return checks


def _command(name: str, case: BenchCase, threads: int | None) -> Sequence[str]:
    settings = json.dumps({"name": name, "case": case.model, "threads": threads})
    return (sys.executable, "-P", "-m", f"{__package__}.contender", settings)


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


# === Rounds ===
def _rounds(case, contenders, product, epochs, options, tell) -> tuple[list[dict[str, dict[str, Any]]], int]:
    """Lets everyone take a turn in every round, in an order drawn anew.

    A round in which other programs were busy is broken off and taken again, as long as no more rounds have been than
    were asked for: a contender that waits for its slowest thread loses more by them than others do.

    Returns:
        Answers by contender, round by round, and how many rounds were taken again.
    """
    order = random.Random(options.seed)
    everyone = [*contenders, MATRIX_PRODUCT]
    rounds: list[dict[str, dict[str, Any]]] = []
    again = 0
    while len(rounds) < options.rounds:
        order.shuffle(everyone)
        answers: dict[str, dict[str, Any]] = {}
        for name in everyone:
            tell(f"{case.model}: round {len(rounds) + 1} of {options.rounds}, {name}")
            time.sleep(_SETTLE)
            if name == MATRIX_PRODUCT:
                answers[name] = product.ask("run", seconds=min(_PRODUCT, options.seconds))
                continue
            share = watch_others()
            answers[name] = contenders[name].ask("run", epochs=epochs)
            answers[name]["others"] = share(answers[name]["processor"])
            if again < options.rounds and (answers[name]["others"] or 0) > BUSY:
                again += 1
                break
        else:
            rounds.append(answers)
    return rounds, again


def _result(case, epochs, facts, rounds) -> dict[str, Any]:
    steps = epochs * case.steps
    step_ms = {name: [1000 * answers[name]["seconds"] / steps for answers in rounds] for name in facts}
    peaks = [answers[MATRIX_PRODUCT]["gflops"] for answers in rounds]
    reached = [case.gflop_per_step / (ms / 1000) / peak for ms, peak in zip(step_ms[GRADSCHOOL], peaks, strict=True)]
    contenders = {
        name: {
            "step_ms": {**spread(step_ms[name]), "rounds": step_ms[name]},
            "others": [answers[name]["others"] for answers in rounds],
            "peak_memory_mib": rounds[-1][name]["peak_memory"] / 2**20,
            **facts[name],
        }
        for name in facts
    }
    others = [share for one in contenders.values() for share in one["others"] if share is not None]
    ratios = {}
    for name in facts:
        if name != GRADSCHOOL:
            paired = paired_ratios(step_ms[name], step_ms[GRADSCHOOL])
            summary, goal = spread(paired), case.goals.get(name)
            met = None if goal is None else summary["median"] >= goal
            ratios[name] = {**summary, "rounds": paired, "goal": goal, "met": met}
    return {
        "model": case.model,
        "batch": case.batch,
        "samples": case.samples,
        "epochs_per_round": epochs,
        "steps_per_round": steps,
        "gflop_per_step": case.gflop_per_step,
        "goals": dict(case.goals),
        "contenders": contenders,
        "others": statistics.fmean(others) if others else None,
        "ratios": ratios,
        "peak_gflops": {**spread(peaks), "rounds": peaks},
        "share_of_peak": {**spread(reached), "rounds": reached},
    }
