"""Truth tables: what the first artificial neurons were asked to compute.

AND, OR and NAND are linearly separable, so one threshold neuron can represent them; XOR is not, and needs a hidden
layer (Minsky and Papert 1969, "Perceptrons").
"""

import numpy as np

from .description import Description
from .samples import Samples

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")  # both inputs of each row
TABLES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "nand": (1, 1, 1, 0), "xor": (0, 1, 1, 0)}


def _description(gate: str) -> Description:
    return Description(
        name=f"logic_{gate}",
        kind="generated",
        task="classification",
        summary=f"Truth table of {gate.upper()}: its four rows are train, validation and test at once.",
        input_shape=(2,),
        classes=2,
        class_names=("0", "1"),
        samples={"train": 4, "validation": 4, "test": 4},
        licence="none needed (a definition)",
        source="G. Boole (1847), The Mathematical Analysis of Logic",
    )


DESCRIPTIONS = {f"logic_{gate}": _description(gate) for gate in TABLES}


def load(name: str) -> Samples:
    """The truth table of a gate such as "logic_xor". There is nothing to generalise to: all parts are the same rows."""
    rows = ROWS, np.array(TABLES[name.removeprefix("logic_")], "int32")
    return Samples(dict.fromkeys(("train", "validation", "test"), rows), DESCRIPTIONS[name])
