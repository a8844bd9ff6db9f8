"""What `GradientMonitor` counts in the compiled step, in as few operations as possible.

Shapes:
    V  trainable variables,   L  layers
"""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from ..clipping.rules import global_norm, half_square, stacked
from ..keras_internals import (
    GradientStage,
    add_to,
    dense_gradient,
    layer_tree,
    leaf_optimizer,
    multiply_or_zero,
    parts_of_update,
)

_ROWS = ("sum", "nonfinite", "updates", "ratio", "ratios")  # of the counts
_NOISE = ("square", "updates", "product", "products", "follows")  # the last: 1 behind an update that was finite


class GradientWatch(GradientStage):
    """A stage that measures and changes nothing.

    Args:
        model: whose gradients they are.
        every: at which updates the ratios are measured; None for never.
        noise: whether what the noise scale needs is measured as well.
    """

    def __init__(self, model: keras.Model, every: int | None, noise: bool):
        super().__init__()
        self.model, self.every, self.noise = model, every, noise
        self.layers: list[str] = []
        self.samples = 0  # of a batch, where its shape says so: on TensorFlow, `state` counts them
        self.wants_updates = every is not None
        self.wants_parts = noise
        self.parts = 1
        self._by_successors = self._accumulates = False
        self._good: Any = None  # whether the gradient of the update that is being traced is finite: 1 or 0

    def differs_from(self, model: keras.Model) -> bool:
        """Whether the layers that are trained are others by now."""
        return self.built and self.layers != list(dict.fromkeys(layer_names(model, model.trainable_variables)))

    def build(self, variables):
        names = layer_names(self.model, variables)
        self.layers = list(dict.fromkeys(names))
        self._layer_of = {id(one): self.layers.index(name) for one, name in zip(variables, names, strict=True)}
        self.add_state("counts", (len(_ROWS), len(self.layers) + 1))  # the last column is for all together
        self.add_state("largest", (len(self.layers) + 1,))
        self.parts = parts_of_update(self.model)
        if self.noise:
            self.add_state("noise", (len(_NOISE),))
            self.add_state("parts", (2,), aggregation="mean")  # sum of squared norms, and of how many
            self.add_state("pending", (2,))  # the same of the update to come
            self._by_successors = self.parts == 1
            self._accumulates = bool(leaf_optimizer(self.model.optimizer).gradient_accumulation_steps)
            if self._by_successors:
                for number, variable in enumerate(variables):
                    self.add_state(f"previous_{number}", variable.shape)
                self._number_of = {id(one): number for number, one in enumerate(variables)}

    # === In the compiled step ===
    def on_gradients(self, gradients, variables):
        squares = self._by_layer([half_square(one) for one in gradients], variables)  # (L + 1,)
        good = ops.cast(ops.isfinite(squares), "float32")  # of one weight alone, XLA takes the root of x^2 for |x|
        norms = multiply_or_zero(ops.sqrt(squares), good)
        self._good = good[-1]
        present = self._present(variables)
        zeros = ops.zeros_like(norms)
        new = ops.stack([norms, present - good * present, present, zeros, zeros])  # (5, L + 1)
        self.state["largest"].assign(ops.maximum(ops.convert_to_tensor(self.state["largest"]), norms))
        add_to(self.state["counts"], new)
        if self.noise:
            self._add_noise(gradients, variables, norms[-1], good[-1])
        return gradients

    def on_update(self, before, after, variables):
        def ratios():
            changes = [half_square(ops.subtract(new, old)) for old, new in zip(before, after, strict=True)]
            sizes = [half_square(one) for one in before]
            return ops.sqrt(
                ops.divide_no_nan(self._by_layer(changes, variables), self._by_layer(sizes, variables))
            )  # (L + 1,)

        counts = ops.convert_to_tensor(self.state["counts"])
        present = self._present(variables)
        if self.every == 1:
            found, due = ratios(), ops.ones_like(present)
        else:
            is_due = ops.equal(ops.mod(counts[_ROWS.index("updates"), -1] - 1.0, float(self.every)), 0.0)
            found = ops.cond(is_due, ratios, lambda: ops.zeros_like(present))
            due = ops.cast(is_due, "float32") * ops.ones_like(present)
        finite = ops.isfinite(found)
        due = due * present * ops.cast(finite, "float32") * self._good  # else it may have been left out
        found = ops.where(finite, found, 0.0) * self._good
        zeros = ops.zeros((len(_ROWS) - 2, len(self.layers) + 1))
        add_to(self.state["counts"], ops.concatenate([zeros, ops.stack([found, due])]))

    def on_part(self, gradients, variables, parts):
        self.parts = parts  # replicas do not count where every micro-batch is summed over them first
        square = ops.square(ops.cast(global_norm(gradients), "float32"))
        finite = ops.isfinite(square)
        new = ops.stack([ops.where(finite, square, 0.0), ops.cast(finite, "float32")])
        if self._accumulates:
            new = new + ops.convert_to_tensor(self.state["pending"])
        self.state["pending"].assign(new)

    def _count_parts(self, good) -> None:
        """Counts the parts of an update, if its gradient is finite."""
        pending = ops.convert_to_tensor(self.state["pending"])
        add_to(self.state["parts"], good * pending)
        if self._accumulates:
            self.state["pending"].assign(ops.zeros_like(pending))

    def _add_noise(self, gradients, variables, norm, good) -> None:
        noise = ops.convert_to_tensor(self.state["noise"])
        product = products = ops.zeros_like(norm)
        if self._by_successors:
            terms = []
            for gradient, variable in zip(gradients, variables, strict=True):
                previous = self.state[f"previous_{self._number_of[id(variable)]}"]
                values = multiply_or_zero(ops.cast(dense_gradient(gradient), "float32"), good)
                terms.append(ops.sum(values * ops.convert_to_tensor(previous)))
                previous.assign(values)
            products = good * noise[_NOISE.index("follows")]
            product = sum(terms) * products
        else:
            self._count_parts(good)
        so_far = noise * ops.convert_to_tensor(np.array([name != "follows" for name in _NOISE], "float32"))
        self.state["noise"].assign(so_far + ops.stack([ops.square(norm), good, product, products, good]))

    def _by_layer(self, halves: Sequence[Any], variables):
        """Twice the sums of the variables' scalars by layer, and over all: shape `(L + 1,)`."""
        places = np.zeros((len(halves), len(self.layers) + 1), "float32")
        for number, variable in enumerate(variables):
            places[number, [self._layer_of[id(variable)], -1]] = 2.0
        column = ops.expand_dims(ops.cast(stacked(halves), "float32"), -1)  # (V, 1)
        return ops.sum(multiply_or_zero(column, ops.convert_to_tensor(places)), axis=0)  # NaN stays within its layer

    def _present(self, variables):
        present = np.zeros(len(self.layers) + 1, "float32")
        present[[-1, *(self._layer_of[id(one)] for one in variables)]] = 1.0
        return ops.convert_to_tensor(present)

    # === Samples ===
    def counting_samples(self, train_step: Callable[..., Any]) -> Callable[..., Any]:
        """A model's `train_step` that also notes how many samples a batch has. Not to be called in a step."""
        on_tensorflow = keras.backend.backend() == "tensorflow"
        if on_tensorflow and "samples" not in self.state:  # the step counts before it makes the rest of the state
            with self.model.distribute_strategy.scope():
                self.add_state("samples", (), "int32", aggregation="sum")

        @functools.wraps(train_step)
        def counting(*arguments):
            count = ops.shape(keras.tree.flatten(arguments[-1])[0])[0]
            if on_tensorflow:
                largest = ops.maximum(ops.convert_to_tensor(self.state["samples"]), ops.cast(count, "int32"))
                self.state["samples"].assign(largest)
            else:
                self.samples = max(self.samples, int(count))
            return train_step(*arguments)

        return counting

    def let_go_of_step(self) -> None:
        """Keeps nothing of the compiled step, which could be neither copied nor freed."""
        self._good = None

    # === Between epochs ===
    def forget(self) -> None:
        """Begins to count anew."""
        for name, variable in self.state.items():
            if not name.startswith("previous"):
                variable.assign(np.zeros(variable.shape, variable.dtype))

    def read(self) -> "Counted | None":
        """What was counted since; None if there was no update."""
        values = {
            name: ops.convert_to_numpy(variable)
            for name, variable in self.state.items()
            if not name.startswith("previous")
        }
        if "counts" not in values or not values["counts"][_ROWS.index("updates"), -1]:
            return None
        samples = int(values.get("samples", self.samples))
        accumulated = leaf_optimizer(self.model.optimizer).gradient_accumulation_steps or 1
        return Counted(values, self.parts, samples * accumulated)


