"""Run as a program, under another KERAS_BACKEND: answers the inputs beside each saved model of a folder."""

import sys
from pathlib import Path

import keras
import numpy as np

from gradschool import zoo


def main(folder: Path) -> None:
    """Writes NAME.BACKEND.npy beside every NAME.keras."""
    for path in sorted(folder.glob("*.keras")):
        model = zoo.load_model(path)
        answers = keras.ops.convert_to_numpy(model(np.load(path.with_suffix(".inputs.npy")), training=False))
        np.save(path.with_suffix(f".{keras.backend.backend()}.npy"), answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
