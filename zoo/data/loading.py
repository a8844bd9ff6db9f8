"""`load_data`: one call from a name, or a path, to batches a model can be fitted on."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import unknown_name
from .augment import MOVING, check_augment
from .catalogue import draws_test_part, source_of
from .description import EVERY_STEP, Description, Output, Scale
from .restandardising import restandardised
from .samples import Samples, StreamedSamples, rows_of, to_float
from .splits import check_share
from .tensorflow_import import import_tensorflow

TARGETS = ("labels", "inputs")


class LoadedData:
    """The train, validation and test part of one set of data.

    Args:
        samples: what the source gave.
        batch_size: samples in a batch.
        seed: of the training batches' order and augmentation.
        augment: from `check_augment`.
        parallel: whether several threads prepare the training batches.
        targets: of the batches: "labels" or "inputs".

    Attributes:
        description: what is known about the data, its samples counted.
        lengths: of sequences of different lengths, by part; None if all are equal.
        baselines: forecasts of the test part that a regression is compared with.
    """

    streamed = False  # whether samples are read from disk when they are wanted

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        seed: int,
        augment: Mapping[str, Any],
        parallel: bool = True,
        targets: str = "labels",
    ):
        self._parts = dict(samples.parts)
        self.lengths = samples.lengths
        self.baselines = samples.baselines
        counts = {part: len(y) for part, (_, y) in samples.parts.items()}
        self.description: Description = replace(samples.description, samples=counts)
        self.batch_size = batch_size
        self.seed = seed
        self.augment = augment
        self.parallel = parallel
        self.targets = targets

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {part}" for part, count in self.description.samples.items())
        return f"<{self.description.name}: {counts}; inputs {self.description.input_shape}>"

    def arrays(self, part: str) -> tuple[Any, np.ndarray]:
        """All samples of a part at once: x as float32, shape `(N, *input_shape)`, and y; in the sources' order.

        Tokens are int32; sequences of different lengths are padded with zeros; a model of several inputs gets a dict.

        Args:
            part: "train", "validation" or "test".

        Example:
            >>> images, labels = load_data("digits").arrays("test")
            >>> images.shape, labels.dtype
            ((359, 28, 28, 1), dtype('int32'))
        """
        if part not in self._parts:
            raise unknown_name("part", part, self._parts)
        x, y = self._parts[part]
        return to_float(x), y

    def labels(self, part: str) -> np.ndarray:
        """All targets of a part, y; in the sources' order."""
        if part not in self._parts:
            raise unknown_name("part", part, self._parts)
        return self._parts[part][1]

    def numbered(self, part: str) -> tuple[Any, np.ndarray]:
        """Inputs that can be looked at by their number, and all targets; the order is that of `validation` and `test`.

        For data in memory these are `arrays`.
        """
        return self.arrays(part)

    def some(self, part: str, count: int) -> tuple[Any, np.ndarray]:
        """Some samples of a part, as `arrays` gives them, drawn at random; the same ones every time.

        Example:
            >>> images, labels = load_data("digits").some("train", 3)
            >>> images.shape, labels.shape
            ((3, 28, 28, 1), (3,))
        """
        if part not in self._parts:
            raise unknown_name("part", part, self._parts)
        x, y = self._parts[part]
        chosen = np.random.default_rng(0).permutation(len(y))[:count]
        return to_float(rows_of(x, chosen)), y[chosen]

    def standardise_as(self, outputs: Sequence[Output], input_scales: Sequence[Scale]) -> None:
        """Puts targets, baselines and the windows of a series in the scale of other data, by which a model has learned.

        To be called before any batches are made.

        Args:
            outputs: of the other data's description.
            input_scales: likewise.

        Raises:
            ValueError: if they are of another number than those of these data.
        """
        known = self.description
        for ours, theirs in ((known.outputs, outputs), (known.input_scales, input_scales)):
            if len(ours) != len(theirs):
                raise ValueError(
                    f"the model says how {len(theirs)} values and columns of a series were standardised when it was "
                    f"trained; {known.name} has {len(ours)}. Fit it to these data."
                )
        for part, (x, y) in self._parts.items():
            if known.input_scales:
                x = x if x.ndim == 3 else x[..., np.newaxis]  # (N, W, D)
                columns = len(known.input_scales)
                shown = restandardised(x[..., :columns], known.input_scales, input_scales)
                x = np.concatenate([shown, x[..., columns:]], axis=-1).reshape(len(y), *known.input_shape)
            self._parts[part] = x, restandardised(y, known.outputs, outputs)
        self.baselines = {name: restandardised(one, known.outputs, outputs) for name, one in self.baselines.items()}
        scale = input_scales[0] if input_scales else known.scale
        self.description = replace(known, outputs=tuple(outputs), input_scales=tuple(input_scales), scale=scale)

    @cached_property
    def train(self):
        """Training batches (x, y): in a new order, and newly augmented, every time they are iterated over.

        Sequences of different lengths share a batch with others of about their length (`bucketing.py`).
        """
        x, y = self._parts["train"]
        if self.lengths is not None:
            return self._sequences("train", self.lengths["train"], shuffle=True)
        if import_tensorflow():
            from .pipeline import training_pipeline

            return training_pipeline(
                x, y, self.batch_size, self.seed, self.augment, self.parallel, self.description.classes, self.targets
            )
        if self.augment:
            raise ValueError(
                f"augment={self.augment} needs TensorFlow, whose tf.data applies it; it is not installed. "
                "Install it (the CPU build will do beside JAX or PyTorch) or leave augment out (--augment none)."
            )
        from .batches import Batches

        return Batches(x, y, self.batch_size, self.seed, shuffle=True, targets=self.targets)

    @cached_property
    def validation(self):
        """Validation batches (x, y), always the same; None if nothing was held out."""
        return self.evaluation("validation")

    @cached_property
    def test(self):
        """Test batches (x, y), always the same."""
        return self.evaluation("test")

    def evaluation(self, part: str):
        """Batches (x, y) of any part, always the same, in order and as they are; None if there are no samples.

        Of the training part too, which `train` shuffles, cuts and augments. Of sequences of different lengths, a batch
        is as long as its longest.
        """
        if part not in self._parts:
            raise unknown_name("part", part, self._parts)
        x, y = self._parts[part]
        if not len(y):
            return None
        if self.lengths is not None:
            return self._sequences(part, self.lengths[part])
        if import_tensorflow():
            from .pipeline import evaluation_pipeline

            return evaluation_pipeline(x, y, self.batch_size, self.targets)
        from .batches import Batches

        return Batches(x, y, self.batch_size, targets=self.targets)

    def _sequences(self, part: str, lengths: np.ndarray, shuffle: bool = False):
        """Batches of sequences of different lengths, each no longer than it has to be."""
        x, y = self._parts[part]
        given = x, y, lengths, self.batch_size
        every_step = self.description.task in EVERY_STEP
        if not import_tensorflow():
            from .batches import SequenceBatches

            return SequenceBatches(*given, every_step, self.seed, shuffle, self.targets)
        from .bucketing import BucketedEpochs, bucketed_evaluation

        if not shuffle:
            return bucketed_evaluation(*given, every_step, self.targets)
        return BucketedEpochs(*given, self.seed, every_step, self.parallel, self.targets).begin_at(0)


