"""Messages that say what was received and what is possible."""

from collections.abc import Iterable

from ..callbacks.near_names import what_there_is


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
    return ValueError(f"unknown {kind} {name!r}; {what_there_is(name, sorted(choices))}")
