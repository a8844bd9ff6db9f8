"""`gradschool parity`: the proof that training is the same on one device, several replicas and several workers."""

from typing import Annotated

import typer
from rich.console import Console

from .shared import Json, print_json


def parity(
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="CASE", help="What to train; everything there is, unless named.")
    ] = None,
    replicas: Annotated[str, typer.Option(help="Numbers of replicas, with commas between; 0 for none.")] = "2,4",
    workers: Annotated[str, typer.Option(help="Numbers of workers, with commas between; 0 for none.")] = "2",
    timeout: Annotated[float, typer.Option(help="Seconds that all cases may take in one setting.")] = 1800.0,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the docs' table.")] = False,
    as_json: Json = False,
) -> None:
    """Train small cases on one device, replicas and workers, and compare the weights: exit status 1 if any differ."""
    settings = [("mirrored", count) for count in _numbers("replicas", replicas)]
    settings += [("multiworker", count) for count in _numbers("workers", workers)]
    if not settings:
        raise ValueError("there is nothing to compare one device with: name --replicas or --workers.")

    from ..errors import unknown_name
    from ..parity.cases import CASES
    from ..parity.comparing import compare
    from ..parity.report import failures, parity_markdown, parity_table
    from ..parity.running import ONE_DEVICE, Setting, train_in_settings

    for name in cases or ():
        if name not in CASES:
            raise unknown_name("parity case", name, CASES)
    names = list(dict.fromkeys(cases or CASES))
    others = [Setting(*one) for one in settings]
    with Console(stderr=True).status("starting") as status:
        results = train_in_settings([ONE_DEVICE, *others], names, timeout=timeout, tell=status.update)
    comparisons = [
        one
        for name in names
        for setting in others
        for one in compare(name, str(setting), results[ONE_DEVICE][name], results[setting][name])
    ]
    bad = failures(comparisons)
    if as_json:
        print_json({"holds": not bad, "comparisons": [one.to_json() for one in comparisons]})
    elif markdown:
        print(parity_markdown(comparisons))
    else:
        Console().print(parity_table(comparisons))
        for one in bad:
            print(f"differs: {one}")
    if bad:
        raise typer.Exit(1)


def _numbers(option: str, text: str) -> list[int]:
    """Whole numbers from text such as "2,4", without zeros."""
    try:
        numbers = [int(one) for one in text.split(",")]
    except ValueError:
        raise ValueError(f"--{option} must be whole numbers, such as 2,4; got {text!r}.") from None
    if any(number < 0 or number == 1 for number in numbers):
        raise ValueError(f"--{option} must be numbers of at least 2, or 0 for none; got {text!r}.")
    return [number for number in dict.fromkeys(numbers) if number]