@dataclass(frozen=True)
class Counted:
    """The figures of an epoch.

    Args:
        values: the state of `GradientWatch`, by name.
        parts: of an update.
        samples: of an update; 0 if that is not known.
    """

    values: dict[str, np.ndarray]
    parts: int
    samples: int

    def of_layer(self, place: int) -> dict[str, Any] | None:
        """A layer's figures; None if it got no gradient."""
        counts = dict(zip(_ROWS, self.values["counts"][:, place].tolist(), strict=True))
        if not counts["updates"]:
            return None
        finite = counts["updates"] - counts["nonfinite"]
        return {
            "gradient_norm": counts["sum"] / finite if finite else math.nan,
            "gradient_norm_max": float(self.values["largest"][place]) if finite else math.nan,
            "nonfinite": int(counts["nonfinite"]),
            "update_ratio": counts["ratio"] / counts["ratios"] if counts["ratios"] else None,
        }

    @property
    def global_norm(self) -> float:
        """The mean norm of all gradients together."""
        return (self.of_layer(-1) or {})["gradient_norm"]

    @property
    def global_ratio(self) -> float:
        """The mean length of an update in proportion to the length of all weights together."""
        ratio = (self.of_layer(-1) or {})["update_ratio"]
        return math.nan if ratio is None else ratio

    def _noise(self, name: str) -> float:
        return float(self.values["noise"][_NOISE.index(name)])

    @property
    def square(self) -> float:
        """The mean squared norm of an update's gradient."""
        return self._noise("square") / self._noise("updates") if self._noise("updates") else math.nan

    @property
    def square_of_part(self) -> float | None:
        """The mean squared norm of a part's gradient, in updates that were finite; None if updates have no parts."""
        if self.parts == 1:
            return None
        total, count = self.values["parts"].tolist()
        return total / count if count else math.nan

    @property
    def products(self) -> float:
        """How many pairs of successive updates there were."""
        return self._noise("products")

    @property
    def product(self) -> float | None:
        """The mean product of two successive updates' gradients; None if updates have parts."""
        return self._noise("product") / self.products if self.products else None


