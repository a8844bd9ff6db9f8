"""One step on several replicas that is the step of one device: what `tf.distribute` and Keras leave to be done.

Every replica computes the gradients of its part of the global batch. Then, before the optimizer sees anything,

    g = g_1 + g_2 + ... + g_R                                       (an all-reduce)

and from there on every replica does what one device would have done, with equal numbers: clipping, the search for an
overflow, accumulation, moving averages and the update itself, on its own copy of the variables. Nothing else has to be
agreed on. For g to be the gradient of one device's loss, each part's loss is its share of the mean over the global
batch, whether the batch divides evenly or not, weighted or masked:

    L_r = sum of the part's losses / count over all parts

Keras 3 does none of this by itself: it clips, looks for overflows and normalises masks on each replica alone, weighs a
small last part as much as a full one, and cannot branch (accumulation, averages) while replicas wait for one another.
Its own functions are replaced for as long as a step is being traced, in `same_as_one_device`.

Shapes:
    n  samples of the global batch,   m  of this replica's part
"""

import contextlib
import threading
import types
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops
from keras.src.losses import loss as keras_loss

from ...callbacks.keras_internals import leaf_optimizer, replaced, see_part, session_of, summed_before
from ..layers.global_batch import batch_mean, current_part, sum_over_replicas
from .tensorflow_internals import let_replicas_write, updates_of_its_own


def add_up(value):
    """The sum over all replicas of a tensor, or of each tensor of a list. For a replica at work."""
    import tensorflow as tf

    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


@contextlib.contextmanager
def same_as_one_device(model: keras.Model, strategy) -> Iterator[None]:
    """While `model`'s step is traced in this block, on several replicas it is the step of one device.

    Args:
        model: compiled and built, made in the strategy's scope.
        strategy: a `tf.distribute.Strategy`.
    """
    if strategy.num_replicas_in_sync == 1:
        yield
        return
    with contextlib.ExitStack() as stack:
        for name, function in _LOSS_FUNCTIONS.items():
            stack.enter_context(replaced(keras_loss, name, function))
        for optimizer in optimizers_of(model):
            stack.enter_context(summed_before(optimizer))
            stack.enter_context(replaced(optimizer, "apply", types.MethodType(_apply_to_sum(strategy), optimizer)))
            _keep_copies_of_its_own(optimizer)
        sums: list[Any] = []  # losses that are sums over samples
        penalty = types.MethodType(_share_of_penalty(sums), model)
        stack.enter_context(replaced(model, "_aggregate_additional_loss", penalty))
        for layer in model._flatten_layers():
            stack.enter_context(replaced(layer, "_losses", _ListOfThread()))
            if getattr(layer, "activity_regularizer", None) is not None:
                stack.enter_context(replaced(layer, "activity_regularizer", _noting(layer.activity_regularizer, sums)))
            if isinstance(layer, keras.layers.BatchNormalization):
                stack.enter_context(replaced(layer, "_moments", types.MethodType(global_moments, layer)))
            elif not type(layer).__module__.startswith("gradschool."):
                for generator in getattr(layer, "_seed_generators", ()):
                    stack.enter_context(replaced(generator, "next", _seed_of_this_replica(generator)))
        yield


