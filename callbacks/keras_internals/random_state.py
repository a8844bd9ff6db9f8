"""The states of the global random generators."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

_GENERATOR = "global_seed_generator"


def global_seed_state() -> list[Any]:
    """The state of the generator that layers and functions without a seed of their own draw from, if there is one."""
    from keras.src.backend.common import global_state

    generator = global_state.get_global_attribute(_GENERATOR)
    return [] if generator is None else [generator.state]


@contextlib.contextmanager
def global_seed_there() -> Iterator[None]:
    """For the time of the block, there is such a generator, which otherwise is made when it is first drawn from.

    If nobody draws from it, it is taken away again, and so is the number that its seed was drawn with.
    """
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import global_seed_generator

    if global_seed_state():
        yield
        return
    before = random.getstate()
    generator = global_seed_generator()
    after, first = random.getstate(), ops.convert_to_numpy(generator.state).copy()
    try:
        yield
    finally:
        is_the_same = global_state.get_global_attribute(_GENERATOR) is generator
        if is_the_same and (ops.convert_to_numpy(generator.state) == first).all():
            global_state.set_global_attribute(_GENERATOR, None)
            if random.getstate() == after:
                random.setstate(before)


def read_torch_random() -> Any:
    """The states of PyTorch's own generators, which Keras's dropout draws from there; None on other back ends."""
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None


def write_torch_random(states: Any) -> None:
    """Puts back what `read_torch_random` gave."""
    if states is None:
        return
    import torch

    on_cpu, on_gpus = states
    torch.set_rng_state(on_cpu)
    if on_gpus is not None:
        torch.cuda.set_rng_state_all(on_gpus)
