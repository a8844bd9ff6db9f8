"""`DeadUnitTracker`: units that never fire, and units stuck at a limit of their activation, layer by layer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .diagnostic import Diagnostic, build_if_possible
from .keras_internals import FitSession, layer_tree
from .numbers_given import is_number, is_whole
from .units.figures import layer_figures, scalars, unit_figures
from .units.layers import Kind, check_activations, find_unit_layers
from .units.probe_set import ProbeSet
from .units.selection import as_list, nothing_to_track, select, warn_of_suspects
from .units.watch import UnitWatch

if TYPE_CHECKING:
    import pandas

_KEY = ("epoch", "layer")


class DeadUnitTracker(Diagnostic):
    """Counts in the compiled step, without a forward pass of its own, which units never fired in an epoch of training.

    A unit fires for a sample where its activation is positive, which for ReLU and its kin means that its weighted sum
    is. It is dead in an epoch if it did so for no sample of any training batch:

        dead_u  =  max over batches, samples, positions of a(z_u)  <=  0

    With ReLU no gradient reaches the weights of a dead unit. An output that is no number counts as not firing: look at
    the loss first. A unit of a sigmoid or tanh layer is saturated in an epoch
    if more than `saturated_above` of its outputs lay within `margin` times the range of a limit:

        share_u  =  mean over outputs of [ a(z_u) < low + margin (high - low)  or  a(z_u) > high - margin (high - low) ]

    Units are the last axis of a layer's outputs, or the channels of a convolution; whatever a padded step of a sequence
    gives counts as well. `units/layers.py` says which activations count, and `units/watch.py` whose units are whose
    where one layer is called several times. Validation and prediction are not counted. Calls in a `train_step` of your
    own are, whichever of the model's layers it calls.

    Args:
        layers: the layers to watch, by name, by pattern such as "block_*", or themselves; all by default.
        frequency: whether to count how often each unit fires, for `units`. Takes more time.
        probe: inputs, as `model.predict` takes them. After each epoch the model is called on them, in inference, and
            dead and saturated units among them are counted as well.
        margin: how near to a limit an output of a sigmoid or tanh is near, as a share of the range. Defaults to 0.02.
        saturated_above: the share of a unit's outputs above which it is saturated. Defaults to 0.95.
        saturation_outputs: of how many outputs for each unit in each batch the share is taken, at least: where maps or
            sequences give more, the first samples that give so many are counted. None, or `frequency`, for all.
        activations: what cannot be known of functions and layer classes of your own, such as
            `{my_relu: "rectifier", scaled_tanh: (-1.7, 1.7), MyLayer: "rectifier"}`: that a function, or what a layer
            gives, is positive where the unit fires, or between which limits it lies.

    Attributes:
        rows: one per epoch and layer: `epoch` (from 1), `layer`, `activation`, `units`; for rectifying layers `dead`,
            `dead_fraction`, and `newly_dead` and `revived` since the epoch before; for saturating layers `saturated`
            and `saturated_fraction`; what does not apply is None. With a probe set, the same with `probe_` before it.
        unseen: by layer, what may hold units that cannot be seen, such as functions in a `call` of your own.

    The logs get `dead_fraction` and `saturated_fraction`, the shares of all units, and `dead_fraction/<layer>` and
    `saturated_fraction/<layer>`; with a probe set, the same with `probe_` before it.

    Raises:
        ValueError: for an argument out of its range, a layer that is not there, or a model without such units.

    Example:
        >>> import keras
        >>> layers = [keras.layers.Dense(3, activation="relu", name="hidden"), keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((2,)), *layers])
        >>> layers[0].set_weights([np.ones((2, 3)), np.array([0.0, -9.0, -9.0])])
        >>> model.compile("sgd", "mse")
        >>> tracker = DeadUnitTracker()
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0, callbacks=[tracker])
        >>> history.history["dead_fraction/hidden"]
        [0.6666666666666666]
        >>> tracker.units[["unit", "dead"]].values.tolist()
        [[0, False], [1, True], [2, True]]

    References:
        Maas, Hannun and Ng 2013, "Rectifier Nonlinearities Improve Neural Network Acoustic Models" (dead units).
        Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks" (saturated
            ones).
    """

    def __init__(
        self,
        layers: Any = None,
        *,
        frequency: bool = False,
        probe: Any = None,
        margin: float = 0.02,
        saturated_above: float = 0.95,
        saturation_outputs: int | None = 1024,
        activations: Mapping[Any, Kind] | None = None,
    ):
        super().__init__()
        for name, value, most in (("margin", margin, 0.5), ("saturated_above", saturated_above, 1.0)):
            if not is_number(value) or not 0 <= value < most:
                raise ValueError(f"{name} is a share, at least 0 and less than {most}; got {value!r}.")
        if saturation_outputs is not None and not is_whole(saturation_outputs, 1):
            raise ValueError(f"saturation_outputs is a number, at least 1, or None; got {saturation_outputs!r}.")
        self.layers = None if layers is None else as_list(layers)
        self.frequency, self.margin, self.saturated_above = frequency, float(margin), float(saturated_above)
        self.saturation_outputs = saturation_outputs
        self.activations = check_activations(activations or {})
        self.unit_rows: list[dict[str, Any]] = []  # one per epoch and layer, with arrays of all its units
        self.unseen: dict[str, str] = {}
        self._probe = None if probe is None else ProbeSet(probe)
        self._watch: UnitWatch | None = None

    # === Before training ===
    def attach(self, fit: FitSession) -> None:
        self.unit_rows, cannot_be_built = [], build_if_possible(fit)
        tree = layer_tree(self.model)
        seen = find_unit_layers(tree, self.activations)
        self.unseen = dict(seen.unseen)
        chosen = seen.layers if self.layers is None else select(self.layers, tree, seen)
        if not chosen:
            raise ValueError(nothing_to_track(self.model.name, seen)) from cannot_be_built
        if self.layers is None:
            warn_of_suspects(seen.suspects)
        self._watch = UnitWatch(fit, chosen, self.frequency, self.margin, self.saturation_outputs)
        fit.undo_by(self._let_go)
        if self._probe is not None and cannot_be_built is None:
            self._probe.check(self._watch.count_on)

    def _let_go(self) -> None:
        self._watch = None

    # === Every epoch ===
    def on_epoch_begin(self, epoch, logs=None):
        self._watch.forget()

    def on_epoch_end(self, epoch, logs=None):
        probed = {} if self._probe is None else self._watch.count_on(self._probe.batches())
        before = {row["layer"]: row for row in self.unit_rows if row["epoch"] == epoch}  # the last one, from 1
        rows = []
        counted, missing = self._watch.read()
        self.unseen |= missing
        for name, (layer, count) in counted.items():
            units = {"epoch": epoch + 1, "layer": name, **unit_figures(count, self.saturated_above)}
            if name in probed:
                found = unit_figures(probed[name], self.saturated_above)
                units |= {f"probe_{figure}": values for figure, values in found.items()}
            self.unit_rows.append(units)
            rows.append(layer_figures(units, layer.activation, before.get(name), self._probe is not None))
        self.rows += rows
        for name, value in scalars(rows).items():
            (logs if logs is not None else {}).setdefault(name, value)

    # === Results ===
    @property
    def units(self) -> "pandas.DataFrame":
        """Every unit in every epoch of the last fit, as a table: one unit a row.

        Columns: `epoch`, `layer`, `unit`; `dead`, and with `frequency=True` the share `frequency` of outputs that
        fired; `saturated`, and the share `saturation` of outputs near a limit. With a probe set, the same with `probe_`
        before it.
        """
        import pandas

        tables = []
        for row in self.unit_rows:
            values = {
                name: one.astype(object) if one.dtype == bool else one for name, one in row.items() if name not in _KEY
            }
            number = len(next(iter(values.values())))
            key = {"epoch": row["epoch"], "layer": row["layer"], "unit": np.arange(number)}
            tables.append(pandas.DataFrame({**key, **values}))
        return pandas.concat(tables, ignore_index=True) if tables else pandas.DataFrame(columns=[*_KEY, "unit"])

    def plot(self):
        """Heat maps: the share of dead (or saturated) units by layer and epoch, and the units of the worst layers."""
        from .units.pictures import draw_units

        self.check_has_results()
        return draw_units(self.results, self.unit_rows, self.unseen)
