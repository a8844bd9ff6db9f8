"""The gradient callbacks on one device and on several, as a program: prints what each measured, as JSON.

python callbacks_on_replicas.py plain|engine|workers REPLICAS
"""

import contextlib
import json
import sys

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from gradschool import callbacks, zoo  # noqa: E402

SAMPLES, BATCH, EPOCHS = 32, 8, 2
RULES = {"global_norm": 0.3, "norm": 0.2, "value": 0.05, "normalize": 0.3, "adaptive": 0.02, "percentile": 30}


def main(way: str, replicas: int) -> None:
    """Trains with every rule under the strategy, and prints the figures."""
    if way == "workers":
        strategy = zoo.get_strategy("multiworker")
    elif replicas > 1:
        cpus = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * replicas)
        names = [f"CPU:{number}" for number in range(replicas)]
        reduction = tf.distribute.ReductionToOneDevice()  # the default hangs or fails on CPUs
        strategy = tf.distribute.MirroredStrategy(names, cross_device_ops=reduction)
    else:
        strategy = None
    results = {rule: train(strategy, way, **{rule: limit}) for rule, limit in RULES.items()}
    results["skip"] = train(strategy, way, bad=True, value=0.05, nonfinite="skip")
    print(json.dumps(results))


def train(strategy, way: str, bad: bool = False, **clipping):
    """Trains one model; gives its weights and what the callbacks found."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(SAMPLES, 6)).astype("float32"), rng.normal(size=(SAMPLES, 1)).astype("float32")
    if bad:
        x[BATCH * 2 + BATCH - 1] = np.nan  # on the last replica
    with strategy.scope() if strategy else contextlib.nullcontext():
        layers = [keras.layers.Dense(5, activation="tanh", name="hidden"), keras.layers.Dense(1, name="last")]
        model = keras.Sequential([keras.Input((6,)), *layers])
        model.compile(keras.optimizers.Adam(0.01), "mse")
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
    main(sys.argv[1], int(sys.argv[2]))
