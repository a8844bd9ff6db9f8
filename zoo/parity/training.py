"""One process of a parity run: trains cases under one strategy and writes what came out.

    python -m gradschool.zoo.parity.training OUT.npz --strategy mirrored --replicas 2 --cases MODULE [--names a,b]

`MODULE.CASES` is a dict of `ParityCase`s. The file, which `engine/plain_data.py` reads, holds what `train` returns for
every case and precision: {case: {precision: result}}. On one device a case in float32 is also trained with its sums in
other orders, as the precisions of `REORDERED`.
"""

import argparse
import contextlib
import importlib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ...callbacks.keras_internals import leaf_optimizer
from ..engine.plain_data import write_plain
from ..engine.replicas import replaced
from ..engine.strategies import get_strategy, is_chief
from ..engine.use import use_engine
from ..layers import activations, adversarial, corruption, dropout, gaussian_code, global_batch
from .case import EPOCHS, REORDERED, ParityCase


def train(case: ParityCase, precision: str, strategy) -> dict[str, Any]:
    """Trains a case from seed 0.

    Args:
        case: what to train.
        precision: "float64", "float32", "mixed_float16" or one of `REORDERED`.
        strategy: from `get_strategy`.

    Returns:
        `weights` and `history`; except for float32 also `evaluation` and `predictions` afterwards; for mixed_float16
        also the loss `scale` and the number of `updates` that were not skipped.
    """
    with _precision(precision):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = use_engine(case.build())
        data = case.data()
        with _reordered_batches(model, REORDERED[precision]) if precision in REORDERED else contextlib.nullcontext():
            model.fit(**data, **{"epochs": EPOCHS, "shuffle": False, "verbose": 0, **case.fit})
        weights = [np.asarray(one, "float64") for one in model.get_weights()]
        result = {"weights": weights, "history": model.history.history}
        if not precision.startswith("float32"):
            samples = {name: value for name, value in data.items() if name != "validation_data"}
            result["evaluation"] = model.evaluate(**samples, verbose=0, return_dict=True)
            result["predictions"] = model.predict(data["x"], batch_size=data.get("batch_size"), verbose=0)
        if precision == "mixed_float16":
            result["scale"] = float(model.optimizer.dynamic_scale.numpy())
            result["updates"] = int(leaf_optimizer(model.optimizer).iterations.numpy())
        return result


@contextlib.contextmanager
def _precision(precision: str) -> Iterator[None]:
    """For the time of the block, Keras's global one."""
    keras.config.set_floatx("float64" if precision == "float64" else "float32")
    keras.config.set_dtype_policy("float32" if precision in REORDERED else precision)
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


@contextlib.contextmanager
def _reordered_batches(model: keras.Model, stride: int) -> Iterator[None]:
    """For the time of the block, every batch is put in another order, and the random numbers of its rows with it.

    First comes every `stride`-th row, then those after them, and so on; the whole backwards.

    On one device nothing but the order of sums is then another. (Backwards alone would leave many sums of pairs as they
    are.)
    """

    def reordered(rows):
        return keras.ops.concatenate([rows[first::stride] for first in range(stride)])[::-1]

    def train_step(self, batch):
        return type(self).train_step(self, keras.tree.map_structure(reordered, batch))

    with contextlib.ExitStack() as stack:
        stack.enter_context(replaced(model, "train_step", types.MethodType(train_step, model)))
        for module in (activations, adversarial, corruption, dropout, gaussian_code):
            stack.enter_context(replaced(module, "draw_for_samples", lambda draw, shape: reordered(draw(shape))))
        everything = global_batch.Part(first=0, count=None, total=None)  # dropout then asks for its samples' numbers
        stack.enter_context(replaced(dropout, "current_part", lambda: everything))
        yield


def train_all(cases: Mapping[str, ParityCase], strategy, with_reordered: bool) -> dict[str, dict[str, Any]]:
    """Every case in each of its precisions, and, if asked for, in those of `REORDERED` besides float32."""
    results: dict[str, dict[str, Any]] = {}
    for name, case in cases.items():
        extra = [*REORDERED] if with_reordered and "float32" in case.precisions else []
        results[name] = {precision: train(case, precision, strategy) for precision in (*case.precisions, *extra)}
    return results


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--strategy", default="one")
    parser.add_argument("--replicas", type=int)
    parser.add_argument("--cases", default="gradschool.zoo.parity.cases")
    parser.add_argument("--names", default="")
    options = parser.parse_args()
    strategy = get_strategy(options.strategy, options.replicas)
    cases = importlib.import_module(options.cases).CASES
    chosen = {name: cases[name] for name in options.names.split(",")} if options.names else cases
    results = train_all(chosen, strategy, with_reordered=options.strategy == "one")
    if is_chief(strategy):
        write_plain(options.out, results)


if __name__ == "__main__":
    main()
