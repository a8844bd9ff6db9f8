"""Trained weights that are shipped with the package, each beside a card that says where they come from.

`NAME.weights.h5` holds the weights, `NAME.json` the card: model, data, recipe, accuracy, sha256 and the command that
trained them. `pack.py` makes both from a run folder.
"""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

from ..errors import unknown_name

FOLDER = Path(__file__).parent


def list_presets(class_name: str | None = None) -> dict[str, dict[str, Any]]:
    """The cards by name: all of them, or those of one model class."""
    cards = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return {card["name"]: card for card in cards if class_name in (None, card["class"])}


def load_preset(cls: type, name: str, **overrides):
    """A model of class `cls` with the weights of preset `name`.

    Args:
        cls: the model's class.
        name: the preset.
        **overrides: constructor arguments in place of the card's, such as `dtype`.

    Raises:
        ValueError: if the class has no such preset, if the file is not the one that the card describes, or if the
            overrides ask for weights of other shapes.
    """
    cards = list_presets(cls.__name__)
    if name not in cards:
        raise unknown_name(f"preset of {cls.__name__}", name, cards)
    card = cards[name]
    weights = check_weights(card)
    model = cls(**{"name": card["model"], **card["config"], **overrides})
    try:
        with warnings.catch_warnings(action="ignore"):  # Keras warns of each weight before it fails for all
            model.load_weights(weights)
    except ValueError as error:
        changed = ", ".join(f"{key}={value!r}" for key, value in overrides.items())
        raise ValueError(
            f"the weights of preset {name!r} do not fit a {cls.__name__} with {changed}; "
            "create the model without a preset, or override only what leaves the shapes as they are."
        ) from error
    return model


def check_weights(card: dict[str, Any], folder: Path = FOLDER) -> Path:
    """The path of a card's weights, if the file is byte for byte the one that was packed.

    Raises:
        ValueError: if it is missing or differs.
    """
    path = folder / f"{card['name']}.weights.h5"
    if not path.is_file():
        raise ValueError(f"preset {card['name']!r}: {path} is missing; install gradschool again.")
    if sha256(path) != card["sha256"]:
        raise ValueError(
            f"preset {card['name']!r}: {path} is damaged (its sha256 is not the one on its card); "
            "install gradschool again."
        )
    return path


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
