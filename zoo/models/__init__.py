"""One network family per file, from the neuron of 1943 on."""

from ..quiet import import_keras

import_keras()
