"""Image data sets that tensorflow-datasets prepares: MNIST, its two look-alikes, and CIFAR.

They need the network once, or a folder that was prepared elsewhere (`data_dir`). Their official test part stays the
test part; the validation part is held out of the official training part, from every class alike.
"""

import os
from pathlib import Path
from typing import cast

from .description import Description
from .prepared_folder import check_folder, find_prepared, read_split
from .samples import Samples
from .splits import check_share, hold_out
from .tensorflow_import import import_tensorflow, tensorflow_is_installed

_KEEPERS = "; kept by tensorflow-datasets"
_FASHION = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm"""


def _images(name, summary, shape, class_names, train, licence, source, homepage) -> Description:
    samples = {"train": train * 9 // 10, "validation": train // 10, "test": 10_000}
    return Description(
        name, "tensorflow-datasets", "classification", summary, shape, len(class_names), tuple(class_names), samples,
        licence, source + _KEEPERS, homepage,
    )  # fmt: skip


_ROWS = (
    _images(
        "mnist",
        "Handwritten digits, the field's first benchmark.",
        (28, 28, 1),
        "0123456789",
        60_000,
        "CC BY-SA 3.0 according to Keras's documentation; its authors' page names none",
        "Y. LeCun, C. Cortes and C. Burges, from NIST's Special Databases 1 and 3",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    _images(
        "fashion_mnist",
        "Small pictures of clothes, in MNIST's format.",
        (28, 28, 1),
        _FASHION.split(","),
        60_000,
        "MIT",
        "H. Xiao, K. Rasul and R. Vollgraf (2017), Zalando",
        "https://github.com/zalandoresearch/fashion-mnist",
    ),
    _images(
        "kmnist",
        "Characters of old Japanese cursive script, in MNIST's format.",
        (28, 28, 1),
        ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
        60_000,
        "CC BY-SA 4.0",
        "T. Clanuwat et al. (2018), from the Kuzushiji data set of NIJL and others",
        "http://codh.rois.ac.jp/kmnist/",
    ),
    _images(
        "cifar10",
        "Small colour photographs in ten classes.",
        (32, 32, 3),
        _CIFAR10.split(),
        50_000,
        "none stated by its authors",
        "A. Krizhevsky (2009), from 80 Million Tiny Images",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    _images(
        "cifar100",
        "Small colour photographs in a hundred classes.",
        (32, 32, 3),
        _CIFAR100.split(),
        50_000,
        "none stated by its authors",
        "A. Krizhevsky (2009), from 80 Million Tiny Images",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
)
DESCRIPTIONS = {row.name: row for row in _ROWS}


def load(name: str, *, seed: int, validation_share: float, data_dir: str | os.PathLike | None = None) -> Samples:
    """Reads a prepared data set, or prepares it first.

    Args:
        name: one of `DESCRIPTIONS`.
        seed: of the draw of validation images.
        validation_share: share of the official training part, in [0, 1).
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.

    Raises:
        ValueError: if the folder is not what it should be; names it and says what to do.
        OSError: if the data set is not prepared and the network cannot be reached, or a file cannot be read.
    """
    check_share(validation_share)
    check_available(name, data_dir)
    folder = folder_of(name, data_dir)
    prepared = find_prepared(folder, name)
    if prepared is None:
        from .preparing import prepare

        prepare(name, folder)
        prepared = cast(Path, find_prepared(folder, name))
    import_tensorflow()
    description = DESCRIPTIONS[name]
    images, labels = read_split(prepared, "train", description)
    kept, validation = hold_out(labels, validation_share, seed, "validation")
    parts = {
        "train": (images[kept], labels[kept]),
        "validation": (images[validation], labels[validation]),
        "test": read_split(prepared, "test", description),
    }
    return Samples(parts, description)


def check_available(name: str, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses, within seconds, a data set that is neither prepared nor can be.

    Args:
        name: one of `DESCRIPTIONS`.
        data_dir: tensorflow-datasets' folder, as in `load`.

    Raises:
        ValueError: if TensorFlow is missing, or the folder is not what it should be.
        OSError: if the network is needed and cannot be reached.
    """
    if not tensorflow_is_installed():
        raise ValueError(
            f"{name} is read with TensorFlow, which is not installed. Install it (the CPU build will do beside JAX or "
            "PyTorch), or use the embedded data set 'digits'."
        )
    folder = folder_of(name, data_dir)
    if find_prepared(folder, name) is None:
        from .preparing import check_preparable

        check_preparable(name, folder)


def folder_of(name: str, data_dir: str | os.PathLike | None) -> Path:
    """The folder that tensorflow-datasets keeps its data in, if none was given: where it looks itself."""
    return check_folder(data_dir or os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets", name)
