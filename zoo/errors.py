"""Messages that say what was received and what is possible."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown_name(kind: str, name: object, choices: Iterable[str]) -> ValueError:
    """The error for a name that nobody registered, with the nearest that somebody did.

    Args:
        kind: what the name should have named, such as "model".
        name: what was received.
        choices: every name that would have been right.

    Returns:
        A ValueError, to be raised by the caller.

    Example:
        >>> unknown_name("model", "lenet", ["lenet5", "mlp"])
        ValueError("unknown model 'lenet'; did you mean 'lenet5'?")
    """
    choices = sorted(choices)
    near = get_close_matches(str(name).lower(), choices, n=3, cutoff=0.5)
    if near:
        return ValueError(f"unknown {kind} {name!r}; did you mean {' or '.join(map(repr, near))}?")
    return ValueError(f"unknown {kind} {name!r}; there are: {', '.join(choices)}.")
