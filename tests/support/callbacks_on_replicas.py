"""The gradient callbacks on one device and on several, as a program: prints what each measured, as JSON.

python callbacks_on_replicas.py WAY:REPLICAS ..., where the ways are plain, engine and workers: a line for each
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

SAMPLES, BATCH, EPOCHS = 32, 8, 2
RULES = {"global_norm": 0.3, "norm": 0.2, "value": 0.05, "normalize": 0.3, "adaptive": 0.02, "percentile": 30}
OF_MANY = ("global_norm", "percentile")  # rules that four replicas try as well


def main(*runs: str) -> None:
    """Trains with every rule in every way, and prints the figures."""
    split_for(runs)
    for run in runs:
        way, replicas = run.split(":")
        strategy = zoo.get_strategy("multiworker") if way == "workers" else replicas_strategy(int(replicas))
        print(json.dumps({"run": run, "results": measured(strategy, way, OF_MANY if replicas == "4" else RULES)}))


def measured(strategy, way: str, rules):
    """The figures by what was tried."""
    results = {rule: train(strategy, way, **{rule: RULES[rule]}) for rule in rules}
    results["skip"] = train(strategy, way, bad=True, value=0.05, nonfinite="skip")
    if len(rules) == len(RULES):
        results["scaled"] = train(strategy, way, scale=8.0, value=RULES["value"])
    if strategy is None or way != "plain":  # Keras cannot accumulate on replicas
        results["accumulated"] = train(strategy, way, bad=True, accumulate=2, value=0.05, nonfinite="skip")
    return results


def train(strategy, way: str, bad: bool = False, accumulate: int | None = None, scale: float = 0.0, **clipping):
    """Trains one model; gives its weights and what the callbacks found."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(SAMPLES, 6)).astype("float32"), rng.normal(size=(SAMPLES, 1)).astype("float32")
    if bad:
        x[BATCH * 2 + BATCH - 1] = np.nan  # on the last replica
    with strategy.scope() if strategy else contextlib.nullcontext():
        layers = [keras.layers.Dense(5, activation="tanh", name="hidden"), keras.layers.Dense(1, name="last")]
        model = keras.Sequential([keras.Input((6,)), *layers])
        optimizer = keras.optimizers.Adam(0.01, gradient_accumulation_steps=accumulate)
        model.compile(keras.optimizers.LossScaleOptimizer(optimizer, scale) if scale else optimizer, "mse")
    if way != "plain":
        zoo.use_engine(model)
    clip = callbacks.GradientClipping(**clipping)
    monitor = callbacks.GradientMonitor(every=1, noise_scale=True)
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[monitor, clip])
    return {
        "weights": [keras.ops.convert_to_numpy(one).tolist() for one in model.trainable_variables],
        "iterations": int(model.optimizer.iterations.numpy()),
        "clipping": clip.results.to_dict("records"),
        "gradients": monitor.results.to_dict("records"),
        "noise": monitor.noise.to_dict("records"),
        "left": [name for name in (*model.__dict__, *model.optimizer.__dict__) if "gradschool_stages" in name],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
