"""Several devices out of one processor, of which the runs of a program take as many as each needs."""

from collections.abc import Iterable


def split_for(runs: Iterable[str]) -> None:
    """Makes the devices that the runs, `WAY:REPLICAS` each, need; before TensorFlow has begun. Workers need none."""
    ways = [run.split(":") for run in runs]
    devices = max((int(replicas) for way, replicas in ways if way in ("plain", "engine")), default=1)
    if devices > 1:
        import tensorflow as tf

        (cpu, *_) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)


def replicas_strategy(replicas: int):
    """A `tf.distribute.Strategy` on the first devices; none for one."""
    if replicas == 1:
        return None
    import tensorflow as tf

    names = [f"CPU:{number}" for number in range(replicas)]
    reduction = tf.distribute.ReductionToOneDevice()  # the default hangs or fails on CPUs
    return tf.distribute.MirroredStrategy(names, cross_device_ops=reduction)
