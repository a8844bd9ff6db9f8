"""Trained models by name: a preset, a run folder, or a `.keras` file."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras

from ..data.description import Output, Scale
from ..errors import unknown_name
from ..presets import list_presets, load_preset
from ..registry import list_models, model_class
from .run_folder import MODEL, TOKENIZERS, RunFolder


@dataclass(frozen=True)
class Trained:
    """A trained model and what it was trained on.

    Args:
        model: the model, compiled if it came with its loss.
        data: the name or path of its data set; None if the file does not say.
        class_names: one per class; empty for a regression, or if the file does not say.
        recipe: the settings it was trained with; empty if the file does not say.
        fold: which fold of a cross-validation was its test set, if any.
        input_tokenizer: that made tokens of its inputs' text; None if they are no text, or the file does not say.
        target_tokenizer: the same of a translation's targets.
        outputs: what a regression predicts, and how it was standardised; empty if the file does not say.
        input_scales: how the columns of a series that it was shown were standardised; empty if the file does not say.
    """

    model: keras.Model
    data: str | None
    class_names: list[str]
    recipe: dict
    fold: tuple[int, int] | None = None
    input_tokenizer: Any = None
    target_tokenizer: Any = None
    outputs: tuple[Output, ...] = ()
    input_scales: tuple[Scale, ...] = ()

    @property
    def split(self) -> dict[str, Any]:
        """The arguments of `load_data` that give the very parts of its own data that it was trained with."""
        return {"seed": self.recipe.get("seed", 0), "fold": self.fold, **self.recipe.get("data_options", {})}

    def need_tokenizer(self, kind: str) -> Any:
        """The tokenizer of the inputs' or the targets' text.

        Args:
            kind: "input" or "target".

        Raises:
            ValueError: if there is none.
        """
        tokenizer = getattr(self, f"{kind}_tokenizer")
        if tokenizer is None:
            raise ValueError(
                f"nothing says how text becomes tokens for {self.model.name}: name the run folder of a fit, in which "
                f"{kind}_tokenizer.json lies beside model.keras."
            )
        return tokenizer


def open_model(name: Path | str) -> Trained:
    """The trained model behind `name`.

    Args:
        name: a preset such as "lenet5_mnist", a run folder, or a `.keras` file.

    Raises:
        ValueError: if it is none of these, or a file in it is damaged.

    Example:
        >>> open_model("lenet5_mnist").data
        'mnist'
    """
    path = Path(name)
    if path.is_dir():
        return _open_run(RunFolder(path))
    if path.name == MODEL and RunFolder(path.parent).exists:
        return _open_run(RunFolder(path.parent))
    if path.suffix == ".keras":
        return Trained(load_model_file(path), None, [], {})
    cards = list_presets()
    if str(name) not in cards:
        if str(name) in list_models():
            raise ValueError(
                f"{name} is a model without training; give a run folder (gradschool fit {name} makes one) "
                f"or a preset: {', '.join(cards)}."
            )
        raise unknown_name("preset, run folder or .keras file", str(name), cards)
    card = cards[str(name)]
    model = load_preset(model_class(card["model"]), card["name"])
    return Trained(model, card["data"], card["class_names"], card["recipe"], outputs=_outputs(card))


def _open_run(folder: RunFolder) -> Trained:
    config = folder.read_config()
    if "runs" in config:
        names = ", ".join(str(folder.path / name) for name in config["runs"])
        raise ValueError(f"{folder.path} holds several runs; name one: {names}.")
    try:
        recipe, data = config["recipe"], config["data"]
        fold = tuple(config["fold"]) if config["fold"] else None
        model = load_model_file(folder.model_path)
        tokenizers = map(folder.read_tokenizer, TOKENIZERS)
        known = Trained(model, data["name"], data["class_names"], recipe, fold, *tokenizers)
        scales = tuple(Scale(**one) for one in data.get("input_scales", ()))  # none in those of an earlier version
        return replace(known, outputs=_outputs(data), input_scales=scales)
    except KeyError as error:
        raise ValueError(f"{folder.path / 'config.json'} is not a fit's: it says nothing of {error}.") from error


def _outputs(stored: Mapping[str, Any]) -> tuple[Output, ...]:
    """The outputs in a run's `config.json` or on a preset's card; none in those of an earlier version."""
    return tuple(Output(**one) for one in stored.get("outputs", ()))


def load_model(name: Path | str) -> keras.Model:
    """The trained model behind a preset's name, a run folder or a `.keras` file.

    Raises:
        ValueError: as `open_model`.

    Example:
        >>> load_model("lenet5_mnist").count_params()
        61706
    """
    return open_model(name).model


def load_model_file(path: Path) -> keras.Model:
    """A saved model of the zoo, or of a user's own.

    Raises:
        ValueError: if the file is missing or cannot be read as a Keras model.
    """
    if not path.is_file():
        why = ": the run was not finished; go on with it by --resume" if path.name == MODEL else ""
        raise ValueError(f"there is no {MODEL if path.name == MODEL else 'file'} at {path}{why}.")
    for model in list_models():
        model_class(model)  # importing a class registers it with Keras
    try:
        return keras.models.load_model(path)
    except (ValueError, OSError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if not zipfile.is_zipfile(path):
            raise ValueError(
                f"{path} cannot be read as a saved Keras model: it is damaged, or no .keras file."
            ) from error
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path} cannot be read as a saved Keras model: {first_line}") from error
