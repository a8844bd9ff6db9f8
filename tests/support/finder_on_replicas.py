"""A learning-rate range test on one device or several, as a program: prints what it saw and what it left, as JSON.

python finder_on_replicas.py WAY:REPLICAS ..., where the ways are plain, engine and workers: a line for each
"""

import contextlib
import json
import sys

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from gradschool import callbacks, zoo  # noqa: E402
from split_cpu import replicas_strategy, split_for  # noqa: E402


def main(*runs: str) -> None:
    """Runs the test in every way, and prints its losses and whether every copy of every weight is as before."""
    split_for(runs)
    for run in runs:
        way, replicas = run.split(":")
        strategy = zoo.get_strategy("multiworker") if way == "workers" else replicas_strategy(int(replicas))
        print(json.dumps({"run": run, "results": found(strategy, way)}))


def found(strategy, way: str):
    """The losses, the suggestion, and whether everything is as before."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(32, 6)).astype("float32"), rng.normal(size=(32, 1)).astype("float32")
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.01), "mse")
    if way != "plain":
        zoo.use_engine(model)
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0}
    model.fit(x, y, epochs=1, **arguments)
    before = copies(model)
    finder = callbacks.LearningRateFinder(1e-4, 10.0, steps=40, smoothing=4)
    model.fit(x, y, epochs=20, callbacks=[finder], **arguments)
    same = all(np.array_equal(one, other) for one, other in zip(before, copies(model), strict=True))
    return {"rows": finder.rows, "suggestion": finder.suggestion, "as before": same}


def copies(model) -> list[np.ndarray]:
    """Every replica's copy of every weight and of the optimizer's state."""
    natives = [one.value for one in (*model.variables, *model.optimizer.variables)]
    return [part.numpy().copy() for one in natives for part in getattr(one, "values", (one,))]


if __name__ == "__main__":
    main(*sys.argv[1:])
