"""The strategies on the JAX back end: `keras.distribution`, in whose scope a step is one program for all devices.

XLA splits the work itself, so a step on many devices is the step of one device by construction: means are global,
random numbers are drawn for the whole batch. What is left: a batch that the devices do not divide (the last one of an
epoch) goes to all of them whole, which Keras would refuse; and with several workers, each reads the global batch and
takes the parts of its own devices, where Keras would have each read another part of the samples.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from .replicas import replaced


def jax_strategy(name: str, replicas: int | None):
    """The strategy of that name.

    Args:
        name: of the table in `strategies.py`.
        replicas: devices, for "mirrored" and "auto"; all by default, or 2 CPU devices.

    Raises:
        ValueError: if the devices or workers are not there, or JAX has started already.
    """
    import jax

    from .strategies import OneDevice, asks_for_workers

    if name == "multiworker" or (name == "auto" and asks_for_workers()):
        _meet_workers(jax)
        return DataParallel(keras.distribution.list_devices(jax.default_backend()))
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


def _meet_workers(jax) -> None:
    """Connects this process with the other workers, which TF_CONFIG or Slurm names."""
    from .strategies import NO_WORKERS, place_in_tf_config, slurm_tasks

    if jax.distributed.is_initialized():
        return
    addresses, number = place_in_tf_config()
    if not (addresses or slurm_tasks()):
        raise ValueError(NO_WORKERS)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        if addresses:
            keras.distribution.initialize(",".join(addresses), len(addresses), number)
        else:
            keras.distribution.initialize()  # JAX asks Slurm itself
    except RuntimeError as error:
        raise ValueError(
            "strategy multiworker: JAX has started already. Ask for the strategy before any model or data are made, or "
            "start Python anew."
        ) from error


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
        import jax

        self.num_replicas_in_sync = len(devices)
        self.process_id = jax.process_index()
        self._has_workers = jax.process_count() > 1
        self._predicts = False

    def get_data_layout(self, data_shape):
        """Split along the batch where it divides, whole on every device where it does not.

        Whole as well for predictions by several workers: each of them is to have all answers.
        """
        whole = self._predicts and self._has_workers
        if data_shape and data_shape[0] % self.num_replicas_in_sync == 0 and not whole:
            return super().get_data_layout(data_shape)
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """For the time of the block, models are made for, and trained on, all devices."""
        from keras.src.backend.jax import trainer

        def distribute(data, layouts=None):
            return keras.tree.map_structure(self._place, data)

        def predict_whole(*args, **kwargs):
            self._predicts = True
            try:
                return predict(*args, **kwargs)
            finally:
                self._predicts = False

        before, predict = keras.distribution.distribution(), trainer.JAXTrainer.predict
        keras.distribution.set_distribution(self)
        trainer.JAXTrainer.predict = predict_whole
        try:
            with replaced(trainer, "_distribute_data", distribute):
                yield
        finally:
            trainer.JAXTrainer.predict = predict
            keras.distribution.set_distribution(before)

    def _place(self, samples: Any):
        """An array of the global batch on the devices; each process puts the parts of its own devices there."""
        import jax

        if samples is None:
            return None
        samples = np.asarray(samples)
        layout = self.get_data_layout(samples.shape).backend_layout
        return jax.make_array_from_callback(samples.shape, layout, lambda part: samples[part])
