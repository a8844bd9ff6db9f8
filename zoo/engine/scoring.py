"""A trained model measured on data: its own, or other."""

from pathlib import Path

from ..data import load_data
from ..errors import unknown_name
from ..layers.losses import get_loss
from .evaluation import score
from .opening import Trained

PARTS = ("train", "validation", "test")


def score_trained(
    trained: Trained, data: str | None = None, data_dir: Path | None = None, part: str = "test"
) -> dict[str, float]:
    """Loss and metrics of a trained model on one part of a data set.

    Args:
        trained: the model, as `open_model` gives it.
        data: a data set in place of its own.
        data_dir: folder of prepared data sets.
        part: "train", "validation" or "test"; of its own data, the very parts it was trained with.

    Raises:
        ValueError: if the data are unknown, of another shape, or of other classes.
    """
    if part not in PARTS:
        raise unknown_name("part", part, PARTS)
    own = data in (None, trained.data)
    name = trained.data if data is None else data
    if name is None:
        raise ValueError("this file does not say what it was trained on; name the data with --data.")
    recipe = trained.recipe
    split = {"seed": recipe.get("seed", 0), "fold": trained.fold, **recipe.get("data_options", {})} if own else {}
    loaded = load_data(name, data_dir=data_dir, batch_size=recipe.get("batch_size", 128), **split)
    if not loaded.description.samples[part]:
        raise ValueError(f"{name} has no {part} part.")
    _check_fit(trained, loaded.description)
    if not trained.model.compiled:
        trained.model.compile(loss=get_loss(recipe["loss"]), metrics=list(recipe["metrics"]))
    return score(trained.model, getattr(loaded, part))


def _check_fit(trained: Trained, description) -> None:
    takes, gives = trained.model.input_shape[1:], trained.model.output_shape[-1]
    if tuple(takes) != tuple(description.input_shape):
        raise ValueError(
            f"the model takes inputs of shape {tuple(takes)}; those of {description.name} are "
            f"{tuple(description.input_shape)}."
        )
    if description.classes and gives > 1 and gives != description.classes:
        raise ValueError(f"the model tells {gives} classes apart; {description.name} has {description.classes}.")
