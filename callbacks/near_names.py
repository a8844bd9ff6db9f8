"""What is said of a name that there is not: the nearest of those that there are."""

import difflib
from collections.abc import Iterable


def what_there_is(name: object, names: Iterable[str], most: int | None = None) -> str:
    """The end of an error's sentence: which names may have been meant, or else what there is.

    Args:
        name: that was given.
        names: that would have been right, in the order in which they are to be told.
        most: of these to tell; None for all.

    A name that only one of them begins with is that one's abbreviation.

    Example:
        >>> what_there_is("ada", ["sgd", "adam"]), what_there_is("?", ["sgd", "adam"])
        ("did you mean 'adam'?", 'there are: sgd, adam.')
        >>> what_there_is("norm", ["name", "normalization"])
        "did you mean 'normalization'?"
    """
    known, given = {one.lower(): one for one in names}, str(name).lower()
    longer = [one for one in known if len(given) > 2 and one.startswith(given)]
    near = longer if len(longer) == 1 else difflib.get_close_matches(given, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(known[one]) for one in near)}?"
    told = list(known.values())[:most]
    return f"there are: {', '.join(told) or 'none'}{', ...' if len(told) < len(known) else ''}."
