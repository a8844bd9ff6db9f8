"""What comes before a recipe's training: data and model that fit together, and the account of the run."""

import importlib
import json
import math
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ... import __version__
from ..data import data_identity, load_data
from ..data.description import EVERY_STEP
from ..layers.losses import get_loss
from ..layers.metrics import get_metrics, metrics_for
from ..models.base import ZooModel
from ..recipes import Recipe
from ..recipes.recipe import complete_settings
from ..registry import model_class
from ..transfer_learning import learning_rates
from .optimizers import get_optimizer
from .pretraining import check_pretrain
from .run_folder import RunFolder
from .schedules import get_schedule
from .starting import Start, make_model, open_start
from .strategies import get_strategy

_OWN_LOSS = {"reconstruction": "pixel_cross_entropy", "generation": "adversarial"}  # of tasks that no other loss suits


def prepare_fit(
    recipe: Recipe,
    data_dir: Path | str | None = None,
    fold: tuple[int, int] | None = None,
    strategy: Any = None,
    tell: Callable[[str], None] | None = None,
):
    """The loaded data and the compiled model of a recipe; writes nothing, so that whatever does not fit is said early.

    Seeds Python, NumPy and the back end with the recipe's seed; tells `tell` which trained model is begun with.

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
        targets=targets_for(model_class(recipe.model)),
        **recipe.data_options,
    )
    start = open_start(recipe, data.description, fold)
    if start is not None and tell is not None:
        tell(start.words)
    if recipe.ema and tell is not None:
        tell(f"what is validated, tested and saved are averages of the weights (ema={recipe.ema:g}), which lag behind")
    with strategy.scope():
        model = build_model(recipe, data.description, start)
    check_answers(model, recipe.loss, data.description)
    check_pretrain(model, recipe.pretrain)
    return data, model


def targets_for(model) -> str:
    """What `load_data` should give a model to learn: "labels", or "inputs" to an autoencoder."""
    return "inputs" if getattr(model, "task", None) == "reconstruction" else "labels"


def build_model(recipe: Recipe, description, start: Start | None = None) -> keras.Model:
    """The recipe's model, compiled, in the size that the data ask for, with the weights that it begins with."""
    model = make_model(recipe, description, start)
    steps = math.ceil(description.samples["train"] / recipe.batch_size)
    metrics = metrics_for(recipe.metrics, description.classes)
    model.compile(
        recipe_optimizer(recipe, recipe.optimizer, recipe.learning_rate, steps, rates_for(model, recipe)),
        loss=get_loss(recipe.loss, recipe.label_smoothing, mixed_classes=bool(recipe.augment.get("mixup"))),
        metrics=get_metrics(metrics, bool(recipe.augment.get("mixup")), per_step=description.task in EVERY_STEP),
    )
    return model


def rates_for(model: keras.Model, recipe: Recipe) -> dict[str, float] | None:
    """The factor of each layer's learning rate that the recipe asks for; None if all are 1."""
    return learning_rates(model, recipe.rate_decay) if recipe.rate_decay != 1 else None


def recipe_optimizer(
    recipe: Recipe, name: str, learning_rate: float, steps: int, rates: Mapping[str, float] | None = None
):
    """An optimizer with the recipe's schedule, weight decay and averages.

    Args:
        recipe: whose they are.
        name: of the optimizer.
        learning_rate: that the schedule starts from.
        steps: of an epoch.
        rates: factor of the learning rate by the layer's name; 1 for all by default.
    """
    rate = get_schedule(
        learning_rate,
        recipe.schedule,
        steps_per_epoch=steps,
        epochs=recipe.epochs,
        warmup=recipe.warmup,
        options=recipe.schedule_options,
    )
    decay, on = recipe.weight_decay, recipe.weight_decay_on
    return get_optimizer(name, rate, weight_decay=decay, weight_decay_on=on, ema=recipe.ema, rates=rates)


def check_answers(model: keras.Model, loss: str, description) -> None:
    """Refuses a model whose inputs are not the data's, or whose answers the loss cannot compare with their targets.

    Raises:
        ValueError: as said; names both sizes.
    """
    check_inputs(model, description)
    gives = model.output_shape[-1]
    task = getattr(model, "task", description.task)
    if (wanted_loss := _OWN_LOSS.get(task)) or loss in _OWN_LOSS.values():
        if loss != wanted_loss:
            fitting = f"{wanted_loss}" if wanted_loss else "another one, such as cross_entropy"
            raise ValueError(f"the loss {loss!r} does not suit {model.name}, whose task is {task}: take {fitting}.")
        return
    by_class = loss in ("cross_entropy", "misclassification", "sparse_categorical_crossentropy")
    wanted = description.classes if by_class else max(1, len(description.outputs))
    if by_class and wanted and gives > 1 and gives != wanted:
        raise ValueError(
            f"{description.name} has {wanted} classes, and the model {gives} answers: leave out its argument classes."
        )
    if gives != wanted:
        raise ValueError(
            f"the loss {loss!r} on {description.name} needs a model with {wanted} output{'s' if wanted != 1 else ''}; "
            f"this one has {gives}. For several classes use cross_entropy, with as many outputs as classes."
        )


def check_inputs(model: keras.Model, description) -> None:
    """Refuses a model that takes other inputs than the data have: of another shape, or fewer tokens.

    Raises:
        ValueError: names what either has.
    """
    if not isinstance(model, ZooModel):  # a user's own says nothing of tokens
        return description.check_inputs(model.input_shape[1:])
    if hasattr(model, "source_tokens"):  # two inputs, source and target, each of any length
        known = model.source_tokens
    else:
        description.check_inputs(model.input_shape[1:])
        known = getattr(model, "tokens", None)
    if (known is None) != (description.input_tokens is None):
        takes, has = ("tokens" if one is not None else "values" for one in (known, description.input_tokens))
        raise ValueError(f"{model.name} takes {takes}; the inputs of {description.name} are {has}.")
    if known is not None and known < (description.input_tokens or 0):
        raise ValueError(
            f"{model.name} knows {known} tokens; the inputs of {description.name} have {description.input_tokens}."
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
    before, now = complete_settings(config.get("recipe", {})), json.loads(json.dumps(recipe.settings()))
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
            "outputs": [asdict(one) for one in description.outputs],
            "input_scales": [asdict(one) for one in description.input_scales],
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "keras": keras.__version__,
            backend: importlib.import_module(backend).__version__,
        },
        "backend": backend,
    }
