"""The strategies on the JAX back end: `keras.distribution`, in whose scope a step is one program for all devices.

XLA splits the work itself, so a step on many devices is the step of one device by construction: means are global,
random numbers are drawn for the whole batch. Two things are left: a batch that the devices do not divide (the last one
of an epoch) goes to all of them whole, which Keras would refuse; and the layout is chosen anew for each batch.
"""

import contextlib
from collections.abc import Iterator

import keras

from .replicas import replaced


def jax_strategy(name: str, replicas: int | None):
    """The strategy of that name.

    Args:
        name: "one", "mirrored", "tpu" or "auto".
        replicas: devices, for "mirrored" and "auto"; all by default, or 2 CPU devices.

    Raises:
        ValueError: if the devices are not there.
    """
    import jax

    from .strategies import OneDevice

    if name == "multiworker":
        raise ValueError(
            "strategy multiworker is for the TensorFlow back end (KERAS_BACKEND=tensorflow). On JAX, mirrored uses all "
            "devices of one machine."
        )
    if name == "one" or (name == "auto" and replicas == 1):
        return OneDevice()
    if name == "mirrored" and replicas != 1:
        _split_cpu(jax, replicas or 2)
    kind = jax.default_backend()
    devices = keras.distribution.list_devices(kind)
    if name == "tpu" and kind != "tpu":
        raise ValueError(f"strategy tpu: JAX found no TPU, only {kind}. Install it with: pip install 'jax[tpu]'.")
    if replicas is not None and replicas > len(devices):
        raise ValueError(f"replicas={replicas}: JAX sees {len(devices)} device(s) of the kind {kind}.")
    devices = devices[:replicas]
    return OneDevice() if len(devices) == 1 else DataParallel(devices)


def _split_cpu(jax, devices: int) -> None:
    """Asks for as many logical CPU devices, which JAX grants before it has started."""
    with contextlib.suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", devices)


class DataParallel(keras.distribution.DataParallel):
    """Whole copies of the model on all devices, and a part of every batch on each.

    Args:
        devices: names, as `keras.distribution.list_devices` gives them.
    """

    def __init__(self, devices: list[str]):
        super().__init__(devices=devices, auto_shard_dataset=False)
        self.num_replicas_in_sync = len(devices)

    def get_data_layout(self, data_shape):
        """Split along the batch where it divides, whole on every device where it does not."""
        if data_shape and data_shape[0] % self.num_replicas_in_sync == 0:
            return super().get_data_layout(data_shape)
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """For the time of the block, models are made for, and trained on, all devices."""
        from keras.src.backend.jax import trainer

        distribute = trainer._distribute_data
        before = keras.distribution.distribution()
        keras.distribution.set_distribution(self)
        try:
            with replaced(trainer, "_distribute_data", lambda data, layouts=None: distribute(data)):
                yield
        finally:
            keras.distribution.set_distribution(before)
