"""The data that models learn from, one source per file.

    embedded              digits.py: real handwritten digits that need no network
    tensorflow-datasets   tensorflow_datasets_images.py: mnist, fashion_mnist, kmnist, cifar10, cifar100
                          imagenet.py: imagenet2012, read from disk (photograph_stream.py, records.py, photographs.py)
    generated             logic_gates.py, channel_views.py; tasks for networks with memory: adding_problem.py,
                          copy_memory.py, temporal_order.py, filling_in.py; translations: sequence_reversal.py,
                          date_normalisation.py
    files of your own     image_folder.py (with picture_reader.py), csv_series.py

`load_data` (loading.py) splits them (splits.py), makes batches of them (pipeline.py) and augments these (augment.py).
"""

from .catalogue import check_available, data_identity, is_prepared, list_data
from .description import Description, Output, Scale
from .loading import LoadedData, load_data

__all__ = [
    "Description",
    "LoadedData",
    "Output",
    "Scale",
    "check_available",
    "data_identity",
    "is_prepared",
    "list_data",
    "load_data",
]
