"""Sentences of TED talks in two languages, for translation; prepared by tensorflow-datasets, with its three parts.

Reference:
    Y. Qi et al. (2018), When and Why are Pre-trained Word Embeddings Useful for Neural Machine Translation?, NAACL.
"""

import os
from dataclasses import replace

from ..errors import unknown_name
from . import prepared_records
from .description import Description
from .prepared_records import open_prepared, read_records
from .samples import Samples
from .sentence_pairs import chosen_pairs, translation_samples

VARIANT = "pt_to_en"
# Variant -> the languages' names in the records; az_tr and the like train on two languages and test on the first.
PAIRS = {
    name: tuple(name.replace("aztr", "az_tr").replace("beru", "be_ru").replace("glpt", "gl_pt").split("_to_"))
    for name in (
        "az_to_en", "aztr_to_en", "be_to_en", "beru_to_en", "es_to_pt", "fr_to_pt", "gl_to_en", "glpt_to_en",
        "he_to_pt", "it_to_pt", "pt_to_en", "ru_to_en", "ru_to_pt", "tr_to_en",
    )
}  # fmt: skip

DESCRIPTION = Description(
    name="ted_hrlr_translate",
    kind="tensorflow-datasets",
    task="translation",
    summary="Sentences of TED talks, from Portuguese to English or in another pair of languages.",
    input_shape=(None,),
    classes=8000,
    class_names=(),
    samples={"train": 51_785, "validation": 1_193, "test": 1_803},
    licence="CC BY-NC-ND 4.0, that of TED's talks",
    source="Y. Qi et al. (2018), from the transcripts of TED talks; kept by tensorflow-datasets",
    homepage="https://github.com/neulab/word-embeddings-for-nmt",
    input_tokens=8000,
)


def load(
    *,
    seed: int,
    data_dir: str | os.PathLike | None = None,
    pair: str = VARIANT,
    reverse: bool = False,
    level: str = "byte_pairs",
    most_words: int | None = None,
    most: int | None = None,
    source_vocabulary: int | None = None,
    target_vocabulary: int | None = None,
    lower: bool = True,
) -> Samples:
    """The official parts.

    Args:
        seed: of the training pairs that are taken if not all are.
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.
        pair: the languages, such as "ru_to_en".
        reverse: whether to exchange the two.
        most_words: training pairs with more on either side are left out; by default none is. The other parts are whole.
        most: how many training pairs are drawn from those; by default all are taken.
        level: as of `translation_samples`.
        source_vocabulary: as of `translation_samples`.
        target_vocabulary: as of `translation_samples`.
        lower: as of `translation_samples`.

    Raises:
        ValueError: if there is no such pair, or the folder is not what it should be.
        OSError: if the data set is not prepared and the network cannot be reached, or a file cannot be read.
    """
    if pair not in PAIRS:
        raise unknown_name("pair", pair, PAIRS)
    if not isinstance(reverse, bool):
        raise ValueError(f"reverse is True or False (--data-option reverse=true); got {reverse!r}.")
    folder = open_prepared(DESCRIPTION.name, data_dir, pair)
    source, target = reversed(PAIRS[pair]) if reverse else PAIRS[pair]
    parts = {}
    for part in ("train", "validation", "test"):
        records = read_records(folder, part, DESCRIPTION.name, {source: "text", target: "text"})
        parts[part] = [(record[source], record[target]) for record in records]
    parts["train"] = chosen_pairs(parts["train"], most_words, most, seed)
    summary = f"Sentences of TED talks, from {source} to {target}."
    known = replace(DESCRIPTION, summary=summary)
    return translation_samples(parts, known, level, source_vocabulary, target_vocabulary, lower)


def check_available(name: str, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses, within seconds, what is neither prepared nor can be; a pair that was prepared will do."""
    folder = prepared_records.folder_of(name, data_dir)
    if not any(prepared_records.find_prepared(folder, f"{name}/{pair}") for pair in PAIRS):
        prepared_records.check_available(name, data_dir, VARIANT)
