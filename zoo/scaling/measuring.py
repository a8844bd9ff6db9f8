"""Measures one number of replicas, as a program: `python -m gradschool.zoo.scaling.measuring --model mlp ...`.

A process of its own for each number, because TensorFlow's logical devices are fixed once it has started. It sleeps
until it is its turn: in every turn each batch size trains for a while and each message is summed for a while, so that a
moment in which the machine is slow falls on all of them, and on all numbers of replicas. XLA stays off: the engine
would use it for one replica alone, and two different programs would be compared.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..bench.cases import BenchCase, find_case
from ..bench.load import watch_others
from ..bench.serving import serve, take_over_stdout

MOST_SAMPLES = 8192  # of an epoch
LEAST_STEPS = 4  # of an epoch
MESSAGES = tuple(4**power * 1024 for power in range(8))  # bytes: 1 KiB to 16 MiB


class Measuring:
    """Training steps and all-reduces on so many replicas, compiled and ready to be timed.

    Args:
        case: the model and its samples.
        replicas: GPUs, or logical CPU devices on a machine without one.
        batches: global batch sizes.
        messages: sizes to sum over the replicas, in bytes.
    """

    def __init__(self, case: BenchCase, replicas: int, batches: Sequence[int], messages: Sequence[int] = MESSAGES):
        from ..engine.strategies import get_strategy

        self.replicas = replicas
        strategy = get_strategy("mirrored", replicas)
        self.trainings = {batch: _Training(_with_batch(case, batch), strategy) for batch in batches}
        self.messages = messages if replicas > 1 else ()
        self.all_reduces = _AllReduces(strategy)
        for size in self.messages:
            self.all_reduces.run(size, 0.0)

    @property
    def facts(self) -> dict[str, Any]:
        """`replicas`; `device`; `gradient_bytes` and `tensors` of the model."""
        weights = next(iter(self.trainings.values())).model.trainable_weights
        return {
            "replicas": self.replicas,
            "device": _device(),
            "gradient_bytes": sum(4 * int(weight.value.shape.num_elements()) for weight in weights),
            "tensors": len(weights),
        }

    def turn(self, seconds: float) -> dict[str, Any]:
        """Measures everything once.

        Args:
            seconds: that each batch size trains, roughly: at least one epoch.

        Returns:
            `steps`, pairs of batch size and the seconds of a step in each epoch; `all_reduces`, pairs of message and
            seconds; `others`, the share of the machine that other programs used meanwhile.
        """
        share, processor = watch_others(), time.process_time()
        steps = [(batch, training.run(seconds)) for batch, training in self.trainings.items()]
        reductions = [(size, [self.all_reduces.run(size, seconds / 10)]) for size in self.messages]
        return {"steps": steps, "all_reduces": reductions, "others": share(time.process_time() - processor)}


class _Training:
    """A model of its own for one batch size, so that nothing is compiled twice; ready when it is made."""

    def __init__(self, case: BenchCase, strategy):
        import keras

        from ..bench.samples import make_samples
        from ..layers.losses import get_loss
        from ..registry import create_model

        self.case = case
        self.samples = make_samples(case)
        with strategy.scope():
            self.model = create_model(case.model)
            self.model.compile(optimizer=keras.optimizers.Adam(case.learning_rate), loss=get_loss(case.loss))
        self.run(0.0)  # compiles
        self.run(0.0)  # finds its pace

    def run(self, seconds: float) -> list[float]:
        """Trains whole epochs for so long; gives the seconds of a step in each."""
        from ..engine import choices
        from ..engine.replicas import replaced

        stopwatch = _stopwatch(seconds)
        with replaced(choices, "is_dense", lambda model: False):
            self.model.fit(*self.samples, batch_size=self.case.batch, epochs=10**6, verbose=0, callbacks=[stopwatch])
        return [epoch / self.case.steps for epoch in stopwatch.epochs]


def _stopwatch(seconds: float):
    """A callback that times epochs and ends training after so many seconds."""
    import keras

    class Stopwatch(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs: list[float] = []

        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append(time.perf_counter() - self.start)
            self.model.stop_training = sum(self.epochs) >= seconds

    return Stopwatch()


class _AllReduces:
    """The sum of a message over all replicas, many times in one call."""

    def __init__(self, strategy):
        import tensorflow as tf

        def on_replica(message):
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, message)

        def many(message, count):
            def one(number, message):
                return number + 1, strategy.run(on_replica, (message,))

            start = (tf.constant(0), message)
            return tf.while_loop(lambda number, _: number < count, one, start, parallel_iterations=1)

        self.strategy = strategy
        self._many: Callable[..., Any] = tf.function(many, autograph=False, reduce_retracing=True)

    def run(self, size: int, seconds: float) -> float:
        """The seconds of one sum of `size` bytes, from about so many seconds of them."""
        import tensorflow as tf

        def zeros(context):  # they never overflow, however often they are added up
            with tf.device(self.strategy.extended.worker_devices[context.replica_id_in_sync_group]):
                return tf.zeros([size // 4])

        message = self.strategy.experimental_distribute_values_from_function(zeros)
        self._time(message, 1)  # compiles, for the first messages
        return self._time(message, max(3, int(seconds / self._time(message, 3))))

    def _time(self, message, count: int) -> float:
        import tensorflow as tf

        start = time.perf_counter()
        done, _ = self._many(message, tf.constant(count))
        done.numpy()
        return (time.perf_counter() - start) / count


def _with_batch(case: BenchCase, batch: int) -> BenchCase:
    steps = max(LEAST_STEPS, min(case.samples, MOST_SAMPLES) // batch)
    return dataclasses.replace(case, batch=batch, steps=steps)


def _device() -> str:
    import tensorflow as tf

    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


def main(arguments: Sequence[str] | None = None) -> None:
    """Gets ready, then measures a turn whenever it is asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--replicas", type=int, required=True)
    parser.add_argument("--batch", type=int, nargs="+", required=True)
    chosen = parser.parse_args(arguments)
    answers = take_over_stdout()
    measuring = Measuring(find_case(chosen.model), chosen.replicas, chosen.batch)
    serve(sys.stdin, answers, {"turn": measuring.turn}, measuring.facts)


if __name__ == "__main__":
    main()
