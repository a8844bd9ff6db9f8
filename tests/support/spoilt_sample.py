"""Run as a program: on 2 replicas, a sample that is no number ends the training. Prints what was said and what is left.

python spoilt_sample.py arrays|stream
"""

import json
import sys

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from gradschool import zoo  # noqa: E402
from gradschool.zoo.engine.state import read_variables  # noqa: E402
from gradschool.zoo.engine.trouble import NotFiniteError  # noqa: E402

BATCH, BAD_STEP = 5, 2


def train(strategy, feed: str, spoilt: bool):
    """The state after the good steps before `BAD_STEP`, and the error, if it was to go on to that one."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        layers = [keras.layers.Dense(3), keras.layers.BatchNormalization(), zoo.Dropout(0.5), keras.layers.Dense(1)]
        model = zoo.use_engine(keras.Sequential([keras.Input((6,)), *layers]))
        model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4 * BATCH, 6)).astype("float32"), rng.normal(size=(4 * BATCH, 1)).astype("float32")
    x[BATCH * BAD_STEP + 3, 1] = np.nan
    if not spoilt:
        x, y = x[: BATCH * BAD_STEP], y[: BATCH * BAD_STEP]
    error = None
    try:
        if feed == "stream":
            model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), verbose=0)
        else:
            model.fit(x, y, BATCH, shuffle=False, verbose=0)
    except NotFiniteError as caught:
        error = str(caught)
    return read_variables(model, strategy), error


def main(feed: str) -> None:
    """Trains with and without the steps from the bad one on."""
    strategy = zoo.get_strategy("mirrored", 2)
    (expected, _), (left, error) = (train(strategy, feed, spoilt) for spoilt in (False, True))
    same = [bool(np.array_equal(one, other)) for one, other in zip(expected, left, strict=True)]
    print(json.dumps({"error": error, "same": same}))


if __name__ == "__main__":
    main(sys.argv[1])
