"""`GradientMonitor`: gradients and updates layer by layer, and which of them vanish or explode."""

import math
import warnings
from typing import Any

from .diagnostic import Diagnostic, build_if_possible
from .gradients.findings import find_trouble
from .gradients.noise_scale import noise_scale_from_parts, noise_scale_from_steps
from .gradients.selection import chosen_names
from .gradients.watch import GradientWatch
from .keras_internals import FitSession, gradient_stages
from .numbers_given import is_whole
from .units.selection import as_list


class GradientMonitor(Diagnostic):
    """Measures every layer's gradient before any of our clipping, within the compiled step.

    Args:
        every: measure the update-to-weight ratio |w_(t+1) - w_t| / |w_t| of each layer at every so-manieth update; not
            at all for None, which is cheaper. A ratio of about 1e-3 is usual.
        noise_scale: whether to estimate the gradient noise scale (`gradients/noise_scale.py`), in samples: about the
            batch size at which larger batches stop paying. From replicas or accumulated micro-batches where there are
            any, otherwise from successive updates; the column `noise_scale_from` says which.
        layers: the layers to measure, by their own names or paths, by pattern such as "block_*", or themselves, with
            all that lies in them; all by default.

    The logs get `grad_norm` (the mean global norm over the epoch's updates), `grad_norm/<layer>`, and where asked for
    `update_ratio`, `update_ratio/<layer>` and `noise_scale`. `results` has one row for each epoch and layer, in the
    order in which the model made them: `epoch`, `layer` (by the path that its weights have; by its place in the model
    where several layers share one), `depth` (0 for the first), `gradient_norm` and
    `gradient_norm_max` (over the epoch's updates), `nonfinite` (updates), `update_ratio`. `noise` has a row for each
    epoch. `findings` names vanishing and exploding gradients by layer, with the evidence (`gradients/findings.py` has
    the rules). Every fit begins all of these anew.

    Squares are summed in float32: norms below about 1e-19 read as 0, and beyond about 1.8e19 a gradient counts as
    infinite. An optimizer that clips by itself (`clipnorm`, `global_clipnorm`, `clipvalue`) does so before anything is
    seen here: the norms are then those after its clipping, and a warning says so.

    Raises:
        ValueError: for an `every` below 1, a layer that is not there, a model without an optimizer, with several, or
            with nothing to train.

    Example:
        >>> import keras, numpy as np
        >>> monitor = GradientMonitor(every=1)
        >>> layers = [keras.layers.Dense(3, name="a"), keras.layers.Dense(1, name="b")]
        >>> model = keras.Sequential([keras.Input((2,)), *layers])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), callbacks=[monitor], verbose=0)
        >>> monitor.results[["epoch", "layer", "depth"]].values.tolist()
        [[1, 'a', 0], [1, 'b', 1]]

    References:
        Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
        McCandlish et al. 2018, "An Empirical Model of Large-Batch Training" (noise scale).
    """

    def __init__(self, every: int | None = None, noise_scale: bool = False, layers: Any = None):
        super().__init__()
        if every is not None and not is_whole(every, 1):
            raise ValueError(f"every is a number of updates, at least 1, or None for no update ratios; got {every!r}.")
        self.every, self.noise_scale = None if every is None else int(every), noise_scale
        self.layers = None if layers is None else as_list(layers)
        self.findings: list[dict[str, Any]] = []
        self.noise_rows: list[dict[str, Any]] = []
        self._watch: GradientWatch | None = None
        self._of: Any = None  # the optimizer that the watch was made for
        self._first_norms: dict[str, float] = {}
        self._wanted: set[str] = set()  # names of layers

    @property
    def noise(self):
        """The noise scale of each epoch, with the squared norms that it comes from, as a table."""
        import pandas

        return pandas.DataFrame(self.noise_rows)

    def __getstate__(self):
        return self.__dict__ | {"_watch": None, "_of": None}  # which belong to one model's compiled step

    def attach(self, fit: FitSession) -> None:
        leaf, cannot_be_built = self.only_optimizer(), build_if_possible(fit)
        if not self.model.trainable_variables:
            why = "are frozen (trainable=False)" if self.model.weights else "have none"
            raise ValueError(
                f"GradientMonitor measures the gradients of weights that are trained, and the layers of "
                f"{self.model.name!r} {why}."
            ) from cannot_be_built
        self._wanted = chosen_names(self.model, self.layers)
        _warn_of_own_clipping(leaf)
        self.findings, self.noise_rows, self._first_norms = [], [], {}
        if self._of is not leaf or not self._watch or self._watch.differs_from(self.model):
            self._watch, self._of = GradientWatch(self.model, self.every, self.noise_scale), leaf
        fit.undo_by(self._watch.let_go_of_step)
        fit.enter(gradient_stages(self.model, self._watch))
        if self.noise_scale:
            self._watch.samples = 0  # which is counted anew when the step is
            fit.override("train_step", self._watch.counting_samples(self.model.train_step))
            fit.rebuild()

    # === Epochs ===
    def on_epoch_begin(self, epoch, logs=None):
        self._watch.forget()

    def on_epoch_end(self, epoch, logs=None):
        counted = self._watch.read()
        if counted is None:
            self.warn_of_no_updates()
            return
        rows = []
        for depth, layer in enumerate(self._watch.layers):
            figures = counted.of_layer(depth)
            if figures is not None and layer in self._wanted:
                rows.append({"epoch": epoch + 1, "layer": layer, "depth": depth, **figures})
        self.rows += rows
        figures = {"grad_norm": counted.global_norm}
        figures |= {f"grad_norm/{row['layer']}": row["gradient_norm"] for row in rows}
        if self.every:
            figures["update_ratio"] = counted.global_ratio
            ratios = {f"update_ratio/{row['layer']}": row["update_ratio"] for row in rows}
            figures |= {name: math.nan if ratio is None else ratio for name, ratio in ratios.items()}
        if self.noise_scale:
            self.noise_rows.append({"epoch": epoch + 1, **_noise(counted)})
            figures["noise_scale"] = self.noise_rows[-1]["noise_scale"]
        for name, value in figures.items():
            (logs if logs is not None else {}).setdefault(name, value)
        if not any(math.isfinite(norm) for norm in self._first_norms.values()):
            self._first_norms = {row["layer"]: row["gradient_norm"] for row in rows}
        self.findings += find_trouble(rows, self._first_norms)

    # === Results ===
    def plot(self):
        """Heat map of the layers' gradient norms by epoch; of their update ratios, and the noise scale, if measured."""
        from .gradients.pictures import draw_gradients

        self.check_has_results()
        return draw_gradients(self.results, self.noise if self.noise_rows else None)


def _warn_of_own_clipping(optimizer) -> None:
    """Says so where an optimizer clips before its gradients are seen."""
    for name, ours in (("clipnorm", "norm"), ("global_clipnorm", "global_norm"), ("clipvalue", "value")):
        limit = getattr(optimizer, name, None)
        if limit is not None:
            warnings.warn(
                f"the optimizer clips by itself, before GradientMonitor sees the gradients: {name}={limit}. The norms "
                f"are those after that; with GradientClipping({ours}={limit}) in its place, they are those before.",
                stacklevel=3,
            )


def _noise(counted) -> dict[str, Any]:
    """The row of `noise` for an epoch."""
    if counted.parts > 1:
        origin = f"{counted.parts} parts of each update"
        relative = noise_scale_from_parts(counted.square, counted.square_of_part, counted.parts)
    else:
        origin = "successive updates"
        relative = noise_scale_from_steps(counted.square, counted.product) if counted.products else math.nan
    return {
        "noise_scale": relative * counted.samples if counted.samples else math.nan,
        "noise_scale_in_batches": relative,
        "noise_scale_from": origin,
        "batch": counted.samples,
        "square_of_update": counted.square,
        "square_of_part": counted.square_of_part,
        "product_of_successive": counted.product,
    }
