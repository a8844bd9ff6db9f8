"""What comes before a recipe's training: data and model that fit together, and the account of the run."""

import importlib
import json
import math
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ... import __version__
from ..data import data_identity, load_data
from ..layers.losses import get_loss
from ..recipes import Recipe
from ..registry import create_model, model_class
from .optimizers import get_optimizer
from .run_folder import RunFolder
from .strategies import get_strategy


def prepare_fit(
    recipe: Recipe, data_dir: Path | str | None = None, fold: tuple[int, int] | None = None, strategy: Any = None
):
    """The loaded data and the compiled model of a recipe; writes nothing, so that whatever does not fit is said early.

    Seeds Python, NumPy and the back end with the recipe's seed.

    Raises:
        ValueError: if recipe, data and model do not fit together.
    """
    strategy = strategy or get_strategy("one")
    keras.utils.set_random_seed(recipe.seed)
    data = load_data(
        recipe.data,
        data_dir=data_dir,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        augment=dict(recipe.augment) or None,
        fold=fold,
        parallel=False,  # operations are deterministic
        **recipe.data_options,
    )
    with strategy.scope():
        model = build_model(recipe, data.description)
    check_answers(model, recipe.loss, data.description)
    return data, model


def build_model(recipe: Recipe, description) -> keras.Model:
    """The recipe's model, compiled, in the size that the data ask for."""
    model = create_model(recipe.model, **model_class(recipe.model).config_for(description, **recipe.model_config))
    steps = math.ceil(description.samples["train"] / recipe.batch_size)
    model.compile(
        get_optimizer(recipe.optimizer, recipe.learning_rate, steps * recipe.epochs, recipe.schedule),
        loss=get_loss(recipe.loss),
        metrics=list(recipe.metrics),
    )
    return model


def check_answers(model: keras.Model, loss: str, description) -> None:
    """Refuses a model whose inputs are not the data's, or whose answers the loss cannot compare with their targets.

    Raises:
        ValueError: as said; names both sizes.
    """
    takes, gives = tuple(model.input_shape[1:]), model.output_shape[-1]
    if takes != tuple(description.input_shape):
        raise ValueError(
            f"the model takes inputs of shape {takes}; those of {description.name} are "
            f"{tuple(description.input_shape)}."
        )
    by_class = loss in ("cross_entropy", "misclassification", "sparse_categorical_crossentropy")
    wanted = description.classes if by_class else 1
    if gives != wanted:
        raise ValueError(
            f"the loss {loss!r} on {description.name} needs a model with {wanted} output{'s' if wanted != 1 else ''}; "
            f"this one has {gives}. For several classes use cross_entropy, with as many outputs as classes."
        )


def check_same_recipe(folder: RunFolder, recipe: Recipe, fold, runs: Sequence[str] | None = None) -> None:
    """Refuses to resume a run of another recipe.

    Args:
        folder: with the run that was begun.
        recipe: that it is to go on with.
        fold: of a cross-validation.
        runs: names of the runs in it, if it is a repetition.

    Raises:
        ValueError: names what differs.
    """
    config = folder.read_config()
    if config.get("runs") != runs:
        was, now_ = (f"the runs {', '.join(one)}" if one else "a single run" for one in (config.get("runs"), runs))
        raise ValueError(
            f"{folder.path} holds {was}, and {now_} cannot go on with it: resume with the same --seeds or --folds."
        )
    before, now = config.get("recipe", {}), json.loads(json.dumps(recipe.settings()))
    different = [key for key in now if before.get(key) != now[key]]
    if (list(fold) if fold else None) != config.get("fold"):
        different.append("fold")
    if different:
        was = ", ".join(f"{key} was {before.get(key, config.get(key))!r}" for key in different)
        raise ValueError(f"{folder.path} was begun with other settings: {was}. Resume with the same, or begin anew.")


def run_config(recipe: Recipe, model, description, fold, command) -> dict[str, Any]:
    """All that `config.json` says of a run before it starts."""
    backend = keras.backend.backend()
    return {
        "gradschool": __version__,
        "command": command,
        "recipe": recipe.settings(),
        "fold": fold,
        "model": {"name": recipe.model, "class": type(model).__name__, "config": model.get_config()},
        "data": {
            "name": data_identity(recipe.data),
            "task": description.task,
            "samples": dict(description.samples),
            "class_names": list(description.class_names or []),
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "keras": keras.__version__,
            backend: importlib.import_module(backend).__version__,
        },
        "backend": backend,
    }
