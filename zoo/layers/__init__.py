"""Building blocks, one per file: activations, initialisers, losses, and the layers that Keras does not have."""

from ..quiet import import_keras

import_keras()
