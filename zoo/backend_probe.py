"""Tries Keras's back end in a process of its own, so that one that does not load, or dies, can be reported.

    python -P zoo/backend_probe.py

prints a line of JSON: back end, devices, dtype policies, XLA. `doctor.py` starts it and reads that line.
"""

import json

POLICIES = ("float32", "float64", "mixed_bfloat16", "mixed_float16")


def probe() -> dict:
    """What Keras's back end can do here.

    Returns:
        A dict of `backend`, `devices` (a list of dicts of `name`, `type` and `memory`, in bytes or None), `policies`
        (name: whether a layer computes under it) and `xla`.
    """
    import keras

    backend = keras.backend.backend()
    find = {"tensorflow": _tensorflow_devices, "jax": _jax_devices, "torch": _torch_devices}.get(backend, list)
    return {
        "backend": backend,
        "devices": find(),
        "policies": {policy: _computes(policy) for policy in POLICIES},
        "xla": _has_xla(backend),
    }


def _tensorflow_devices() -> list[dict]:
    import tensorflow as tf

    found = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        name = details.get("device_name", device.name.removeprefix("/physical_device:"))
        found.append({"name": name, "type": device.device_type, "memory": None})
    return found


def _jax_devices() -> list[dict]:
    import jax

    return [
        {
            "name": device.device_kind,
            "type": device.platform.upper(),
            "memory": (device.memory_stats() or {}).get("bytes_limit"),
        }
        for device in jax.devices()
    ]


def _torch_devices() -> list[dict]:
    import torch

    found: list[dict] = [{"name": "cpu", "type": "CPU", "memory": None}]
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append({"name": properties.name, "type": "GPU", "memory": properties.total_memory})
    return found


def _computes(policy: str) -> bool:
    """Whether a dense layer gives finite numbers under a dtype policy."""
    import keras
    import numpy as np

    try:
        answer = keras.layers.Dense(3, dtype=policy)(np.ones((2, 5), "float32"))  # (2, 3)
        return bool(np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(answer, "float32"))).all())
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return False


def _has_xla(backend: str) -> bool:
    """Whether the back end compiles with XLA: JAX always does, PyTorch never."""
    if backend != "tensorflow":
        return backend == "jax"
    import tensorflow as tf

    try:
        return float(tf.function(lambda x: x + x, jit_compile=True, autograph=False)(tf.constant(1.0))) == 2.0
    except (tf.errors.OpError, RuntimeError, ValueError):
        return False


if __name__ == "__main__":
    print(json.dumps(probe()))
