"""Rendered roads whose curvature is known: from what a camera sees to what the driver does.

    roads            one frame                   ->  steering angle
    road_sequences   10 frames, 0.1 s apart      ->  steering angle, speed and torque at the last of them

Every drive has a road, a weather, a light and a driver of its own (`zoo/driving`), and belongs to one part alone. The
steering angle is that of the front wheels in degrees, positive to the left; the torque is that of all driven wheels in
N m, r (m a + c m g + rho A v^2 / 2).

Shapes:
    N  number of samples of a part
    T  frames of a sequence
    H, W  height and width of a frame
"""

from dataclasses import replace

import numpy as np

from ..checks import whole_number
from ..driving.drives import OUTPUTS, Drive, record
from ..driving.scenery import LIGHTS, WEATHERS
from ..errors import unknown_name
from .description import Description, Output
from .image_folder import check_size
from .samples import Samples
from .splits import calendar_parts

_FRAMES = {"roads": 1, "road_sequences": 10}
_SIZES = {"roads": (66, 200), "road_sequences": (66, 100)}
_PER_DRIVE = {"roads": 80, "road_sequences": 24}
SMALLEST = 8  # pixels


def _description(name: str, summary: str, samples: tuple[int, int, int], shape: tuple[int, ...]) -> Description:
    return Description(
        name=name,
        kind="generated",
        task="regression",
        summary=summary,
        input_shape=shape,
        classes=None,
        class_names=(),
        samples=dict(zip(("train", "validation", "test"), samples, strict=True)),
        licence="Apache-2.0 (made by this package)",
        source="rendered from formulas and a seed",
        outputs=tuple(Output(*output) for output in OUTPUTS[: 1 if name == "roads" else None]),
    )


DESCRIPTIONS = {
    "roads": _description(
        "roads", "Views of rendered roads; from one frame to the steering angle.", (2320, 240, 640), (66, 200, 3)
    ),
    "road_sequences": _description(
        "road_sequences",
        "Rendered drives; from 10 frames to steering angle, speed and torque.",
        (696, 72, 192),
        (10, 66, 100, 3),
    ),
}


def load(
    name: str,
    *,
    validation_share: float,
    image_size: tuple[int, int] | None = None,
    drives: int = 40,
    per_drive: int | None = None,
    stride: int = 5,
    frames: int | None = None,
    weather: str = "mixed",
    light: str = "mixed",
    road_seed: int = 0,
) -> Samples:
    """Renders the drives.

    Args:
        name: "roads" or "road_sequences".
        validation_share: share of the drives that are not for the test, in [0, 1).
        image_size: (height, width) of the frames in pixels; (66, 200), or (66, 100) for sequences, by default.
        drives: how many there are, for all parts together.
        per_drive: samples of each; 80, or 24 for sequences, by default.
        stride: tenths of a second from the start of one sample to that of the next.
        frames: T; 10 by default. Only for sequences.
        weather: "clear", "rain" or "fog" in all drives, or "mixed".
        light: "day", "dusk" or "night" in all drives, or "mixed".
        road_seed: of roads, sceneries and drivers. Apart from the training seed, so that runs with different seeds see
            the same drives.

    Raises:
        ValueError: if an option makes no sense, or there are too few drives for all parts.
    """
    size = check_size(image_size, least=SMALLEST) or _SIZES[name]
    per_drive = whole_number("per_drive", _PER_DRIVE[name] if per_drive is None else per_drive, least=1)
    if name == "roads" and frames not in (None, 1):
        raise ValueError(f"frames: a sample of roads is one frame; take road_sequences for {frames!r}.")
    length = whole_number("frames", _FRAMES[name] if frames is None else frames, least=1)
    recorded = record_drives(size, drives, per_drive, length, stride, weather, light, road_seed)
    parts_of_drives = parts_by_drive(len(recorded), validation_share)
    known = DESCRIPTIONS[name]
    outputs = standardisation(np.concatenate([recorded[k].values for k in parts_of_drives["train"]]), known.outputs)
    parts = {}
    for part, chosen in parts_of_drives.items():
        x = np.concatenate([np.zeros((0, length, *size, 3), "uint8"), *(recorded[k].frames for k in chosen)])
        values = [recorded[k].values for k in chosen]  # (N, T, H, W, 3) and (N, 3) of each
        parts[part] = (x[:, 0] if name == "roads" else x, standardised(values, outputs))
    description = replace(known, input_shape=parts["test"][0].shape[1:], outputs=outputs)
    return Samples(parts, description, baselines=baselines([recorded[k] for k in parts_of_drives["test"]], outputs))


def record_drives(
    size: tuple[int, int],
    drives: int,
    per_drive: int,
    length: int,
    stride: int,
    weather: str,
    light: str,
    road_seed: int,
) -> list[Drive]:
    """The drives, each of which depends on the seed and on its own number alone; arguments as of `load`."""
    drives = whole_number("drives", drives, least=3)
    stride = whole_number("stride", stride, least=1)
    road_seed = whole_number("road_seed", road_seed, least=0)
    for kind, value, known in (("weather", weather, WEATHERS), ("light", light, LIGHTS)):
        if value not in (*known, "mixed"):
            raise unknown_name(kind, value, (*known, "mixed"))
    return [
        record(size, per_drive, length, stride, seed=(road_seed, drive), weather=weather, light=light)
        for drive in range(drives)
    ]


def parts_by_drive(drives: int, validation_share: float) -> dict[str, range]:
    """Which drives are in which part: the last fifth tests, those before it validate.

    Raises:
        ValueError: if a part that was asked for gets none.

    Example:
        >>> parts_by_drive(10, validation_share=0.1)
        {'train': range(0, 7), 'validation': range(7, 8), 'test': range(8, 10)}
    """
    parts = calendar_parts(drives, validation_share)
    if not parts["train"] or not parts["test"] or (validation_share and not parts["validation"]):
        raise ValueError(
            f"drives: {drives} are too few to train on, validate (validation_share={validation_share:g}) and test; "
            "a drive belongs to one part alone."
        )
    return parts


# === Targets ===
def standardisation(values: np.ndarray, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    """The outputs with mean and deviation of the training values, shape `(N, outputs or more)`.

    A value that never changes keeps its unit: its deviation counts as 1.
    """
    return tuple(
        replace(one, mean=float(column.mean()), std=float(column.std()) if np.ptp(column) else 1.0)
        for one, column in zip(outputs, values.T, strict=False)
    )


def standardised(values: list[np.ndarray], outputs: tuple[Output, ...]) -> np.ndarray:
    """Values of some drives, each of shape `(N, outputs or more)`, as targets: float32, shape `(N, outputs)`."""
    together = np.concatenate([np.zeros((0, len(outputs))), *(one[:, : len(outputs)] for one in values)])
    means, deviations = (np.array([getattr(one, name) for one in outputs]) for name in ("mean", "std"))
    return ((together - means) / deviations).astype("float32")


def baselines(test: list[Drive], outputs: tuple[Output, ...]) -> dict[str, np.ndarray]:
    """What a forecast needs no camera for.

    Returns:
        "training mean", and "persistence": what the driver did a tenth of a second before the (last) frame, which a
        model that sees nothing but frames does not know.
    """
    persistence = standardised([drive.before for drive in test], outputs)
    return {"training mean": np.zeros_like(persistence), "persistence": persistence}
