"""gradschool: a deep-learning course that runs, on Keras 3.

    gradschool.zoo         models from the perceptron on, their data and the recipes that fit them
    gradschool.callbacks   diagnostics for any Keras user's `fit`
    gradschool.courseware  lessons, experiments and assignments

The three packages load on first use: importing gradschool imports neither Keras nor TensorFlow.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # so that editors know what `gradschool.` offers
    from . import callbacks, courseware, zoo

__version__ = "0.1.0"
__all__ = ["__version__", "callbacks", "courseware", "zoo"]


def __getattr__(name: str) -> ModuleType:
    if name in ("callbacks", "courseware", "zoo"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
