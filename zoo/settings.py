"""Settings as a user types them: KEY=VALUE, and names for folders."""

import contextlib
import json
import re
from collections.abc import Sequence
from typing import Any

# What the error shows of an option, where numbers of pixels would not do.
_EXAMPLES = {
    "--augment": ("shift=2", "flip=true", "mixup=0.2"),
    "--clip": ("global_norm=1.0", "value=0.5"),
    "--data-option": ("column=views", "validation_share=0.2"),
    "--pretrain": ("epochs=20", "learning_rate=0.01"),
    "--schedule-option": ("at=30,60", "factor=0.1"),
    "--set": ("activation=relu", "hidden=[64,32]"),
}


def key_values(option: str, pairs: Sequence[str]) -> dict[str, Any]:
    """`["shift=2", "flip=true", "activation=relu"]` as `{"shift": 2, "flip": True, "activation": "relu"}`.

    A value is read as JSON where it is JSON, and as the text that it is elsewhere.

    Args:
        option: what the user said them with, for the error.
        pairs: the texts.

    Raises:
        ValueError: if one has no "=" or nothing before it.

    Example:
        >>> key_values("--set", ["hidden=[64, 32]", "activation=relu"])
        {'hidden': [64, 32], 'activation': 'relu'}
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            examples = " or ".join(f"{option} {one}" for one in _EXAMPLES.get(option, ("size=2", "sizes=[3,2]")))
            raise ValueError(f"{option} takes KEY=VALUE, such as {examples}; got {pair!r}.")
        try:
            settings[key.strip().replace("-", "_")] = json.loads(value)
        except json.JSONDecodeError:
            settings[key.strip().replace("-", "_")] = value
    return settings


def schedule_options(pairs: Sequence[str]) -> dict[str, Any]:
    """The options of a schedule, from the command line's --schedule-option; `at` may be a list, or numbers and commas.

    Raises:
        ValueError: as `key_values`.

    Example:
        >>> schedule_options(["at=30,60", "factor=0.2"])
        {'at': [30, 60], 'factor': 0.2}
    """
    options = key_values("--schedule-option", pairs)
    if isinstance(at := options.get("at"), str):
        with contextlib.suppress(json.JSONDecodeError):  # the recipe says what it should have been
            options["at"] = json.loads(f"[{at}]")
    return options


def data_options(pairs: Sequence[str]) -> dict[str, Any]:
    """The further arguments of `load_data`, from the command line's --data-option.

    Raises:
        ValueError: as `key_values`, and for an argument that has an option of its own.

    Example:
        >>> data_options(["column=views"])
        {'column': 'views'}
    """
    options = key_values("--data-option", pairs)
    for key in ("name", "data_dir", "batch_size", "seed", "augment", "fold", "parallel", "targets"):
        if key in options:
            raise ValueError(f"--data-option {key}=...: {key} is set by the command, not by the data set.")
    return options


def slug(text: str) -> str:
    """A data set's name or path as part of a folder's name.

    Example:
        >>> slug("../my views.csv")
        'my-views'
    """
    return (
        re.sub(r"\W+", "-", re.sub(r"\.\w+$", "", text.replace("\\", "/").rstrip("/").rsplit("/")[-1])).strip("-")
        or "data"
    )
