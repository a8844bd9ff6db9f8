"""One contender as a program: `python -m gradschool.zoo.bench.contender SETTINGS`, started by `benchmark.py`.

SETTINGS is JSON: `name`, one of `cases.py` or "matrix product"; `case`, the model's name; `threads`, a number or null.
It takes one training step, says when that was done, and then trains epochs as it is asked to.
"""

import json
import sys
import time
from typing import Any

from .cases import GRADSCHOOL, KERAS, KERAS_APPLICATIONS, TORCH_CHANNELS_LAST, find_case
from .serving import peak_memory, serve, take_over_stdout

MATRIX_PRODUCT = "matrix product"


def main(settings: str) -> None:
    """Serves as the contender that the settings name until standard input ends."""
    answers = take_over_stdout()
    chosen = json.loads(settings)
    if chosen["name"] == MATRIX_PRODUCT:
        from .matrix_product import MatrixProduct

        product = MatrixProduct(chosen["threads"])
        serve(sys.stdin, answers, {"run": product.run}, {"version": product.version})
        return
    contender = _make(**chosen)
    contender.first_step()
    ready = {"first_step_at": time.time(), "version": contender.version}

    def run(epochs: int) -> dict[str, float]:
        processor, start = time.process_time(), time.perf_counter()
        contender.train(epochs)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "processor": time.process_time() - processor, "peak_memory": peak_memory()}

    actions = {"check": contender.check, "run": run}
    if chosen["name"] == GRADSCHOOL:  # whose weights the others take
        actions["save"] = contender.save
    serve(sys.stdin, answers, actions, ready)


def _make(name: str, case: str, threads: int | None) -> Any:
    if name == KERAS_APPLICATIONS:
        from .applications_contender import ApplicationsContender

        return ApplicationsContender(find_case(case), threads)
    if name in (GRADSCHOOL, KERAS):
        from .keras_contender import KerasContender

        return KerasContender(find_case(case), threads, plain=name == KERAS)
    from .torch_contender import TorchContender

    return TorchContender(find_case(case), threads, channels_last=name == TORCH_CHANNELS_LAST)


if __name__ == "__main__":
    main(sys.argv[1])
