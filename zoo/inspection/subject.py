"""What is looked at: a model by name, and the images that it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..data import data_identity, list_data, load_data
from ..data.catalogue import draws_test_part
from ..data.digits import DESCRIPTION as DIGITS
from ..data.image_files import find_images, read_images
from ..engine.opening import Trained, open_model
from ..engine.prediction import DIGITS as CENTRED
from ..errors import unknown_name
from ..presets import list_presets
from ..registry import create_model, list_models
from .layer_table import is_open, leaves

STREAMED = 200  # images of a test part that lies on disk, drawn at random; the same ones every time


class Images(NamedTuple):
    """Images that a model is shown.

    Args:
        images: shape `(N, H, W, channels)`.
        names: a word for each: its class, or its file.
        labels: the right classes, shape `(N,)`; None if they are not known.
        source: where they come from, in words.
    """

    images: np.ndarray
    names: list[str]
    labels: np.ndarray | None
    source: str


@dataclass(frozen=True)
class Subject:
    """A model that is looked at.

    Args:
        name: as the user said it.
        trained: the model, and what it was trained on; no data for a model without training.
    """

    name: str
    trained: Trained

    @property
    def model(self) -> keras.Model:
        """The model itself."""
        return self.trained.model

    @property
    def untrained(self) -> bool:
        """Whether the model comes from the registry, with random weights."""
        return self.name in list_models() and not Path(self.name).is_dir()

    def class_names(self) -> list[str]:
        """A word for each output."""
        outputs = self.model.output_shape[-1]
        return self.trained.class_names or [str(number) for number in range(outputs)]

    def class_number(self, name: str | None) -> int | None:
        """The output that a class's name, or its number, stands for; None for None.

        Raises:
            ValueError: if there is none.
        """
        if name is None:
            return None
        names = self.class_names()
        if name in names:
            return names.index(name)
        if name.isascii() and name.isdigit() and int(name) < len(names):
            return int(name)
        raise unknown_name("class", name, names)

    def read_images(self, paths: Sequence[Path]) -> Images:
        """Images of the user's files.

        Raises:
            ValueError: if a file holds no usable image, or the model takes none.
            OSError: if a file cannot be read.
        """
        shape = _image_shape(self.model)
        framed = self.trained.data in CENTRED
        named = [pair for path in find_images(paths) for pair in read_images(path, shape, framed)]
        return Images(np.stack([image for _, image in named]), [name for name, _ in named], None, "your files")

    def any_images(self, data_dir: Path | None) -> Images:
        """Test images of what the model was trained on; noise for a model without training."""
        if self.trained.data:
            return self.test_images(None, data_dir)
        noise = np.random.default_rng(0).random((32, *self.model.inputs[0].shape[1:]), "float32")
        return Images(noise, ["noise"] * len(noise), None, "noise")

    def test_images(self, data: str | None, data_dir: Path | None, options: dict[str, Any] | None = None) -> Images:
        """The test part of a data set: of the named one, or of the model's own; embedded digits without training.

        Of photographs that lie on disk, `STREAMED` of them.

        Raises:
            ValueError: if there is no such data set, or its images do not fit the model.
            OSError: if it is not prepared, and cannot be.
        """
        shape = _image_shape(self.model)
        name, split = data, dict(options or {})
        if self.trained.data and (name is None or data_identity(name) == self.trained.data):
            name, split = self.trained.data, {**self.trained.split, **split}
        elif name is None:
            if shape != DIGITS.input_shape:
                fitting = [one.name for one in list_data() if one.input_shape == shape]
                raise ValueError(
                    f"nothing says which images {self.name} is to be shown, of {'x'.join(map(str, shape))}; name data "
                    f"with --data{f' (such as {fitting[0]})' if fitting else ''}, or files with --image."
                )
            name = DIGITS.name
        loaded = load_data(name, data_dir=data_dir, **split)
        loaded.description.check_inputs(shape)
        images, labels = loaded.some("test", STREAMED) if loaded.streamed else loaded.arrays("test")
        names = loaded.description.class_names or self.class_names()
        source = f"{f'{len(images)} images of ' if loaded.streamed else ''}{loaded.description.name}, test part"
        return Images(images, [names[label] for label in labels], labels, source)


def open_subject(name: str) -> Subject:
    """The model of that name: one of the registry, with random weights that are always the same, or a trained one.

    Raises:
        ValueError: if there is none; names the nearest.
    """
    path = Path(name)
    if not path.exists() and path.suffix != ".keras":
        if name in list_models():
            keras.utils.set_random_seed(0)
            return Subject(name, Trained(create_model(name), None, [], {}))
        if name not in list_presets():
            raise unknown_name("model, preset, run folder or .keras file", name, [*list_models(), *list_presets()])
    return Subject(name, open_model(name))


def check_test_part(subjects: Sequence[Subject], data: str | None) -> None:
    """Refuses models that learned from samples which another one has set aside for its test, if these are shown.

    Args:
        subjects: models; they are shown the test part of the first.
        data: the name or path of the data set; None for the first one's own.

    Raises:
        ValueError: if one of the others has drawn another test part of the same data.
    """
    first, *others = (one.trained for one in subjects)
    shown = first.data if data is None else data_identity(data)
    if shown is None or not draws_test_part(shown):
        return
    split = {"seed": 0, "fold": None} | (first.split if first.data == shown else {})
    for subject, other in zip(subjects[1:], others, strict=True):
        if other.data == shown and any(other.split[part] != split[part] for part in ("seed", "fold")):
            raise ValueError(
                f"{subject.name} has learned from samples of {shown} that {subjects[0].name} is tested with: compare "
                "models that were trained with the same seed and fold, or on other data with --data."
            )


def check_takes_images(subjects: Sequence[Subject], view: str) -> None:
    """Refuses models of sequences, for a view that shows what a model does with images.

    Args:
        subjects: models.
        view: its name.

    Raises:
        ValueError: names the model and its inputs.
    """
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    for one in subjects:
        if is_open(one.model) or any(isinstance(layer, recurrent) for _, layer in leaves(one.model)):
            shapes = ", ".join(str(tuple(x.shape[1:])) for x in one.model.inputs)
            raise ValueError(
                f"{one.name} takes no images but sequences, inputs of shape {shapes}, and --view {view} shows what a "
                "model does with images. (--view layers looks at every model.)"
            )


def _image_shape(model: keras.Model) -> tuple[int, int, int]:
    inputs = getattr(model, "inputs", None) or []
    shape = tuple(inputs[0].shape[1:]) if len(inputs) == 1 else ()
    if len(shape) != 3 or None in shape:
        raise ValueError(f"{model.name} takes no images of one size: its inputs have the shape {shape or 'unknown'}.")
    return shape  # type: ignore[return-value]
