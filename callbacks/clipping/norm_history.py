"""The gradient norms of a run so far, within the compiled step, and their percentile.

The whole history is kept in ascending order. A new norm v finds its place by counting, and what is above moves up:

    place = number of kept norms <= v,    kept <- kept[:place] + [v] + kept[place:]

which takes time proportional to the length, as NumPy's percentile of a list does, and no sorting. A window of the last
norms is a ring, and is sorted anew. Places without a norm hold infinity.
"""

from collections.abc import Sequence

from keras import ops

from ..keras_internals import GradientStage


class NormHistory:
    """The history, as part of a stage's state.

    Args:
        percent: of the norms that are at most the percentile.
        places: for how many norms there is room: the length of a window, or all that will come.
        windowed: whether the newest takes the place of the oldest.
        norms: those that are there already, in the order in which they are kept.
        added: how many have come, those that found no room included.
    """

    def __init__(self, percent: float, places: int, windowed: bool, norms: Sequence[float] = (), added: int = 0):
        self.percent, self.places, self.windowed = percent, places, windowed
        self._norms, self._added = list(norms), added

    def build(self, stage: GradientStage) -> None:
        """Adds the variables to the stage's state."""
        stage.add_state("history", (self.places,))
        stage.add_state("added", (), "int32")
        stage.state["history"].assign(self._norms + [float("inf")] * (self.places - len(self._norms)))
        stage.state["added"].assign(self._added)

    def read(self, stage: GradientStage) -> None:
        """Takes over what has come since."""
        if "history" in stage.state:
            values = ops.convert_to_numpy(stage.state["history"])
            self._norms = [float(value) for value in values if value != float("inf")]
            self._added = int(ops.convert_to_numpy(stage.state["added"]))

    def with_room_for(self, updates: int) -> "NormHistory":
        """The same history with room for so many more norms."""
        if self.windowed:
            return self
        kept = len(self._norms)  # a full history has seen more, which are lost
        return NormHistory(self.percent, kept + updates, False, self._norms, kept)

    @property
    def is_full(self) -> bool:
        """Whether norms had to be left out, as of the last `read`."""
        return not self.windowed and self._added > self.places

    def add(self, norm, stage: GradientStage):
        """Adds a norm, in the compiled step, unless it is not finite; gives the percentile of all, that one included.

        Between two norms the percentile is interpolated linearly, as `numpy.percentile` does.
        """
        kept, before = (ops.convert_to_tensor(stage.state[name]) for name in ("history", "added"))  # (P,), ()
        finite = ops.isfinite(norm)
        norm = ops.cast(ops.where(finite, norm, 0.0), kept.dtype)
        places = ops.arange(self.places, dtype="int32")
        if self.windowed:
            kept = ops.where(ops.logical_and(finite, ops.equal(places, before % self.places)), norm, kept)
            ordered = ops.sort(kept)
        else:
            place = ops.sum(ops.cast(kept <= norm, "int32"))
            moved_up = ops.concatenate([kept[:1], kept[:-1]])
            inserted = ops.where(places < place, kept, ops.where(ops.equal(places, place), norm, moved_up))
            has_room = before < self.places
            kept = ordered = ops.where(ops.logical_and(finite, has_room), inserted, kept)
        added = before + ops.cast(finite, "int32")
        stage.state["history"].assign(kept)
        stage.state["added"].assign(added)
        return self._percentile(ordered, ops.clip(added, 1, self.places))

    def _percentile(self, ordered, count):
        position = ops.cast(count - 1, ordered.dtype) * (self.percent / 100)
        below = ops.floor(position)
        low = ops.take(ordered, ops.cast(below, "int32"))
        high = ops.take(ordered, ops.cast(ops.ceil(position), "int32"))
        return ops.where(high > low, low + (high - low) * (position - below), low)
