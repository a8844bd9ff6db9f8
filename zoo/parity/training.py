"""One process of a parity run: trains cases under one strategy and writes what came out.

    python -m gradschool.zoo.parity.training OUT.npz --strategy mirrored --replicas 2 --cases MODULE [--names a,b]

`MODULE.CASES` is a dict of `ParityCase`s. For every case and precision the file holds the weights, the history and, where
there is one, the overflow scale and the number of updates.
"""

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..engine.plain_data import write_plain
from ..engine.replicas import replaced
from ..engine.strategies import get_strategy, is_chief
from ..engine.use import use_engine
from ..layers import dropout, global_batch
from .cases import BATCH, EPOCHS, ParityCase


def train(case: ParityCase, precision: str, strategy, reverse: bool = False) -> dict[str, Any]:
    """Trains a case from seed 0.

    Args:
        case: what to train.
        precision: "float64", "float32" or "mixed_float16".
        strategy: from `get_strategy`.
        reverse: whether the rows of every batch come in reverse order, and their random numbers with them. Nothing but
            the order of sums is then another.

    Returns:
        `weights`, `history`, and `scale` and `updates` for mixed_float16.
    """
    floatx = "float32" if precision == "mixed_float16" else precision
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(precision)
    try:
        keras.utils.set_random_seed(0)
        with strategy.scope():
            model = use_engine(case.build())
        samples = [one.astype(floatx) if one.dtype.kind == "f" else one.astype("int32") for one in case.samples()]
        if reverse:
            samples = [_reversed_in_batches(one) for one in samples]
        x, y, *weights = samples
        settings = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0, **case.fit}
        with replaced(dropout, "draw_for_samples", _draw_reversed if reverse else global_batch.draw_for_samples):
            with replaced(dropout, "current_part", lambda: global_batch.current_part() or reverse or None):
                history = model.fit(x, y, sample_weight=weights[0] if weights else None, **settings)
        result = {"weights": [np.asarray(one, "float64") for one in model.get_weights()], "history": history.history}
        if hasattr(model.optimizer, "dynamic_scale"):
            result["scale"] = float(model.optimizer.dynamic_scale.numpy())
            result["updates"] = int(model.optimizer.iterations.numpy())
        return result
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def _reversed_in_batches(rows):
    return np.concatenate([rows[first : first + BATCH][::-1] for first in range(0, len(rows), BATCH)])


def _draw_reversed(draw, shape):
    return draw(shape)[::-1]


def train_all(cases: dict[str, ParityCase], strategy, with_reversed: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case in every precision; on one device also with reversed sums in float32, for the spread of rounding."""
    for name, case in cases.items():
        for precision in case.precisions:
            yield f"{name}/{precision}", train(case, precision, strategy)
        if with_reversed and "float32" in case.precisions:
            yield f"{name}/reversed", train(case, "float32", strategy, reverse=True)


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
    chosen = {name: cases[name] for name in options.names.split(",")} if options.names else dict(cases)
    results = dict(train_all(chosen, strategy, with_reversed=options.strategy == "one"))
    if is_chief(strategy):
        write_plain(options.out, results)


if __name__ == "__main__":
    main()
