"""The states of the global random generators."""

from typing import Any

import keras


def global_seed_state() -> list[Any]:
    """The state of the generator that layers and functions without a seed of their own draw from, if there is one."""
    from keras.src.backend.common import global_state

    generator = global_state.get_global_attribute("global_seed_generator")
    return [] if generator is None else [generator.state]


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
