"""Euclidean radial basis function units (LeCun et al. 1998, section II.C): how far is this from what I stand for?"""

from typing import Any

import keras
import numpy as np
from keras import ops

from .class_codes import class_codes


@keras.saving.register_keras_serializable(package="gradschool")
class RBFCodes(keras.layers.Layer):
    """Minus the squared distance of the input from each class's fixed code.

        y_i = sum_j (x_j - w_ij)^2                                                              (equation 7)
        logits_i = -y_i

    With these logits, softmax cross-entropy is the paper's cost y_D + log(sum_i e^{-y_i}) (equation 9, without its
    constant for "none of the classes").

    Args:
        classes: number of classes, C. The codes, 84 values for each, come from `class_codes.py`.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: float tensor, shape `(B, 84)`.

    Returns:
        Logits, shape `(B, C)`: zero where the input is the class's code, below zero elsewhere.

    Example:
        >>> tuple(RBFCodes(10)(keras.ops.zeros((1, 84))).shape)
        (1, 10)

    Reference:
        LeCun et al. (1998), section II.C, equations 7 and 9.
    """

    def __init__(self, classes: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.classes = classes

    def build(self, x_shape):
        codes = class_codes(self.classes)  # (C, 84)
        if x_shape[-1] != codes.shape[1]:
            raise ValueError(f"RBFCodes compares codes of {codes.shape[1]} values; got inputs of shape {x_shape}.")
        # A weight that is not trained, not a constant: a saved model keeps the codes that it was trained with.
        self.codes = self.add_weight(
            shape=codes.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(np.array(codes), dtype),
            trainable=False,
            name="codes",
        )

    def call(self, x):
        apart = ops.expand_dims(x, 1) - ops.cast(self.codes, x.dtype)  # (B, C, 84)
        return -ops.sum(ops.square(apart), axis=-1)  # (B, C)

    def compute_output_shape(self, x_shape):
        return (*x_shape[:-1], self.classes)

    def multiply_adds(self, input_shape, output_shape) -> int:
        """One square for each value of each code."""
        return self.classes * input_shape[-1]

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}
