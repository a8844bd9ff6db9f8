"""A training that kills itself, with SIGKILL, at the instant it is told; called again, it goes on.

python mortal_training.py SETTINGS ..., each in a process of its own, which has no more of this one than the imports:
those take longer than the training. It goes on to the next as long as one was killed, and ends as the last one did.
SETTINGS is JSON of `folder`, and where wanted

    strategy   one, mirrored (2 replicas) or multiworker (with TF_CONFIG)
    feed       zoo (a pipeline of the zoo), arrays, or dataset (a tf.data.Dataset of one's own)
    after      seconds after the beginning of training at which to die
    at         [what, n]: die the n-th time that something happens: "begin" (of training), "epoch" (its end, before its
               checkpoint), "before" a checkpoint, "torn" (half of it is written), "unmoved" (it is written, and not
               yet in its place), "after" a checkpoint
    worker     who dies, with several

At the end, folder/result.npz holds all variables and the history.
"""

import contextlib
import json
import os
import signal
import stat
import sys
import threading
import time
from pathlib import Path
from unittest import mock

import numpy as np

from gradschool.zoo.quiet import import_keras

import_keras()

import keras  # noqa: E402

from gradschool import zoo  # noqa: E402
from gradschool.callbacks.keras_internals import GradientStage, add_stage, remove_stage  # noqa: E402
from gradschool.zoo.engine import checkpoints, plain_data  # noqa: E402
from gradschool.zoo.engine.state import read_variables  # noqa: E402
from gradschool.zoo.engine.strategies import get_strategy, is_chief  # noqa: E402


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class RunningMean(GradientStage):
    """Scales gradients down to the running mean of their norm."""

    order = 10

    def build(self, variables):
        self.add_state("mean")

    def on_gradients(self, gradients, variables):
        norm = keras.ops.sqrt(sum(keras.ops.sum(keras.ops.square(one)) for one in gradients))
        mean = self.state["mean"]
        mean.assign(0.9 * mean.value + 0.1 * norm)
        factor = keras.ops.minimum(1.0, mean.value / norm)
        return [one * factor for one in gradients]


class ClipToRunningMean(keras.callbacks.Callback):
    """Clips, with a statistic kept on the device."""

    def on_train_begin(self, logs=None):
        self.stage = RunningMean()
        add_stage(self.model, self.stage)

    def on_train_end(self, logs=None):
        remove_stage(self.model, self.stage)


class Death(keras.callbacks.Callback):
    """Comes when it is due."""

    async_safe = True

    def __init__(self, after=None, at=None):
        super().__init__()
        self.after, (self.what, self.n) = after, at or (None, 0)
        self.happened = 0

    def get_state(self):
        return {}

    def set_state(self, state):
        pass

    def happens(self, what):
        if what == self.what:
            self.happened += 1
            if self.happened == self.n:
                die()

    def on_train_begin(self, logs=None):
        if self.after is not None:
            threading.Thread(target=lambda: (time.sleep(self.after), die()), daemon=True).start()
        self.happens("begin")

    def on_epoch_end(self, epoch, logs=None):
        self.happens("epoch")

    def lurking(self):
        """Waits around the writing of checkpoints."""
        write, write_npz, fsync = checkpoints.Checkpoints.write, plain_data.write_npz, os.fsync

        def deadly_write(*args):
            self.happens("before")
            write(*args)
            self.happens("after")

        def deadly_write_npz(file, arrays):
            write_npz(file, arrays)
            if self.what == "torn":
                file.truncate(file.tell() // 2)
            self.happens("torn")

        def deadly_fsync(file):
            fsync(file)
            if stat.S_ISREG(os.fstat(file).st_mode):
                self.happens("unmoved")

        stack = contextlib.ExitStack()
        stack.enter_context(mock.patch.object(checkpoints.Checkpoints, "write", deadly_write))
        stack.enter_context(mock.patch.object(plain_data, "write_npz", deadly_write_npz))
        stack.enter_context(mock.patch.object(os, "fsync", deadly_fsync))
        return stack


def fed(feed):
    """Training data, and arguments of `fit` that belong to them."""
    import tensorflow as tf

    data = zoo.load_data("digits", batch_size=100, augment={"shift": 2}, parallel=False)
    if feed == "zoo":
        return {"x": data.train, "validation_data": data.validation}
    x, y = (np.concatenate(parts) for parts in zip(*data.validation.as_numpy_iterator(), strict=True))
    if feed == "arrays":
        return {"x": x, "y": y, "batch_size": 13, "validation_split": 0.2}
    samples = tf.data.Dataset.from_tensor_slices((x, y))
    shuffled = samples.shuffle(len(x), seed=5).batch(13, drop_remainder=True)
    noise = tf.random.Generator.from_seed(1)  # moves on with every batch
    noisy = shuffled.map(lambda x, y: (x + 0.1 * noise.normal(tf.shape(x)), y))
    return {"x": noisy.prefetch(2), "validation_data": shuffled}


def main(folder, strategy="one", feed="zoo", after=None, at=None, worker=0, epochs=12, every_steps=5):
    import tensorflow as tf

    strategy = get_strategy(strategy, 2 if strategy == "mirrored" else None)
    keras.utils.set_random_seed(3)
    tf.config.experimental.enable_op_determinism()
    me = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {}).get("index", 0)
    death = Death(after, at) if me == worker else Death()
    with strategy.scope():
        model = zoo.create_model("mlp_16_16", dropout=0.2, dtype="mixed_float16" if feed == "arrays" else None)
        optimizer = keras.optimizers.Adam(
            1e-3, use_ema=True, ema_overwrite_frequency=7, global_clipnorm=1.0, gradient_accumulation_steps=3
        )
        if feed == "arrays":
            optimizer = keras.optimizers.LossScaleOptimizer(
                keras.optimizers.Adam(1e-3), initial_scale=2.0**30, dynamic_growth_steps=9
            )
        model.compile(optimizer, zoo.get_loss("cross_entropy"), metrics=["accuracy"])
    callbacks = [
        ClipToRunningMean(),
        keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.7, monitor="val_loss", min_delta=0.05),
        keras.callbacks.EarlyStopping(patience=50, restore_best_weights=True),
        checkpoints.Checkpoints(Path(folder) / "checkpoints", every_steps=every_steps),
        death,
    ]
    with death.lurking():
        history = model.fit(**fed(feed), epochs=epochs, callbacks=callbacks, verbose=0).history
    values = read_variables(model, strategy)
    if is_chief(strategy):
        text = json.dumps(history, sort_keys=True)
        plain_data.write_plain(Path(folder) / "result.npz", {"values": values, "history": text})


def one_after_the_other(lives):
    """How the last one ended, as a status for `sys.exit`; and how many were killed, into a file beside the results."""
    for kills, settings in enumerate(lives):
        process = os.fork()
        if not process:
            main(**settings)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if status != -signal.SIGKILL:
            Path(settings["folder"], "kills.txt").write_text(str(kills))
            return abs(status)
    return die()


if __name__ == "__main__":
    settings = [json.loads(word) for word in sys.argv[1:]]
    sys.exit(one_after_the_other(settings) if len(settings) > 1 else main(**settings[0]))
