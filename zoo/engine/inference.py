"""`evaluate` and `predict` through compiled functions, as Keras's users know them."""

import functools
from typing import Any

import keras
import numpy as np

from ..layers.global_batch import holding
from .callback_lists import callback_list, floats, looks_at_batches
from .feeds import take_part
from .inputs import build, make_evaluation_feed, make_source
from .loop import compiled_for, reuse_loop


def evaluate(
    model: keras.Model,
    x=None,
    y=None,
    batch_size: int | None = None,
    verbose: Any = "auto",
    sample_weight: Any = None,
    steps: int | None = None,
    callbacks: Any = None,
    return_dict: bool = False,
):
    """Measures a compiled model. The arguments are those of `keras.Model.evaluate`."""
    strategy = model.distribute_strategy
    source = make_source(x, y, sample_weight, batch_size)
    feed, choice = make_evaluation_feed(source, model, strategy, steps)
    build(model, feed, strategy)
    callbacks = callback_list(callbacks, model, verbose, steps=feed.steps)
    logs = run_evaluation(model, feed, strategy, choice.xla, callbacks)
    return logs if return_dict else model._flatten_metrics_in_order(logs)


def run_evaluation(model, feed, strategy, xla: bool, callbacks) -> dict[str, float]:
    """One pass over a feed with the model's `test_step`."""
    loop = reuse_loop(model, strategy, "test", xla, feed)
    every_batch = any(looks_at_batches(one, "test") for one in callbacks.callbacks)
    model.reset_metrics()
    callbacks.on_test_begin()
    feed.begin_epoch()
    pace, step = loop.pace, 0
    pace.every_step = every_batch
    model.stop_evaluating = False
    while (feed.steps is None or step < feed.steps) and not model.stop_evaluating:
        wanted = pace.start() if feed.steps is None else min(pace.start(), feed.steps - step)
        callbacks.on_test_batch_begin(step)
        logs, done = loop(step, wanted)
        step += done
        pace.stop(done, loop.compiles)
        if done:
            callbacks.on_test_batch_end(step - 1, logs)
        if done < wanted:
            break
    loop.let_go()
    results = floats(model.get_metrics_result()) | floats(loop.read_last_logs())
    callbacks.on_test_end(results)
    return results


def predict(
    model: keras.Model,
    x,
    batch_size: int | None = None,
    verbose: Any = "auto",
    steps: int | None = None,
    callbacks: Any = None,
):
    """A model's answers as NumPy arrays. The arguments are those of `keras.Model.predict`."""
    import tensorflow as tf

    strategy = model.distribute_strategy
    feed, _ = make_evaluation_feed(make_source(x, batch_size=batch_size), model, strategy, steps)
    callbacks = callback_list(callbacks, model, verbose, steps=feed.steps)
    compiled = compiled_for(model)
    answers = compiled["predict"] = compiled.get("predict") or Answers(model, strategy)
    callbacks.on_predict_begin()
    parts, model.stop_predicting = [], False
    for step, batch in enumerate(feed.whole_batches()):
        if model.stop_predicting:
            break
        callbacks.on_predict_batch_begin(step)
        answer = answers(batch)
        parts.append(answer)
        callbacks.on_predict_batch_end(step, {"outputs": answer})
    callbacks.on_predict_end()
    if not parts:
        raise ValueError("there is nothing to predict from: x has no batch.")
    return tf.nest.map_structure(lambda *pieces: np.concatenate([np.asarray(one) for one in pieces]), *parts)


class Answers:
    """A model's compiled `predict_step`, over the parts of a batch that the replicas hold."""

    def __init__(self, model, strategy):
        import tensorflow as tf

        self.model, self.strategy = model, strategy
        # A partial: TensorFlow would warn of a method that is traced for every model anew.
        self.compiled = tf.function(functools.partial(self._on_replicas), autograph=False, reduce_retracing=True)

    def __call__(self, batch):
        """The answers to a whole batch, nested as the model gives them."""
        return self.compiled(batch)

    def _on_replicas(self, batch):
        import tensorflow as tf

        replicas = self.strategy.num_replicas_in_sync

        def on_replica():
            own, part = take_part(batch, replicas)
            with holding(part):
                answers = self.model.predict_step(own)
            if part is None:
                return answers
            context = tf.distribute.get_replica_context()
            return tf.nest.map_structure(lambda one: context.all_gather(one, axis=0), answers)

        answers = self.strategy.run(on_replica)
        if replicas == 1:
            return answers
        return tf.nest.map_structure(lambda one: self.strategy.experimental_local_results(one)[0], answers)
