"""A bar for what takes a while and is no training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def bar(console: Console, words: str) -> Iterator[Callable[[float, float], None]]:
    """Shows a bar for the time of the block, on a terminal alone; gives a function that is told (done, all)."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
