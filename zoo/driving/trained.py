"""A trained model as a driver: what it is shown, and what its answers mean."""

from ..engine.opening import Trained
from .drivers import Model

_HOW = "gradschool fit pilotnet --data roads, or cnn_lstm --data road_sequences, makes one"


def driver_of(trained: Trained, name: str, own_speed: bool = False) -> tuple[Model, tuple[int, int]]:
    """The driver that a trained model makes, and the (height, width) of the frames that it takes.

    Args:
        trained: from `open_model`.
        name: that it was opened by, for errors and tables.
        own_speed: whether its speed is driven, if it gives one.

    Raises:
        ValueError: if it does not steer, steers in another unit than degrees, or takes other inputs than colour frames,
            sequences of them, or features of them.
    """
    model, outputs, shape = trained.model, trained.outputs, tuple(trained.model.input_shape[1:])
    if getattr(model, "task", "") != "regression" or not outputs:
        raise ValueError(f"{name} does not steer: it is no driving model, or says nothing of its outputs. {_HOW}.")
    first = outputs[0]
    if (first.name, first.unit) != ("steering angle", "degrees"):
        raise ValueError(
            f"{name} does not steer this car: its first output is {first.name!r} in {first.unit!r}, and what is driven "
            f"is a steering angle in degrees, positive to the left. {_HOW}."
        )
    if own_speed and "speed" not in [one.name for one in outputs]:
        raise ValueError(f"{name} gives no speed: leave out --own-speed.")
    see, frames = None, None if len(shape) == 3 else shape[0]
    if len(shape) == 2:
        see, size = _sight(trained, name, shape)
    elif len(shape) in (3, 4) and shape[-1] == 3:
        size = shape[-3:-1]
    else:
        raise ValueError(f"{name} takes inputs of shape {shape}; the camera gives frames (height, width, 3).")

    def predict(inputs):
        return model.predict_on_batch(inputs)

    return Model(predict, outputs, frames, see, name, own_speed), size


def _sight(trained: Trained, name: str, shape: tuple[int, ...]):
    """From a frame to its features, and the size of the frame."""
    from ..data.road_features import layer_of
    from ..frame_features import open_network, sight

    options = trained.recipe.get("data_options", {})
    if "network" not in options:
        raise ValueError(f"{name} takes features of shape {shape}, and does not say of which network.")
    network = open_network(options["network"])
    see = sight(network, options.get("layer") or layer_of(network))
    return see, tuple(network.input_shape[1:3])
