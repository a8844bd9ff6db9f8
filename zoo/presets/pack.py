"""Makes a preset from a run folder: `python -m gradschool.zoo.presets.pack RUN NAME`."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..engine.opening import load_model_file
from ..engine.run_folder import RunFolder
from ..files import write_json, written_whole
from ..recipes import find_recipe, get_recipe, list_recipes
from ..recipes.recipe import complete_settings
from . import FOLDER, sha256


def pack_preset(run: Path | str, name: str, into: Path = FOLDER) -> dict[str, Any]:
    """Writes `NAME.weights.h5` and its card `NAME.json`.

    Args:
        run: the run folder of a finished fit.
        name: of the preset, such as "lenet5_mnist".
        into: the folder of presets.

    Returns:
        The card.

    Raises:
        ValueError: if the run is not a finished one, or followed other settings than the recipe's.
    """
    folder = RunFolder(run)
    config, metrics = folder.read_config(), folder.read_metrics()
    if config.get("status") != "finished":
        raise ValueError(f"{folder.path} is not a finished fit: its status is {config.get('status')!r}.")
    if config["fold"]:
        raise ValueError(f"{folder.path} is one fold of a cross-validation; fit the recipe without --folds.")
    settings = complete_settings(config["recipe"])
    found = find_recipe(settings["model"], settings["data"])
    named = settings["name"] in list_recipes() and settings["name"] != found.name  # one of several
    recipe = replace(get_recipe(settings["name"]) if named else found, seed=settings["seed"])
    if recipe.settings() != settings:
        raise ValueError(f"{folder.path} did not follow the recipe {recipe.name!r}, so nobody could repeat the preset.")
    by_name = f" --recipe {recipe.name}" if named else ""
    trained = load_model_file(folder.model_path)
    bare = type(trained).from_config(trained.get_config())  # without the optimizer, whose state would be saved too
    bare.set_weights(trained.get_weights())
    with written_whole(into / f"{name}.weights.h5") as unfinished:
        bare.save_weights(unfinished)
    left_to_the_user = ("name", "trainable", "dtype")
    model_config = {key: value for key, value in config["model"]["config"].items() if key not in left_to_the_user}
    card = {
        "name": name,
        "class": config["model"]["class"],
        "model": config["model"]["name"],
        "config": model_config,
        "data": config["data"]["name"],
        "class_names": config["data"]["class_names"],
        "outputs": config["data"].get("outputs", []),
        "recipe": settings,
        "test": {**metrics["test"], "samples": config["data"]["samples"]["test"]},
        "sha256": sha256(into / f"{name}.weights.h5"),
        "command": f"gradschool fit {recipe.model} --data {recipe.data}{by_name} --seed {recipe.seed}",
        "versions": {"gradschool": config["gradschool"], **config["versions"]},
    }
    write_json(into / f"{name}.json", card)
    return card


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    arguments = parser.parse_args()
    print(json.dumps(pack_preset(arguments.run, arguments.name), indent=2))
