"""Strategies: on which devices a model is trained.

| name | trains on | TensorFlow | JAX |
|---|---|---|---|
| one | one device | | |
| mirrored | all GPUs, or N logical CPU devices, for study | `MirroredStrategy` | `keras.distribution` |
| multiworker | the workers that TF_CONFIG, or Slurm, names | `MultiWorkerMirroredStrategy` | `keras.distribution` |
| tpu | all cores of a TPU | `TPUStrategy` | `keras.distribution` |
| auto | the one of these that the machine asks for | | |

Every one of them trains the same weights: see `replicas.py` for how.
"""

import contextlib
import json
import os
from typing import Any

import keras

from ..errors import unknown_name

STRATEGIES = ("one", "mirrored", "multiworker", "tpu", "auto")


def get_strategy(name: str = "auto", replicas: int | None = None):
    """The strategy of that name. Ask for it first: devices are fixed once TensorFlow or JAX has started.

    Args:
        name: one of the table above, or a `tf.distribute.Strategy`, which is given back once it is known to work.
        replicas: how many, for "mirrored" (and "auto"): the first so many GPUs, or, on a machine without one, as many
            logical CPU devices. All GPUs by default, or 2 CPU devices.

    Returns:
        `tf.distribute.Strategy`, whose `scope()` a model is to be made and compiled in; on JAX a
        `keras.distribution.DataParallel` with such a `scope()`, or `OneDevice`.

    Raises:
        ValueError: if there is no such strategy, if the back end or the installed TensorFlow does not have it, or if
            the devices it needs are not there.

    Example:
        >>> get_strategy("one").num_replicas_in_sync
        1
    """
    if not isinstance(name, str):
        return _checked(name)
    name = name.lower()
    if name in ("parameterserver", "parameter_server", "ps"):
        raise ValueError(_NO_PARAMETER_SERVER)
    if name not in STRATEGIES:
        raise unknown_name("strategy", name, STRATEGIES)
    if replicas is not None and (isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 1):
        raise ValueError(f"replicas must be a whole number of at least 1; got {replicas!r}.")
    if replicas is not None and name not in ("mirrored", "auto"):
        raise ValueError(
            f"replicas is for the strategy mirrored; {name} has as many as there are devices. Leave it out."
        )
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _on_tensorflow(name, replicas)
    if backend == "jax":
        from .jax_strategies import jax_strategy

        return jax_strategy(name, replicas)
    if name == "one" or (name == "auto" and replicas in (None, 1)):
        return OneDevice()
    raise ValueError(
        f"strategy {name} is for the back ends tensorflow and jax; this is {backend}. "
        "Set KERAS_BACKEND, or use --strategy one."
    )


class OneDevice:
    """The strategy of a back end that has none."""

    num_replicas_in_sync = 1

    def scope(self):
        """A context that changes nothing."""
        return contextlib.nullcontext()


_NO_PARAMETER_SERVER = (
    "ParameterServerStrategy trains asynchronously: its result depends on which worker was faster, and Keras 3's fit "
    "does not support it. Use multiworker, which trains synchronously on the same machines."
)


def _checked(strategy):
    """A strategy object of the user's, refused where training would not be that of one device."""
    kind = type(strategy).__name__
    if "ParameterServer" in kind:
        raise ValueError(_NO_PARAMETER_SERVER)
    known = ("MirroredStrategy", "CollectiveAllReduceStrategy", "TPUStrategyV2", "OneDeviceStrategy")
    if kind == "_DefaultDistributionStrategy" or any(kind.startswith(one) or kind.endswith(one) for one in known):
        return strategy
    raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, or a tf.distribute.Strategy; got {strategy!r}.")


def _on_tensorflow(name: str, replicas: int | None):
    import tensorflow as tf

    if name == "auto":
        name = _what_the_machine_asks_for(tf, replicas)
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "multiworker":
        return _multiworker(tf)
    if name == "tpu":
        return _tpu(tf)
    return _mirrored(tf, replicas)


