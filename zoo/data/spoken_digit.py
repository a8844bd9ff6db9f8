"""Spoken digits: 2 500 recordings of 5 speakers, as log-mel features; prepared by tensorflow-datasets.

The test part is a speaker whom neither training nor validation hears, as whoever will use a model is new to it. Another
speaker validates.

Shapes:
    N  number of recordings
    T  frames of the longest, one every 10 ms
"""

import os
from dataclasses import replace

import numpy as np

from ..errors import unknown_name
from . import prepared_records
from .description import Description
from .log_mel import BANDS, log_mel
from .prepared_records import open_prepared, read_records
from .samples import Samples

RATE = 8000  # samples a second
LOUDEST = 2**15  # of 16 bits
SPEAKERS = ("theo", "nicolas")  # who tests, who validates
NEVER_ZERO = 1e-6

DESCRIPTION = Description(
    name="spoken_digit",
    kind="tensorflow-datasets",
    task="classification",
    summary="Recordings of spoken digits as log-mel features; tested on a speaker who is new.",
    input_shape=(None, BANDS),
    classes=10,
    class_names=tuple("0123456789"),
    samples={"train": 1500, "validation": 500, "test": 500},
    licence="CC BY-SA 4.0",
    source="Z. Jackson et al. (2018), Free Spoken Digit Dataset; kept by tensorflow-datasets",
    homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
)


def load(
    *,
    validation_share: float,
    data_dir: str | os.PathLike | None = None,
    speakers: str | list[str] | tuple[str, ...] = SPEAKERS,
    centre: bool = True,
) -> Samples:
    """The recordings, by speaker.

    Args:
        validation_share: 0 lets the second of the speakers train as well; any other share changes nothing.
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.
        speakers: who tests and who validates, such as ("theo", "nicolas") or "theo,nicolas".
        centre: whether each recording loses its own mean in every band: what a microphone and a voice add to all of its
            frames alike (cepstral mean normalisation, Atal 1974, in the bands themselves).

    Raises:
        ValueError: if there is no such speaker, or the folder is not what it should be.
        OSError: if the data set is not prepared and the network cannot be reached, or a file cannot be read.
    """
    folder = open_prepared(DESCRIPTION.name, data_dir)
    fields = {"audio": "numbers", "label": "number", "audio/filename": "text"}
    records = read_records(folder, "train", DESCRIPTION.name, fields)
    who = np.array([record["audio/filename"].split("_")[1] for record in records])  # 7_jackson_32.wav
    test, validation = _check_speakers(speakers, sorted(set(who.tolist())))
    labels = np.array([record["label"] for record in records], "int32")
    sounds = [log_mel(record["audio"] / LOUDEST, RATE) for record in records]
    if centre:
        sounds = [sound - sound.mean(axis=0) for sound in sounds]
    rows = {"test": who == test, "validation": (who == validation) & (validation_share > 0)}
    rows["train"] = ~(rows["test"] | rows["validation"])
    x, lengths = standardised(sounds, rows["train"])
    parts = {part: (x[rows[part]], labels[rows[part]]) for part in ("train", "validation", "test")}
    summary = f"Recordings of spoken digits as log-mel features; tested on a new speaker, {test}."
    return Samples(parts, replace(DESCRIPTION, summary=summary), {part: lengths[rows[part]] for part in parts})


def _check_speakers(speakers: str | list[str] | tuple[str, ...], there: list[str]) -> tuple[str, str]:
    two = [name.strip() for name in speakers.split(",")] if isinstance(speakers, str) else list(speakers)
    if len(two) != 2 or two[0] == two[1]:
        raise ValueError(
            f"speakers are two: who tests, and who validates (--data-option speakers=theo,nicolas); got {speakers!r}."
        )
    for name in two:
        if name not in there:
            raise unknown_name("speaker", name, there)
    return two[0], two[1]


def standardised(sounds: list[np.ndarray], training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All recordings in one array, each band with mean 0 and standard deviation 1 over the training part's frames.

    Args:
        sounds: features, each of shape `(frames, D)`.
        training: which of them train, bool, shape `(N,)`.

    Returns:
        float32, shape `(N, T, D)`, zeros behind the ends; and the lengths, int32, shape `(N,)`. No frame before an end
        is all zeros, which would be taken for padding.
    """
    known = np.concatenate([sound for sound, trains in zip(sounds, training, strict=True) if trains])  # (frames, D)
    mean, std = known.mean(axis=0, dtype="float64"), known.std(axis=0, dtype="float64")
    lengths = np.array([len(sound) for sound in sounds], "int32")
    x = np.zeros((len(sounds), lengths.max(), known.shape[1]), "float32")
    for row, sound in zip(x, sounds, strict=True):
        frames = (sound - mean) / std
        frames[~frames.any(axis=1)] = NEVER_ZERO
        row[: len(sound)] = frames
    return x, lengths


def check_available(name: str, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses, within seconds, what is neither prepared nor can be; see `prepared_records`."""
    prepared_records.check_available(name, data_dir)
