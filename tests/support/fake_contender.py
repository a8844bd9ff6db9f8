"""A contender that trains nothing: it claims the times it is told to, and writes down when it was at work.

python fake_contender.py SETTINGS, with JSON of `name`, `log` (a file), `ms` (claimed per step), `steps` (per epoch),
and, where wanted, `loss`, `difference`, `dies`.
"""

import json
import sys
import time

from gradschool.zoo.bench.serving import serve

SPEED = (1.0, 1.8, 0.7, 1.3, 1.0)  # of the machine, from one run to the next: the same for every contender


def main(name, log, ms=1.0, steps=1, loss=2.3, difference=0.0, dies=False):
    runs = 0

    def run(epochs=1, seconds=0.0):
        nonlocal runs
        start = time.time()
        time.sleep(0.002)
        with open(log, "a") as file:
            print(json.dumps([name, start, time.time()]), file=file)
        if dies:
            raise SystemExit("the dog ate the gradients")
        claimed = epochs * steps * ms / 1000 * SPEED[runs % len(SPEED)]
        runs += 1
        if name == "matrix product":
            return {"gflops": 100 / SPEED[(runs + 1) % len(SPEED)]}
        return {"seconds": claimed, "processor": 0.001, "peak_memory": 2**20}

    def check(file):
        return {"loss": loss, "difference": difference}

    ready = {"version": "1.0", "first_step_at": time.time()}
    serve(sys.stdin, sys.stdout, {"run": run, "save": check, "check": check}, ready)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