def _what_the_machine_asks_for(tf, replicas: int | None) -> str:
    if asks_for_workers():
        return "multiworker"
    if tf.config.list_physical_devices("TPU") or "TPU_NAME" in os.environ:
        return "tpu"
    many = len(tf.config.list_physical_devices("GPU")) > 1
    return "mirrored" if (many and replicas is None) or (replicas or 1) > 1 else "one"


def _mirrored(tf, replicas: int | None):
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if replicas is not None and replicas > len(gpus):
            raise ValueError(f"replicas={replicas}: this machine has {len(gpus)} GPU{'s' if len(gpus) > 1 else ''}.")
        return tf.distribute.MirroredStrategy([f"GPU:{number}" for number in range(replicas or len(gpus))])
    replicas = 2 if replicas is None else replicas
    if replicas == 1:
        return tf.distribute.get_strategy()
    split_cpu(replicas)
    # Collectives cannot stand in a loop of several steps on CPU devices; a sum on one of them can.
    together = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(replicas)], cross_device_ops=together)


def split_cpu(devices: int) -> None:
    """Makes as many logical devices of the CPU; they share its cores, and compute as so many devices would.

    Raises:
        ValueError: if TensorFlow has started with fewer.
    """
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    configuration = tf.config.get_logical_device_configuration(cpu)
    if configuration is not None and len(configuration) >= devices:
        return
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    except RuntimeError as error:
        there = len(tf.config.list_logical_devices("CPU"))
        raise ValueError(
            f"replicas={devices}: TensorFlow has started already, with {there} CPU device(s). Ask for the strategy "
            "before any model or data are made, or start Python anew."
        ) from error


NO_WORKERS = (
    "strategy multiworker needs to know the workers: the variable TF_CONFIG on each of them, or Slurm. "
    "For workers on this machine: gradschool launch --workers 2 -- fit ..."
)


def asks_for_workers() -> bool:
    """Whether this process was started as one of several workers."""
    return len(place_in_tf_config()[0]) > 1 or slurm_tasks() > 1


def slurm_tasks() -> int:
    """How many processes Slurm has started beside this one, with it; 0 if Slurm has not."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS") or 0)


def place_in_tf_config() -> tuple[list[str], int]:
    """The workers' addresses in the variable TF_CONFIG, and which of them this process is; none if it is not set.

    Raises:
        ValueError: if TF_CONFIG cannot be read, or names parameter servers.
    """
    try:
        config = json.loads(os.environ.get("TF_CONFIG") or "{}")
        cluster, number = config.get("cluster", {}), int(config.get("task", {}).get("index", 0))
        workers = list(cluster.get("worker", []))
    except (json.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"the variable TF_CONFIG is not the JSON object that it has to be: {error}.") from error
    if "ps" in cluster:
        raise ValueError(f"TF_CONFIG names parameter servers. {_NO_PARAMETER_SERVER}")
    return workers, number


def _multiworker(tf):
    resolver: Any
    if place_in_tf_config()[0]:
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    elif slurm_tasks():
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver()
    else:
        raise ValueError(NO_WORKERS)
    return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)


def _tpu(tf):
    has_support = bool(tf.config.list_physical_devices("TPU")) or _has_tpu_build()
    if not has_support:
        raise ValueError(
            f"this TensorFlow ({tf.__version__}) has no TPU support. TensorFlow 2.19.1 and 2.20 have, when installed "
            "as tensorflow-tpu in place of tensorflow; later releases do not. The other way to a TPU is the JAX back "
            "end: pip install 'jax[tpu]' and KERAS_BACKEND=jax, with the same --strategy tpu."
        )
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ValueError(f"strategy tpu: no TPU was found ({error}).") from error
    return tf.distribute.TPUStrategy(resolver)


def _has_tpu_build() -> bool:
    from importlib import metadata

    try:
        metadata.version("tensorflow-tpu")
    except metadata.PackageNotFoundError:
        return False
    return True


def is_chief(strategy) -> bool:
    """Whether this process is the one that writes files and talks: worker 0 of several, or the only one.

    Args:
        strategy: from `get_strategy`.
    """
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None or not getattr(resolver, "task_type", None):
        return getattr(strategy, "process_id", 0) == 0
    return resolver.task_type == "chief" or (resolver.task_type == "worker" and resolver.task_id == 0)
