"""Rendered drives as a trained network sees them: from the features of 50 frames to what the driver does.

The frames are those of `road_sequences`, five seconds of them; each is shown to the network once, and what it sees in
one of its layers is what the samples hold. So its `network` has to learn first, on single frames:

    gradschool fit pilotnet --data roads --out runs/pilotnet_roads
    gradschool fit feature_lstm --data road_features --data-option network=runs/pilotnet_roads

Shapes:
    N  number of samples of a part
    T  frames of a sequence
    D  features of a frame
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ..checks import whole_number
from ..driving.drives import OUTPUTS, Drive
from ..presets import list_presets
from .description import Description, Output
from .roads import baselines, parts_by_drive, record_drives, standardisation, standardised
from .samples import Samples

FRAMES, LAYER = 50, "act4"

ROAD_SEED = 1  # with 0, drives that test here would be among those that the network has learned from

DESCRIPTION = Description(
    name="road_features",
    kind="generated",
    task="regression",
    summary="Rendered drives as a network sees 50 frames; to angle, speed and torque.",
    input_shape=(FRAMES, 2880),
    classes=None,
    class_names=(),
    samples={"train": 264, "validation": 24, "test": 72},
    licence="Apache-2.0 (made by this package)",
    source="rendered from formulas and a seed",
    outputs=tuple(Output(*output) for output in OUTPUTS),
)


def load(
    *,
    validation_share: float,
    network: str | None = None,
    layer: str | None = None,
    cache: str | None = None,
    frames: int = FRAMES,
    drives: int = 30,
    per_drive: int = 12,
    stride: int = 15,
    weather: str = "mixed",
    light: str = "mixed",
    road_seed: int = ROAD_SEED,
) -> Samples:
    """Renders the drives, and shows them to the network.

    Args:
        validation_share: share of the drives that are not for the test, in [0, 1).
        network: run folder, preset or `.keras` file of a model of single frames, or the path of weights of
            `keras.applications`; see `zoo/frame_features.py`. Frames are rendered in the size that it takes.
        layer: of the network, whose flattened output is the features. Defaults to "act4" of a PilotNet, with 2 880
            features of a frame of 66x160 pixels, and of others to the first that is flat.
        cache: folder in which the features are kept.
        frames: T.
        drives: here and below as of `roads.py`.
        per_drive: samples of each drive.
        stride: tenths of a second from the start of one sample to that of the next.
        weather: in all drives, or "mixed".
        light: in all drives, or "mixed".
        road_seed: of roads, sceneries and drivers; another than that of `roads`, whose drives the network knows.

    Raises:
        ValueError: if no network is named, or an option makes no sense.
    """
    if network is None:
        raise ValueError(
            "road_features needs a network that has learned to see: gradschool fit pilotnet --data roads --out "
            "runs/pilotnet_roads makes one; name it by network (--data-option network=runs/pilotnet_roads)."
        )
    from ..frame_features import feature_model, features_by, open_network  # which import Keras

    frames = whole_number("frames", frames, least=1)
    per_drive = whole_number("per_drive", per_drive, least=1)
    opened = open_network(_there(network))
    recorded = record_drives(opened.input_shape[1:3], drives, per_drive, frames, stride, weather, light, road_seed)
    chosen = parts_by_drive(len(recorded), validation_share)
    outputs = standardisation(np.concatenate([recorded[k].values for k in chosen["train"]]), DESCRIPTION.outputs)
    model = feature_model(opened, layer or layer_of(opened))
    seen = [_seen(drive, partial(features_by, model, cache=cache)) for drive in recorded]
    nothing = seen[0][:0]
    parts = {
        part: (
            np.concatenate([nothing, *(seen[k] for k in numbers)]),
            standardised([recorded[k].values for k in numbers], outputs),
        )
        for part, numbers in chosen.items()
    }
    description = replace(DESCRIPTION, input_shape=nothing.shape[1:], outputs=outputs)
    return Samples(parts, description, baselines=baselines([recorded[k] for k in chosen["test"]], outputs))


def _seen(drive: Drive, features_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A drive's windows of features, shape `(windows, T, D)`; pictures that several windows show are looked at once."""
    _, first, place = np.unique(drive.shown, return_index=True, return_inverse=True)
    pictures = drive.frames.reshape(-1, *drive.frames.shape[2:])[first]
    return features_of(pictures)[place.reshape(drive.shown.shape)]


def layer_of(network) -> str | None:
    """The layer whose output is taken by default: PilotNet's `LAYER`; None, the first that is flat, of others."""
    return LAYER if type(network).__name__ == "PilotNet" else None


def _there(network: str) -> str:
    """The network's name, refused if it is neither a path nor a preset."""
    if not Path(network).expanduser().exists() and network not in list_presets():
        raise ValueError(
            f"network: there is no run folder, preset or file {network}; gradschool fit pilotnet --data roads --out "
            f"{network} makes one."
        )
    return network
