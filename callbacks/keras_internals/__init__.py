"""The private parts of Keras that this project touches; tried on Keras 3.10, 3.12 and 3.15.

gradient_stages.py  what the optimizer's updates pass through: gradients seen and changed behind the sum over replicas
fit_session.py      changes to a model that last for one fit, however that ends
random_state.py     the state of the global random generator
"""

from .fit_session import FitSession, close_session, rebuild_step, replaced, session_of
from .gradient_stages import (
    GradientStage,
    add_stage,
    gradient_stages,
    gradient_values,
    is_sparse,
    leaf_optimizer,
    remove_stage,
    rows_like,
    scale_gradient,
    see_part,
    stages_of,
    summed_before,
    with_values,
)
from .random_state import global_seed_state

__all__ = [
    "FitSession",
    "GradientStage",
    "add_stage",
    "close_session",
    "global_seed_state",
    "gradient_stages",
    "gradient_values",
    "is_sparse",
    "leaf_optimizer",
    "rebuild_step",
    "remove_stage",
    "replaced",
    "rows_like",
    "scale_gradient",
    "see_part",
    "session_of",
    "stages_of",
    "summed_before",
    "with_values",
]
