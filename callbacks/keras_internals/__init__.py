"""The private parts of Keras that this project touches; tried on Keras 3.10, 3.12 and 3.15.

- `gradient_stages.py`: what every update of the optimizer passes through; gradients are seen there, and changed
- `update_hooks.py`: which of the optimizer's methods are replaced for that, and by what
- `gradient_values.py`: values of gradients, dense or of some rows of a variable
- `fit_session.py`: changes to a model that last for one fit, however that ends
- `training_copies.py`: several trainings of one model inside its own step; `copies_on_jax.py`: how their values travel
- `building.py`: variables that only the first step would make
- `layer_tree.py`: what a model consists of; `layer_outputs.py`: what its layers give in training steps
- `step_variables.py`: variables that the compiled step carries along
- `steps_per_call.py`: several steps in one call of Keras's loop
- `monitored.py`: which of two values of a metric is the better one
- `optimizer_copies.py`: optimizers made like others
- `compiled_updates.py`: updates of optimizers, compiled by XLA once for many
- `learning_rate.py`: a learning rate that follows from the number of the step
- `snapshots.py`: all that training changes, copied and put back
- `output_layers.py`: which layers give a model's outputs; `answer_masks.py`: which of their steps are no padding
- `model_parts.py`: optimizers, layers and weights that need telling apart
- `random_state.py`: the state of the global random generator
"""

from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .answer_masks import mask_of, put_mask_on
from .building import build_all, shuffles_samples
from .compiled_updates import compiling_pays, number_of_kinds
from .fit_session import FitSession, close_session, refuse_tf_function, replaced, session_of
from .gradient_stages import GradientStage, add_stage, gradient_stages, remove_stage, stages_of, summed_before
from .gradient_values import dense_gradient, gradient_values, half_sum_of_squares, multiply_or_zero, with_values
from .layer_outputs import LayerCall, LayerWatch
from .layer_tree import Node, channel_axis, is_built, is_written_in_keras, layer_tree, names_in_call
from .learning_rate import learning_rate_by_step
from .model_parts import (
    axes_of_units,
    leaf_optimizer,
    number_of_replicas,
    number_of_updates,
    parts_of_update,
    refuse_several_optimizers,
)
from .monitored import is_higher_better, more_is_better
from .optimizer_copies import fresh_optimizer, other_optimizers, refuse_stateful_layers, scaling_like
from .output_layers import output_layers
from .random_state import global_seed_state
from .snapshots import Snapshot, write_back_state
from .step_variables import add_to, step_variable
from .steps_per_call import make_several_steps_a_call
from .training_copies import TrainingCopies, scope_of
from .update_hooks import see_part

__all__ = [
    "FitSession",
    "GradientStage",
    "LayerCall",
    "LayerWatch",
    "Node",
    "Snapshot",
    "TrainingCopies",
    "add_stage",
    "add_to",
    "axes_of_units",
    "build_all",
    "channel_axis",
    "close_session",
    "compiling_pays",
    "dense_gradient",
    "fresh_optimizer",
    "global_seed_state",
    "gradient_stages",
    "gradient_values",
    "half_sum_of_squares",
    "is_built",
    "is_higher_better",
    "is_written_in_keras",
    "layer_tree",
    "leaf_optimizer",
    "learning_rate_by_step",
    "make_several_steps_a_call",
    "mask_of",
    "more_is_better",
    "multiply_or_zero",
    "names_in_call",
    "number_of_kinds",
    "number_of_replicas",
    "number_of_updates",
    "other_optimizers",
    "output_layers",
    "parts_of_update",
    "put_mask_on",
    "refuse_several_optimizers",
    "refuse_stateful_layers",
    "refuse_tf_function",
    "remove_stage",
    "replaced",
    "scaling_like",
    "scope_of",
    "see_part",
    "session_of",
    "shuffles_samples",
    "stages_of",
    "step_variable",
    "summed_before",
    "tf",
    "with_values",
    "write_back_state",
]
