"""Looking into a model: its layers, and what each holds and does."""

from ..quiet import import_keras

import_keras()
