"""Run as a program: trainings with one thing in each that Keras and tf.distribute get wrong on several replicas.

    python upstream_traps.py OUT.json one|mirrored|collectives|multiworker

Every case is trained from the same seed by Keras's own `fit`, by the engine, and by the engine with a remedy taken out.
The file has, by case and by who trained it, the weights and the history, or the error.
"""

import contextlib
import faulthandler
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from keras.src.losses import loss as keras_loss

from gradschool.zoo.engine import replicas
from gradschool.zoo.engine.loop import Loop
from gradschool.zoo.engine.replicas import add_up, replaced
from gradschool.zoo.engine.strategies import get_strategy, split_cpu
from gradschool.zoo.engine.use import use_engine
from gradschool.zoo.layers import dropout
from gradschool.zoo.layers.dropout import Dropout

SAMPLES, FEATURES, BATCH = 22, 6, 8  # batches of 8, 8 and 6; the last is 3 and 3


@dataclass(frozen=True)
class Trap:
    """A training.

    Args:
        build: gives the compiled model.
        samples: gives x and y.
        fit: further arguments of `fit`.
        without: by name, what takes a remedy out for the time of a block.
        floats: the dtype policy.
    """

    build: Callable[[], keras.Model]
    samples: Callable[[], tuple[Any, Any]]
    fit: Mapping[str, Any] = field(default_factory=dict)
    without: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    floats: str = "float32"


# === Samples ===
def vectors(count: int = SAMPLES):
    rng = np.random.default_rng(7)
    return rng.normal(size=(count, FEATURES)).astype("float32"), rng.normal(size=(count, 1)).astype("float32")


def with_an_outlier():
    """Row 5, which the second of two replicas sees, overflows in float16; nothing else does."""
    x, y = vectors()
    x[5] *= 1e7
    return x, y


def masked():
    """Sequences of which the first replica's are short and the second's long."""
    rng = np.random.default_rng(8)
    lengths = np.where(np.arange(SAMPLES) % BATCH < BATCH // 2, 1, 5)
    tokens = rng.integers(1, 9, (SAMPLES, 5)) * (np.arange(5) < lengths[:, None])
    return tokens.astype("int32"), rng.normal(size=(SAMPLES, 5, 1)).astype("float32")


def rows_of_a_mask():
    """Samples that know their number, and ones to drop."""
    return {"number": np.eye(8, dtype="float32"), "ones": np.ones((8, 64), "float32")}, np.zeros((8, 64), "float32")


def numbered():
    return np.arange(16, dtype="float32")[:, None], np.zeros((16, 1), "float32")


# === Models ===
def regression(*between, optimizer=None, **dense):
    """A function that builds 6 -> 5 -> 1 with the layers of `between` in the middle."""

    def build():
        inputs = keras.Input((FEATURES,))
        x = layers.Dense(5, activation="tanh", **dense)(inputs)
        for layer in between:
            x = layer()(x)
        model = keras.Model(inputs, layers.Dense(1, dtype="float32")(x))
        model.compile((optimizer or keras.optimizers.SGD)(learning_rate=0.1), "mse", jit_compile=False)
        return model

    return build


def sgd(**kwargs):
    return lambda learning_rate: keras.optimizers.SGD(learning_rate, **kwargs)


def loss_scaling(learning_rate):
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(learning_rate), initial_scale=2.0**6)


