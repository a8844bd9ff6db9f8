"""A measurement that nobody made: times that the cost model gives, or that are a little off."""

import numpy as np

from gradschool.zoo.scaling.fitting import gradients_of
from gradschool.zoo.scaling.model import Costs, Gradients, all_reduce_seconds, step_seconds

TRUE = Costs(fixed=8e-4, per_sample=7e-6, latency=9e-6, per_byte=1 / 2e10)


def made_up(replicas=(1, 2, 4), batches=(32, 128, 512), shares_cores=True, noise=0.0, costs=TRUE):
    """What `measure_scaling` would give on a machine with such costs, its times off by a factor of exp(noise * z)."""
    rng = np.random.default_rng(0)
    measurement = {
        "gradschool": "0", "machine": {"cores": 2}, "model": "mlp", "device": "CPU" if shares_cores else "GPU",
        "shares_cores": shares_cores, "gradient_bytes": 419_752, "tensors": 6, "others": 0.0,
    }  # fmt: skip
    gradients = gradients_of(measurement)

    def timed(seconds):
        seconds = float(seconds * np.exp(noise * rng.normal()))
        return {"seconds": seconds, "quartiles": [0.9 * seconds, 1.1 * seconds], "turns": 5}

    measurement["steps"] = [
        {"replicas": n, "batch": b, **timed(step_seconds(costs, n, b, gradients, shares_cores))}
        for n in replicas
        for b in batches
    ]
    measurement["all_reduces"] = [
        {"replicas": n, "bytes": size, **timed(all_reduce_seconds(costs, n, Gradients(size, 1, gradients.collective)))}
        for n in replicas
        for size in (2**10, 2**16, 2**20, 2**24)
        if n > 1
    ]
    return measurement
