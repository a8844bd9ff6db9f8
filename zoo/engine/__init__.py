"""How any model is trained: from a recipe to a run folder."""

from ..quiet import import_keras

import_keras()
