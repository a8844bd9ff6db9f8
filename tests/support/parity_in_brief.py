"""The small parity cases in the precisions that the suite tries; `gradschool parity` tries all.

In float64 every mistake shows. Float32 has four orders of sums besides, each of which is traced anew: it is for one
plain case, and for those whose draws or statistics are float32 numbers then.
"""

from dataclasses import replace

from gradschool.zoo.parity.cases import CASES as ALL

ALSO_FLOAT32 = ("dense", "dropout", "batch_normalization", "augmentation")
CASES = {
    name: replace(case, precisions=tuple(one for one in case.precisions if one != "float32" or name in ALSO_FLOAT32))
    for name, case in ALL.items()
}