def layer_names(model: keras.Model, variables: Sequence[Any]) -> list[str]:
    """The layer that each variable belongs to, by its path within the model.

    Variables have the paths of the layers that made them, and two layers may have one and the same, as those of two
    submodels that one function has built. These layers are called by their place in the model.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="a")])
        >>> layer_names(model, model.trainable_variables)
        ['a', 'a']
    """
    inside = f"{model.name}/"
    paths = [getattr(one, "path", one.name).rpartition("/")[0] or model.name for one in variables]
    names = [path.removeprefix(inside) for path in paths]
    homes = _homes(model)
    layers: dict[str, dict[int, str]] = {}  # by name those that have it, with their places
    for name, variable in zip(names, variables, strict=True):
        if id(variable) in homes:
            layer, place = homes[id(variable)]
            layers.setdefault(name, {})[layer] = place
    own: dict[int, str] = {}
    for alike in layers.values():
        if len(alike) > 1:
            own |= _told_apart(alike, taken={*layers, *own.values()})
    return [
        own.get(homes[id(one)][0], name) if id(one) in homes else name
        for name, one in zip(names, variables, strict=True)
    ]


def _homes(model: keras.Model) -> dict[int, tuple[int, str]]:
    """By the variable's `id`, the layer that holds it (its `id` too) and where that first lies in the model."""
    homes: dict[int, tuple[int, str]] = {}
    for node in layer_tree(model):
        of_own = isinstance(node.operation, keras.layers.Layer) and not isinstance(node.operation, keras.layers.RNN)
        held = node.operation._trainable_variables if of_own else getattr(node.operation, "trainable_variables", ())
        for variable in held:
            homes.setdefault(id(variable), (id(node.operation), node.path))
    return homes


def _told_apart(places: dict[int, str], taken: set[str]) -> dict[int, str]:
    """Names for layers: their places in the model, with a number where several layers lie in one."""
    names: dict[int, str] = {}
    for layer, place in places.items():
        numbered = itertools.chain((place,), (f"{place}_{number}" for number in itertools.count(1)))
        names[layer] = next(one for one in numbered if one not in {*taken, *names.values()})
    return names