def tagger():
    inputs = keras.Input((5,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(inputs)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
    return model


def showing_its_mask(kind):
    """A function that builds a model whose kernel is, after one step, the mask that `kind` of layer drew."""

    def build():
        number, ones = keras.Input((8,), name="number"), keras.Input((64,), name="ones")
        rows = layers.Dense(64, use_bias=False, kernel_initializer="zeros")(number)
        model = keras.Model({"number": number, "ones": ones}, layers.Multiply()([rows, kind(0.5)(ones)]))
        model.compile(keras.optimizers.SGD(8.0 * 64), lambda y, outputs: ops.mean(outputs, -1), jit_compile=False)
        return model

    return build


def two_with_penalty():
    """A penalty on the outputs of a layer before one at which replicas wait for each other."""
    inputs = keras.Input((FEATURES,))
    x = layers.Dense(5, activation="tanh", activity_regularizer=keras.regularizers.L2(0.1))(inputs)
    x = layers.BatchNormalization(synchronized=True)(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return model


@keras.saving.register_keras_serializable(package="tests")
class Logging(keras.Sequential):
    """Adds a key of its own to the logs."""

    def train_step(self, data):
        return {**super().train_step(data), "two": ops.convert_to_tensor(2.0)}


def logging():
    model = Logging([keras.Input((FEATURES,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"], jit_compile=False)
    return model


class Remembering(keras.Model):
    """Keeps the samples' numbers in the order in which they came."""

    def __init__(self):
        super().__init__()
        self.seen = self.add_weight((3 * 16,), "zeros", trainable=False, name="seen")
        self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")
        self.dense = layers.Dense(1)

    def call(self, inputs, training=False):
        return self.dense(inputs)

    def train_step(self, data):
        x, _ = data
        self.seen.assign(ops.slice_update(self.seen.value, [self.count.value], x[:, 0]))
        self.count.assign_add(ops.shape(x)[0])
        return self.compute_metrics(x, x, x)


def remembering():
    model = Remembering()
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return model


# === Remedies taken out ===
def out(owner, name, value):
    """For the time of a block, `owner.name` is `value`."""
    return lambda: replaced(owner, name, value)


def out_of_losses(name):
    """A loss function is Keras's own."""
    return lambda: replaced(replicas, "_LOSS_FUNCTIONS", {**replicas._LOSS_FUNCTIONS, name: getattr(keras_loss, name)})


@contextlib.contextmanager
def without_sum_first():
    """Gradients are summed where Keras does it: behind clipping, and behind the search for an overflow."""
    summed_before = replaced(replicas, "summed_before", lambda optimizer: contextlib.nullcontext())
    with replaced(replicas, "add_up", lambda gradients: gradients), summed_before:
        yield


@contextlib.contextmanager
def without_switch():
    """Replicas wait for one another at every update."""

    def only_sum(strategy):
        def apply(self, gradients, trainable_variables=None):
            type(self).apply(self, add_up(list(gradients)), trainable_variables)

        return apply

    with replaced(replicas, "_apply_to_sum", only_sum):
        yield


@contextlib.contextmanager
def without_metrics_of_all():
    """What a step logs is what counts, as in Keras's `fit`, if it logs anything beside the metrics."""

    @contextlib.contextmanager
    def tracing(self):
        with before(self):
            self._metrics = set()
            yield

    before = Loop._tracing
    Loop._tracing = tracing
    try:
        yield
    finally:
        Loop._tracing = before


def keras_seed(generator):
    return lambda ordered=True: type(generator).next(generator, ordered)


def keras_penalty(sums):
    return lambda self, loss: keras.Model._aggregate_additional_loss(self, loss)


NO_SUM_AT_ALL = {"sum": out(replicas, "add_up", lambda gradients: gradients)}  # summed later, replicas would hang
NO_SUM = {"sum_first": without_sum_first}
NO_SWITCH = {"switch": without_switch}
NO_OWN_COPIES = {"own_copies": out(replicas, "_keep_copies_of_its_own", lambda optimizer: None)}
L2 = keras.regularizers.L2(0.3)
TRAPS = {
    "losses_shared_by_threads": Trap(
        two_with_penalty, lambda: vectors(19), without={"lists": out(replicas, "_ListOfThread", list)}
    ),
    "clip_by_global_norm": Trap(regression(optimizer=sgd(global_clipnorm=0.1)), vectors, without=NO_SUM),
    "clip_by_norm": Trap(regression(optimizer=sgd(clipnorm=0.1)), vectors, without=NO_SUM),
    "clip_by_value": Trap(regression(optimizer=sgd(clipvalue=0.02)), vectors, without=NO_SUM),
    "overflow_of_one_replica": Trap(
        regression(optimizer=loss_scaling),
        with_an_outlier,
        without=NO_SUM_AT_ALL | NO_OWN_COPIES,
        floats="mixed_float16",
    ),
    "keras_dropout": Trap(
        showing_its_mask(layers.Dropout),
        rows_of_a_mask,
        {"batch_size": 8, "epochs": 1},
        {"seeds": out(replicas, "_seed_of_this_replica", keras_seed)},
    ),
    "zoo_dropout": Trap(
        showing_its_mask(Dropout),
        rows_of_a_mask,
        {"batch_size": 8, "epochs": 1},
        {"draw": out(dropout, "draw_for_samples", lambda draw, shape: draw(shape))},
    ),
    "first_batch_not_divisible": Trap(regression(), lambda: vectors(7), {"batch_size": 7}),
    "uneven_last_batch": Trap(regression(), lambda: vectors(19), without={"mean": out_of_losses("reduce_values")}),
    "masked_loss": Trap(tagger, masked, without={"mask": out_of_losses("apply_mask")}),
    "batch_normalization": Trap(
        regression(layers.BatchNormalization),
        vectors,
        without={"moments": out(replicas, "global_moments", layers.BatchNormalization._moments)},
    ),
    "gradient_accumulation": Trap(
        regression(optimizer=sgd(gradient_accumulation_steps=2)), vectors, without=NO_SWITCH | NO_OWN_COPIES
    ),
    "moving_average": Trap(
        regression(optimizer=sgd(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)), vectors
    ),
    "penalty_on_outputs": Trap(
        regression(activity_regularizer=L2),
        lambda: vectors(19),
        without={"penalty": out(replicas, "_share_of_penalty", keras_penalty)},
    ),
    "key_of_its_own": Trap(
        logging,
        lambda: vectors(19),
        without={"metrics": without_metrics_of_all, "loss": out_of_losses("unscale_loss_for_distribution")},
    ),
}
ON_ONE_DEVICE = {"order_of_samples": Trap(remembering, numbered, {"epochs": 3, "shuffle": True})}


# === Running ===
def train(trap: Trap, strategy, by_engine: bool) -> dict[str, Any]:
    """Weights and history."""
    keras.config.set_dtype_policy(trap.floats)
    keras.utils.set_random_seed(0)
    try:
        with strategy.scope():
            model = trap.build()
        if by_engine:
            use_engine(model)
        x, y = trap.samples()
        settings = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0, **trap.fit}
        history = model.fit(x, y, **settings)
        return {
            "weights": [np.asarray(one, "float64").tolist() for one in model.get_weights()],
            "history": {name: [float(one) for one in values] for name, values in history.history.items()},
        }
    except Exception as error:  # noqa: BLE001  whatever Keras raises is the result
        return {"error": f"{type(error).__name__}: {error}"[:2000]}
    finally:
        keras.config.set_dtype_policy("float32")


def results(setting: str) -> Iterator[tuple[str, Any]]:
    """By case: who trained it, and what came out."""
    if setting == "one":
        for name, trap in (TRAPS | ON_ONE_DEVICE).items():
            yield name, {who: train(trap, get_strategy("one"), who == "engine") for who in ("keras", "engine")}
        return
    if setting == "collectives":
        yield "several_steps", several_steps_with_collectives()
        return
    if setting == "multiworker":
        strategy = get_strategy("multiworker")
        found = {who: train(TRAPS["uneven_last_batch"], strategy, who == "engine") for who in ("keras", "engine")}
        yield "uneven_last_batch", found
        return
    strategy = get_strategy("mirrored", 2)
    for name, trap in TRAPS.items():
        print(name, flush=True)
        found = {who: train(trap, strategy, who == "engine") for who in ("keras", "engine")}
        for remedy, taken_out in trap.without.items():
            print(name, "without", remedy, flush=True)
            with taken_out():
                found[remedy] = train(trap, strategy, by_engine=True)
        yield name, found


def several_steps_with_collectives() -> dict[str, Any]:
    """Several steps in one call, with the sums that `MirroredStrategy` makes by default."""
    import tensorflow as tf

    split_cpu(2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    def build():
        model = regression()()
        model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False, steps_per_execution=2)
        return model

    return {"keras": train(Trap(build, vectors), strategy, by_engine=False)}


def main() -> None:
    """The process."""
    out_path, setting = Path(sys.argv[1]), sys.argv[2]
    faulthandler.dump_traceback_later(300, exit=True)  # replicas that wait for each other say where
    found = dict(results(setting))
    if setting != "multiworker" or json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 0:
        out_path.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