def load_data(
    name: str | os.PathLike = "digits",
    *,
    data_dir: str | os.PathLike | None = None,
    batch_size: int = 128,
    seed: int = 0,
    validation_share: float = 0.1,
    augment: Mapping[str, Any] | None = None,
    fold: tuple[int, int] | None = None,
    parallel: bool = True,
    targets: str = "labels",
    **options,
) -> LoadedData:
    """Loads a set of data and splits it into train, validation and test.

    Args:
        name: one of `list_data()`, or the path of your own: a folder of images (one sub-folder for each class), of
            `.txt` files (one for each class, a text on each line) or of a drive (pictures, and a log that says how was
            steered); a `.csv` file (a daily, hourly or other regular series); a `.txt` or `.tsv` file (a text,
            sentences with labels, or pairs of sentences, with tabs between).
        data_dir: where tensorflow-datasets keeps prepared data; for its sets only. Defaults to its own default,
            `~/tensorflow_datasets` or the variable TFDS_DATA_DIR.
        batch_size: samples in a batch, at least 1.
        seed: of the splits, of the training order and of the augmentation.
        validation_share: share of the samples not in the test part that is held out to validate, in [0, 1).
        augment: random changes to the training images, such as `{"shift": 2}`: "crop" and "shift" by up to so
            many pixels, "flip" left to right (True), "cutout" of a square of so many pixels; and "mixup" with the
            alpha of its Beta distribution, which makes distributions over the classes of the training targets. Where
            the targets are values, of a regression, "cutout" alone is right: the others would make them wrong.
        fold: `(k, K)`, k from 0 to K - 1: fold k of a K-fold cross-validation is the test part. For data
            without a test part of its own.
        parallel: whether several threads prepare the training batches. TensorFlow's deterministic operations
            (`tf.config.experimental.enable_op_determinism`) use only one, and complain when asked for more.
        targets: "labels", or "inputs" for models that learn to give back what they were shown: the batches are then
            (x, x), augmented alike. `.arrays` gives the labels all the same.
        **options: of the source, such as `column="views"` of a `.csv` file.

    Returns:
        `LoadedData`: `.train`, `.validation` and `.test` give batches, `.arrays("train")` NumPy arrays, and
        `.description` what is known.

    Raises:
        ValueError: if an argument makes no sense, or the data cannot be read; names the file.
        FileNotFoundError: if there is no such file or folder.

    Example:
        >>> data = load_data("digits", batch_size=100)
        >>> [(tuple(x.shape), tuple(y.shape)) for x, y in data.test.take(1)]
        [((100, 28, 28, 1), (100,))]
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1; got {batch_size!r}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1; got {seed!r}.")
    if not isinstance(parallel, bool):
        raise ValueError(f"parallel is True or False; got {parallel!r}.")
    if targets not in TARGETS:
        raise ValueError(f"targets must be one of {', '.join(TARGETS)}; got {targets!r}.")
    check_share(validation_share)
    source = source_of(name)
    arguments = {"data_dir": data_dir, "fold": fold, **options}
    common = {"seed": seed, "validation_share": validation_share}
    samples = source(**_arguments_of(source, str(name), arguments, common))
    known = samples.description
    augment = check_augment(augment, known.input_shape, known.classes)
    if targets == "inputs" and "mixup" in augment:
        raise ValueError('augment: mixup mixes labels, and targets="inputs" has none; leave mixup out.')
    if moving := [way for way in augment if way in MOVING and targets == "labels" and known.task == "regression"]:
        raise ValueError(
            f"augment: {moving[0]} mirrors or moves the pictures of {name} and not their values: a curve to the left "
            "would count as one to the right, and the middle of the lane as its edge. Leave it out (--augment none); "
            "of a drive, the option mirror=True mirrors both."
        )
    if "mixup" in augment and (known.task in EVERY_STEP or known.input_tokens or None in known.input_shape):
        raise ValueError(f"augment: mixup blends images and the like; those of {name} are sequences. Leave it out.")
    if isinstance(samples, StreamedSamples):
        from .streamed import StreamedData

        if targets != "labels":
            raise ValueError(
                f"targets={targets!r}: {name} is read from disk as images with labels; use targets='labels'."
            )
        return StreamedData(samples, batch_size, seed, augment, parallel)
    return LoadedData(samples, batch_size, seed, augment, parallel, targets)


_OF_EVERY_SOURCE = ("augment", "batch_size", "targets")


def _arguments_of(source: Callable, name: str, arguments: Mapping, common: Mapping) -> dict:
    """Those that the source takes; refuses one that was given and that it does not take."""
    accepted = inspect.signature(source).parameters
    for argument, value in arguments.items():
        if argument not in accepted and value is not None:
            if argument == "data_dir":
                raise ValueError(f"data_dir is for tensorflow-datasets' sets; {name!r} is none of them. Leave it out.")
            if argument == "fold" and draws_test_part(name):
                raise ValueError(
                    f"fold: {name!r} cannot be cut into folds: its parts share no sentence. Leave fold out."
                )
            if argument == "fold":
                raise ValueError(f"fold: {name!r} has a test part of its own; leave fold out.")
            raise unknown_name(f"option of {name}", argument, {*accepted, *_OF_EVERY_SOURCE})
    given = {argument: value for argument, value in arguments.items() if value is not None}
    return given | {argument: value for argument, value in common.items() if argument in accepted}
