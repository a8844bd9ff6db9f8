"""The state of Keras's global random generator."""

from typing import Any


def global_seed_state() -> list[Any]:
    """The state of the generator that layers and functions without a seed of their own draw from, if there is one."""
    from keras.src.backend.common import global_state

    generator = global_state.get_global_attribute("global_seed_generator")
    return [] if generator is None else [generator.state]
