"""Tasks that are made to need a memory, on which recurrent networks are told apart."""

from typing import Any

from .recipe import Measured, Recipe

_LONG: dict[str, Any] = {"batch_size": 64, "clip": {"global_norm": 1.0}}
_VALUES: dict[str, Any] = {"loss": "mean_squared_error", "metrics": ("mean_squared_error",)}
_STEPS: dict[str, Any] = {"metrics": ("nats", "token_accuracy")}
_CELLS = ("lstm", "gru", "rnn")

# Mean squared error and its deviation over the seeds.
_ADDING = {"lstm": (0.0011, 0.0009), "gru": (0.0005, 0.0002), "rnn": (0.167, 0.002)}

_COPIED = Measured(
    "nats", 0.030, 0.008, "3 seeds", "gradschool fit lstm_tagger --data copy_memory --seeds 3", "nats a step"
)


def _opened(cell: str, steps: int) -> dict[str, Any]:
    """Gates that are open for the whole task; the plain cell has none."""
    return {} if cell == "rnn" else {"memory": steps}


RECIPES = (
    *(
        Recipe(
            f"{cell}_classifier_temporal_order",
            f"{cell}_classifier",
            "temporal_order",
            20,
            **_LONG,
            learning_rate=2e-3,
            model_config={"units": 64, **_opened(cell, 100)},
        )
        for cell in _CELLS
    ),
    *(
        Recipe(
            f"{cell}_regressor_adding_problem",
            f"{cell}_regressor",
            "adding_problem",
            20,
            **_LONG,
            **_VALUES,
            learning_rate=2e-3,
            model_config={"units": 64, **_opened(cell, 200)},
            measured=Measured(
                "mean_squared_error",
                *_ADDING[cell],
                "3 seeds",
                f"gradschool fit {cell}_regressor --data adding_problem --seeds 3",
                "mean squared error",
            ),
        )
        for cell in _CELLS
    ),
    *(
        Recipe(
            f"{cell}_tagger_copy_memory",
            f"{cell}_tagger",
            "copy_memory",
            40,
            **_LONG,
            **_STEPS,
            learning_rate=2e-3,
            model_config=_opened(cell, 70),
            measured=_COPIED if cell == "lstm" else None,
        )
        for cell in _CELLS
    ),
    *(Recipe(f"{cell}_tagger_filling_in", f"{cell}_tagger", "filling_in", 15, **_LONG, **_STEPS) for cell in _CELLS),
    *(
        Recipe(f"{cell}_classifier_sequential_digits", f"{cell}_classifier", "sequential_digits", 30, 32)
        for cell in _CELLS
    ),
)
