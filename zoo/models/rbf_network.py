"""The radial basis function network (Broomhead & Lowe 1988; Moody & Darken 1989).

One layer of units that each know a place among the inputs, and a linear layer that says what is there. Where the places
are is found without labels: in the middle of groups of samples.

Shapes:
    B  batch size
    N  number of samples
    D  number of input values: height * width * channels
    M  number of units
    C  number of classes
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from ..layers.gaussian_units import GaussianUnits
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import sample_shape, whole_number
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class RBFNetwork(ZooModel):
    """A radial basis function network, 784-200-10 by default: 159 010 parameters.

        phi_j(x) = exp(-|x - c_j|^2 / (2 sigma_j^2)),   logits = W phi(x) + b

        layer      output      parameters
        flatten       784
        units         200         157 000     centres and widths
        logits          C           2 010     (C = 10)

    `pretrain` puts the centres where the samples are. Without it they start anywhere, and gradient descent has to move
    them there.

    Args:
        input_shape: shape of one sample, flattened first. Defaults to (28, 28, 1).
        classes: number of classes, C, at least 2. Defaults to 10.
        units: number of centres, M. Defaults to 200.
        learn_centres: whether gradient descent moves centres and widths too, or the linear layer alone, as in the
            papers. Defaults to True.
        kernel_initializer: of W; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dtype: "float64" computes and answers in double precision; everything else in float32: what is left of two large
            squares has no digits to spare. Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        inputs: float tensor, shape `(B, *input_shape)`; pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> model = RBFNetwork((2,), classes=2, units=3)
        >>> model.pretrain(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32"), seed=0)
        >>> tuple(model.get_layer("units").centres.shape)
        (3, 2)

    Reference:
        Broomhead & Lowe (1988), Complex Systems 2, sections 3 and 4; Moody & Darken (1989), Neural Computation 1,
        section 3. Unlike there: the linear layer is found by gradient descent on the cross-entropy, not by least
        squares, and centres and widths may follow, as in Poggio & Girosi (1990).
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        classes: int = 10,
        units: int = 200,
        learn_centres: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = sample_shape(input_shape)
        classes = whole_number("classes", classes, least=2)
        units = whole_number("units", units, least=1)
        if not isinstance(learn_centres, bool):
            raise ValueError(f"learn_centres is True or False; got {learn_centres!r}.")
        policy = get_policy(dtype)
        answer = output_dtype(policy)

        # === Functional model ===
        inputs = keras.Input(input_shape, dtype=answer, name="inputs")
        x = layers.Flatten("channels_last", dtype=answer, name="flatten")(inputs)  # (B, D)
        x = GaussianUnits(units, learn_centres, dtype=answer, name="units")(x)  # (B, M)
        kernel = get_initializer(kernel_initializer)
        logits = layers.Dense(classes, kernel_initializer=kernel, dtype=answer, name="logits")(x)  # (B, C)
        super().__init__(inputs, logits, dtype=policy, **kwargs)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.units = units
        self.learn_centres = learn_centres
        self.kernel_initializer = serialize_initializer(kernel_initializer)

    def pretrain(
        self, inputs: np.ndarray, neighbours: int = 2, seed: int = 0, tell: Callable[[str], object] = lambda _: None
    ) -> None:
        """Puts the centres into the middle of groups of samples, and the widths between neighbours.

            c_j = mean of the samples that are nearest to c_j                     (k-means)
            sigma_j^2 = mean of |c_j - c_i|^2 over the P centres i nearest to c_j

        Args:
            inputs: array of training samples, shape `(N, *input_shape)`, at least M of them.
            neighbours: P, from 1 to M - 1.
            seed: of the centres that k-means begins with.
            tell: called with a line on what is going on.

        Raises:
            ValueError: if there are too few samples, or not so many neighbours.

        Reference:
            Moody & Darken (1989), section 3: k-means and the "P nearest neighbors" heuristic.
        """
        neighbours = whole_number("neighbours", neighbours, least=1)
        if neighbours >= self.units:
            raise ValueError(f"neighbours must be less than units={self.units}; got {neighbours}.")
        if len(inputs) < self.units:
            raise ValueError(f"there are {len(inputs)} samples for units={self.units} centres: take fewer units.")
        tell(f"k-means: {self.units} centres of {len(inputs):,} samples")
        centres = k_means(np.reshape(inputs, (len(inputs), -1)), self.units, seed)  # (M, D)
        layer = self.get_layer("units")
        layer.centres.assign(centres)
        layer.log_widths.assign(np.log(widths(centres, neighbours)))


def k_means(samples: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The centres of `count` groups of samples, by scikit-learn; the same ones for the same seed.

    Args:
        samples: shape `(N, D)`.
        count: M, at most N.
        seed: of the centres to begin with.

    Returns:
        Array, shape `(M, D)`.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # several threads would add up in an order of chance
        return KMeans(count, n_init=1, random_state=seed).fit(samples).cluster_centers_


def widths(centres: np.ndarray, neighbours: int) -> np.ndarray:
    """The root of the mean squared distance of each centre from its nearest neighbours, shape `(M,)`.

    Where these lie on the very same place, half the smallest width there is takes the place of zero.

    Example:
        >>> widths(np.array([[0.0], [1.0], [3.0]]), neighbours=1).tolist()
        [1.0, 1.0, 2.0]
    """
    from scipy.spatial.distance import cdist

    apart = cdist(centres, centres, "sqeuclidean")  # (M, M)
    nearest = np.sort(apart, axis=1)[:, 1 : neighbours + 1]  # without the centre itself
    found = np.sqrt(nearest.mean(axis=1))
    smallest = found[found > 0].min(initial=np.inf)
    return np.where(found > 0, found, smallest / 2 if np.isfinite(smallest) else 1.0)
