"""Run as a program, under another KERAS_BACKEND: answers the inputs beside each saved model of a folder."""

import sys
from pathlib import Path

import keras
import numpy as np

from gradschool import zoo


def save_inputs(path: Path, inputs) -> None:
    """Writes an array, or a dict of arrays."""
    np.savez(path, **inputs) if isinstance(inputs, dict) else np.savez(path, inputs)


def load_inputs(path: Path):
    """What `save_inputs` wrote."""
    found = dict(np.load(path))
    return found.get("arr_0", found)


def main(folder: Path) -> None:
    """Writes NAME.BACKEND.npy beside every NAME.keras."""
    for path in sorted(folder.glob("*.keras")):
        model = zoo.load_model(path)
        answers = keras.ops.convert_to_numpy(model(load_inputs(path.with_suffix(".inputs.npz")), training=False))
        np.save(path.with_suffix(f".{keras.backend.backend()}.npy"), answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
