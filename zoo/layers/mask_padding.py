"""The mask of padding, hung on answers that were computed as if there were none.

Where padding stands at the end of a sequence and every answer rests on what came before it, no answer to a step that
counts knows of padding. Then recurrent layers need no mask, which would keep fused kernels from being used; only losses
and metrics do, which leave masked steps out.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
class MaskPadding(keras.layers.Layer):
    """Gives its first input as it is, with a mask: True where the second input, tokens, is not 0.

    Args:
        **kwargs: as of every Keras layer.

    Call arguments:
        inputs: answers, shape `(B, T, ...)`, and tokens, int tensor, shape `(B, T)`; a list of the two.

    Returns:
        The answers.

    Example:
        >>> from ...callbacks.keras_internals import mask_of
        >>> masked = MaskPadding()([ops.ones((1, 3, 2)), ops.array([[5, 7, 0]])])
        >>> ops.convert_to_numpy(mask_of(masked)).tolist()
        [[True, True, False]]
    """

    suits_xla = True  # see `engine/choices.py`

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shapes):
        self.built = True

    def call(self, inputs):
        answers, _ = inputs
        return answers

    def compute_mask(self, inputs, previous_masks=None):
        _, tokens = inputs
        return ops.not_equal(tokens, 0)

    def compute_output_shape(self, input_shapes):
        return input_shapes[0]

    def multiply_adds(self, input_shape, output_shape) -> int:
        """0."""
        return 0
