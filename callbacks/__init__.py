"""Callbacks for any Keras project: `model.fit(..., callbacks=[...])`, without the zoo.

GradientClipping      clips gradients, by six rules, and says how often
GradientMonitor       gradients and updates layer by layer, vanishing and exploding ones by name
DeadUnitTracker       units that never fire, saturated units
OptimizerComparison   several optimizers on the very same batches within one fit; `compare_optimizers` over seeds
LearningRateFinder    the range of learning rates that train
TrainingDoctor        what is wrong with a training run, in plain words
write_report          everything on one page of HTML
"""

import importlib
from typing import Any

if __name__ != "gradschool.callbacks":
    raise ImportError(f"this package is gradschool.callbacks, not {__name__}: write `from gradschool import callbacks`")

_HOME = {
    "DeadUnitTracker": "dead_unit_tracker",
    "GradientClipping": "gradient_clipping",
    "GradientMonitor": "gradient_monitor",
    "LearningRateFinder": "learning_rate_finder",
    "NonFiniteGradientError": "gradient_clipping",
    "OptimizerComparison": "optimizer_comparison",
    "TrainingDoctor": "training_doctor",
    "compare_optimizers": "optimizer_study",
    "write_report": "report",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
