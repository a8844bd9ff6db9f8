"""The data that models learn from, one source per file.

    embedded              digits.py: real handwritten digits that need no network
    tensorflow-datasets   tensorflow_datasets_images.py: mnist, fashion_mnist, kmnist, cifar10, cifar100
                          imagenet.py: imagenet2012, read from disk (photograph_stream.py, records.py, photographs.py)
                          tiny_shakespeare.py, imdb_reviews.py, ted_hrlr_translate.py: texts (prepared_records.py)
                          spoken_digit.py: sounds (log_mel.py)
    embedded, derived     sequential_digits.py: the digits, row by row or pixel by pixel
    embedded text         python_topics.py: Python's help on its language
    generated             logic_gates.py, channel_views.py; tasks for networks with memory: adding_problem.py,
                          copy_memory.py, temporal_order.py, filling_in.py; translations: sequence_reversal.py,
                          date_normalisation.py
                          roads.py: rendered roads
    files of your own     image_folder.py (with picture_reader.py), csv_series.py
                          text_file.py, sentence_pairs.py, labelled_sentences.py, text_folder.py (text_reading.py)

`load_data` (loading.py) splits them (splits.py), makes batches of them (pipeline.py; of sequences of different lengths
bucketing.py) and augments these (augment.py). Text becomes tokens by tokenizer.py.
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