def optimizers_of(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """The model's optimizer, any others that it keeps for a `train_step` of its own, and a callback's, once each."""
    session = session_of(model)
    found = [model.optimizer, *model.__dict__.values(), *(session.optimizers if session else ())]
    return list({id(one): one for one in found if isinstance(one, keras.optimizers.Optimizer)}.values())


# === Loss ===
def _share_of_mean(values, sample_weight=None, reduction="sum_over_batch_size"):
    """This part's share of the reduced loss; the shares of all parts add up to it. In place of `reduce_values`."""
    if reduction in (None, "none"):
        return values
    if len(values.shape) == 0:
        return _by_samples(values)  # a loss function that gives one number: the mean over its samples
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return ops.divide_no_nan(ops.sum(values), sum_over_replicas(ops.cast(ops.sum(sample_weight), values.dtype)))
    return batch_mean(values)


# Keras 3.10 divides by a count a little above the real one.
_ADDED_TO_COUNT = keras.backend.epsilon() if "epsilon" in keras_loss.apply_mask.__code__.co_names else 0.0


def _mask_to_weights(sample_weight, mask, dtype, reduction):
    """Sample weights that leave out what is masked, scaled up by the global batch's count. In place of `apply_mask`.

    In sum(loss * weight) / n the factor n / (number of values not masked) makes a mean over those.
    """
    if mask is None:
        return sample_weight
    weights = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        total = sum_over_replicas(ops.cast(ops.prod(ops.convert_to_tensor(ops.shape(mask), "int32")), dtype))
        valid = sum_over_replicas(ops.sum(weights))
        weights = weights * ops.divide_no_nan(total, valid + _ADDED_TO_COUNT)
    if sample_weight is None:
        return weights
    weights, sample_weight = keras_loss.squeeze_or_expand_to_same_rank(weights, ops.cast(sample_weight, dtype))
    return sample_weight * weights


def _by_samples(value):
    """A number that is a mean over the part's samples (or does not depend on them), as a share: times m / n."""
    part = current_part()
    return value * ops.divide_no_nan(ops.cast(part.count, value.dtype), ops.cast(part.total, value.dtype))


def _share_of_penalty(sums: list[Any]):
    """In place of a model's `_aggregate_additional_loss`, for penalties on outputs and weights, and `add_loss`.

    Keras 3.10 gives penalties on outputs as sums over samples, which add up; later versions divide them by the size of
    the batch. These, and all others, are means over samples or the same for all of them.
    """

    def aggregate(self, loss):
        total = ops.sum(loss)
        return total if any(loss is one for one in sums) else _by_samples(total)

    return aggregate


class _ListOfThread(threading.local):
    """A list for every thread: replicas of one process share the layers, and must not share the losses kept there."""

    def __init__(self):
        self._own: list[Any] = []

    def extend(self, losses) -> None:
        self._own.extend(losses)

    def clear(self) -> None:
        self._own.clear()

    def __getitem__(self, places):
        return self._own[places]


def _noting(regularizer, sums: list[Any]):
    def penalty(outputs):
        sums.append(regularizer(outputs))
        return sums[-1]

    return penalty


_LOSS_FUNCTIONS = {
    "reduce_values": _share_of_mean,
    "apply_mask": _mask_to_weights,
    "unscale_loss_for_distribution": sum_over_replicas,  # the loss as it is logged
}


# === Optimizer ===
def _apply_to_sum(strategy):
    """In place of an optimizer's `apply`: first the sum over replicas, then the same on each of them."""

    def apply(self, gradients, trainable_variables=None):
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if not leaf_optimizer(self).gradient_accumulation_steps:  # otherwise the micro-batches are the parts
            see_part(self, gradients, variables, strategy.num_replicas_in_sync)
        given = [place for place, one in enumerate(gradients) if one is not None]
        gradients = list(gradients)
        for place, summed in zip(given, add_up([gradients[place] for place in given]), strict=True):
            gradients[place] = summed
        with updates_of_its_own(strategy):
            type(self).apply(self, gradients, variables)

    return apply


def _keep_copies_of_its_own(optimizer) -> None:
    """Lets replicas write their own copies of the counters (steps, overflow scale): all write the same."""
    for variable in (*optimizer.variables, *leaf_optimizer(optimizer).variables):
        let_replicas_write(variable.value)


# === Layers ===
def global_moments(self, inputs, mask):
    """Mean and variance over the global batch, in place of `BatchNormalization`'s over the replica's part.

        mean = sum x / n,   variance = sum (x - mean)^2 / n         (n counts what is not masked)

    In two passes, as on one device: the mean of squares less the square of the mean would lose digits.
    """
    axes = self._reduction_axes
    weights = ops.ones_like(inputs) if mask is None else ops.cast(ops.expand_dims(mask, -1), inputs.dtype)
    weights = ops.broadcast_to(weights, ops.shape(inputs))
    counts = sum_over_replicas(ops.sum(weights, axes))  # (C,)
    if mask is not None:
        counts = counts + keras.backend.epsilon()  # as Keras does
        inputs = ops.where(weights > 0, inputs, 0)
    mean = sum_over_replicas(ops.sum(inputs, axes)) / counts
    shape = [1 if axis in axes else -1 for axis in range(len(inputs.shape))]
    distance = (inputs - ops.reshape(mean, shape)) * weights
    return mean, sum_over_replicas(ops.sum(ops.square(distance), axes)) / counts


def _seed_of_this_replica(generator):
    """A `SeedGenerator.next` that tells replicas apart, for layers that know nothing of the global batch."""

    def next_seed(ordered=True):
        import tensorflow as tf

        seed = type(generator).next(generator, ordered)
        replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, seed.dtype)
        return seed + tf.stack([replica * 0x9E3779B1, tf.zeros_like(replica)])  # odd: different for every replica

    return next_seed
