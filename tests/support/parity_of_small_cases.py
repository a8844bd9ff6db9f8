"""The small parity cases as the tests run them: all in float64, some in float32 as well.

What replicas do otherwise than one device shows in float64. In float32 there is rounding besides, which takes four more
trainings to tell from a mistake; `gradschool parity` does that for all of them.
"""

import dataclasses

from gradschool.zoo.parity import cases

IN_FLOAT32 = ("dense", "dropout", "convolution", "masked_loss", "clip_by_global_norm", "gradient_accumulation", "adamw")


def as_tested(case):
    if "float64" not in case.precisions or case.name in IN_FLOAT32:
        return case
    return dataclasses.replace(case, precisions=("float64",))


CASES = {name: as_tested(case) for name, case in cases.CASES.items()}
