"""The `gradschool` command: joins the packages' own commands, and says in one sentence what went wrong.

Nothing here, nor in the commands' modules, imports Keras at module level, so that help comes at once.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from . import __version__
from .zoo import commands as zoo_commands

# What the command line got wrong; typer ships its own copy of click, or uses the installed one, by version.
_UsageError: Any = typer.BadParameter.__base__


class _Commands(TyperGroup):
    """The commands of all packages; Ctrl-C in one that does not handle it ends in a word instead of a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("\ngradschool: interrupted", file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(zoo_commands.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gradschool {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    """Deep learning from the perceptron on: models, real data, training and what it did."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives the exit status: 0, 2 after an error that was explained, 130 after Ctrl-C.

    The variable GRADSCHOOL_DEBUG=1 shows the traceback of an error instead of its message.

    Args:
        arguments: the words after `gradschool`; those of the process for None.

    Example:
        >>> main(["--version"])
        gradschool 0.1.0
        0
    """
    command = typer.main.get_command(app)
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = command(words, prog_name="gradschool", standalone_mode=False, obj=words)
        sys.stdout.flush()
    except BrokenPipeError:  # `gradschool models | head -1`: nobody reads on, and the flush at exit would fail as well
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _UsageError as error:
        return _report(error.format_message(), usage=error.ctx and error.ctx.get_usage())
    except (ValueError, OSError, ImportError) as error:
        if os.environ.get("GRADSCHOOL_DEBUG") == "1" or _is_ours(error):
            raise
        return _report(_explain(error))
    return status if isinstance(status, int) else 0


def _report(message: str, usage: str | None = None) -> int:
    """Writes an error to standard error; a usage error without a message is a help page that stands there already."""
    if usage and message:
        print(usage, file=sys.stderr)
    if message:
        print(f"gradschool: error: {message}", file=sys.stderr)
    return 2


def _is_ours(error: BaseException) -> bool:
    """Whether a failed import is this package's own mistake, which only its traceback explains."""
    return isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "gradschool"


def _explain(error: Exception) -> str:
    """One sentence for an error; files and missing packages by name."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        wanted = f"gradschool[{package}]" if package in ("jax", "torch") else package
        instead = ", or set KERAS_BACKEND to jax or torch where that is installed" if package == "tensorflow" else ""
        return f"{package} is not installed, and this needs it: pip install {wanted!r}{instead}"
    if isinstance(error, ImportError):
        return f"{error}\nA package does not load; `gradschool doctor` shows which."
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.strerror}: {error.filename}"
    return str(error) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
