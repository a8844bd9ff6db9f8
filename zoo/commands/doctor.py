"""`gradschool doctor`: what is here, and what is supported."""

from rich.console import Console

from .shared import Json, print_json


def doctor(as_json: Json = False) -> None:
    """Say which versions and devices are here, and what is supported."""
    from ..doctor import examine, render

    report = examine()
    if as_json:
        print_json(report)
    else:
        Console().print(render(report))
