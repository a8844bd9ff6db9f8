"""The multilayer perceptron (Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors").

Layers of units, each of which sees every unit of the layer before; the pixels' places are lost at the entrance.

Shapes:
    B  batch size
    D  number of input values: height * width * channels
    H  number of units of a hidden layer
    C  number of classes
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from ..engine.pretraining import pretrain_greedily
from ..layers.activations import activated, serialize_activation
from ..layers.dropout import Dropout
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import sample_shape, share, whole_number, whole_numbers
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class MLP(ZooModel):
    """A multilayer perceptron: 784-128-32-10 by default, 104 938 parameters.

        h_1 = a(W_1 x + b_1),   h_l = a(W_l h_{l-1} + b_l),   logits = W_L h_{L-1} + b_L

        layer      output      parameters
        flatten       784
        hidden1       128         100 480
        hidden2        32           4 128
        logits          C             330  (C = 10)

    Args:
        input_shape: shape of one sample, flattened first. Defaults to (28, 28, 1).
        classes: number of classes, C, at least 2. Defaults to 10.
        hidden: number of units of each hidden layer, H; may be empty. Defaults to (128, 32).
        activation: of the hidden layers; see `layers/activations.py`. Defaults to "relu".
        kernel_initializer: of every W; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dropout: share of each hidden layer's outputs left out in training, in [0, 1). Defaults to 0.
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        inputs: float tensor, shape `(B, *input_shape)`; pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`; float32 under every policy but "float64".

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> MLP().count_params()
        104938
        >>> MLP(hidden=(16, 16)).count_params()
        13002

    Reference:
        Rumelhart, Hinton & Williams (1986), Nature 323. Unlike there: ReLU for the logistic, and linear outputs for a
        softmax with cross-entropy in place of logistic outputs with squared errors.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        classes: int = 10,
        hidden: Sequence[int] = (128, 32),
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        dropout: float = 0.0,
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = sample_shape(input_shape)
        classes = whole_number("classes", classes, least=2)
        hidden = whole_numbers("hidden", hidden, least=1)
        dropout = share("dropout", dropout)
        policy = get_policy(dtype)

        # === Functional model ===
        inputs = keras.Input(input_shape, dtype=output_dtype(policy), name="inputs")
        x = layers.Flatten("channels_last", dtype=policy, name="flatten")(inputs)  # (B, D)
        for number, units in enumerate(hidden, start=1):
            dense = layers.Dense(
                units, kernel_initializer=get_initializer(kernel_initializer), dtype=policy, name=f"hidden{number}"
            )
            x = activated(dense, activation)(x)  # (B, H)
            if dropout:
                x = Dropout(dropout, dtype=policy, name=f"dropout{number}")(x)
        logits = layers.Dense(
            classes, kernel_initializer=get_initializer(kernel_initializer), dtype=output_dtype(policy), name="logits"
        )
        super().__init__(inputs, logits(x), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.hidden = hidden
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.dropout = dropout

    def pretrain(
        self,
        inputs: np.ndarray,
        epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        corruption: float = 0.0,
        seed: int = 0,
        tell: Callable[[str], object] = lambda _: None,
    ) -> list[float]:
        """Trains the hidden layers one after the other, without labels; see `zoo.pretrain_greedily`, which does it."""
        return pretrain_greedily(
            self, inputs, epochs, batch_size=batch_size, learning_rate=learning_rate, corruption=corruption, seed=seed,
            tell=tell,
        )  # fmt: skip
