"""Texts with classes: names in a folder, sentences with labels; each in one part only."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import draws_test_part
from gradschool.zoo.data.text_classes import same_text, split_texts
from gradschool.zoo.data.text_reading import kind_of_text_file

PARTS = ("train", "validation", "test")


def texts_of(data):
    """The texts and labels of each part, as a model is shown them."""
    decode = data.description.input_tokenizer.decode
    return {part: [(decode(row), int(label)) for row, label in zip(*data.arrays(part), strict=True)] for part in PARTS}


@given(st.integers(0, 99))
@settings(max_examples=20)
def test_a_text_is_in_one_part(seed):
    rng = np.random.default_rng(seed)
    texts = [f"name {number}{'!' * (number % 3)}" for number in rng.integers(0, 60, 200)]
    parts = split_texts(texts, rng.integers(0, 3, 200), 0.2, seed)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(200))
    found = [{same_text(texts[row]) for row in rows} for rows in parts.values()]
    assert sum(map(len, found)) == len(set.union(*found))


# === Names ===
@pytest.fixture
def folder(tmp_path):
    for name, letters in (("Long", "abcdefghijkl"), ("Short", "mnopqrstuvwx")):
        lines = [one + two for one in letters for two in letters] + ["both", "aa", "mm"]
        (tmp_path / f"{name}.txt").write_text("\n\n".join([*lines, *lines[:5]]) + "\n")
    (tmp_path / ".hidden.txt").write_text("no")
    return tmp_path


def test_lines_of_a_folder(folder):
    data = load_data(folder, validation_share=0.2)
    assert data.description.class_names == ("Long", "Short")
    assert sum(data.description.samples.values()) == 2 * (144 + 2)
    found = texts_of(data)
    for part, pairs in found.items():
        assert len(set(pairs)) == len(pairs)
        assert {label for _, label in pairs} == {0, 1}
        others = {text for other in PARTS if other != part for text, _ in found[other]}
        assert not others & {text for text, _ in pairs}
        lengths = [len(text) for text, _ in pairs]
        assert data.lengths[part].tolist() == lengths
    assert data.description.input_tokenizer.level == "characters"
    assert data.description.input_shape == (None,)


def test_folds_of_a_folder_test_every_line_once(folder):
    tested = [pair for k in range(3) for pair in texts_of(load_data(folder, fold=(k, 3)))["test"]]
    assert len(tested) == len(set(tested)) == 2 * 146
    assert draws_test_part(folder)


def test_batches_are_trimmed(tmp_path):
    pytest.importorskip("tensorflow")
    for name in "AB":
        (tmp_path / f"{name}.txt").write_text("\n".join(name * n for n in range(1, 41)))
    data = load_data(tmp_path, batch_size=8)
    shapes = {tuple(x.shape) for x, _ in data.train}
    assert len(shapes) > 2
    assert sum(len(y) for _, y in data.train) == data.description.samples["train"]


def test_the_real_names(real_data, tmp_path):
    zipfile.ZipFile(real_data / "names" / "names.zip").extractall(tmp_path)
    data = load_data(tmp_path / "names")
    assert data.description.classes == 18
    lines = {
        (line.strip(), label)
        for label, file in enumerate(sorted((tmp_path / "names").iterdir()))
        for line in file.read_text().split("\n")
    }
    assert sum(data.description.samples.values()) == len({pair for pair in lines if pair[0]})
    found = texts_of(data)
    names = {part: {same_text(name) for name, _ in pairs if "\ufffd" not in name} for part, pairs in found.items()}
    assert not names["train"] & (names["validation"] | names["test"])
    assert not names["validation"] & names["test"]
    for part in PARTS:
        assert len({label for _, label in found[part]}) == 18


def test_folders_that_will_not_do(tmp_path):
    (tmp_path / "One.txt").write_text("a\nb\n")
    with pytest.raises(ValueError, match="at least two; found 1"):
        load_data(tmp_path)
    (tmp_path / "Two.txt").write_text("a\n\na\n")
    with pytest.raises(ValueError, match=r"Two.txt has only one line: a class needs at least two different ones"):
        load_data(tmp_path)
    (tmp_path / "Two.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"Two.txt is empty"):
        load_data(tmp_path)
    (tmp_path / "photograph.png").touch()
    with pytest.raises(ValueError, match="an image folder has one sub-folder for each class"):
        load_data(tmp_path)


# === Sentences with labels ===
@pytest.fixture
def file(tmp_path):
    file = tmp_path / "opinions.txt"
    lines = [f"It was number {n}.  \t{n % 2}" for n in range(60)] + ["it was number 3\t1", "Odd\x85 one\t1", ""]
    file.write_bytes("\n".join(lines).encode())
    return file


def test_sentences_with_labels(file):
    assert kind_of_text_file(file) == "labelled_sentences"
    data = load_data(file)
    assert data.description.class_names == ("0", "1")
    assert data.description.task == "classification"
    found = texts_of(data)
    assert sum(map(len, found.values())) == 62
    together = [part for part, pairs in found.items() for text, _ in pairs if text.startswith("it was number 3")]
    assert len(set(together)) <= len(together)
    for part in PARTS:
        assert data.lengths[part].max() <= data.arrays(part)[0].shape[1]
    assert data.description.input_tokenizer.level == "words"


def test_the_last_words_are_kept(file):
    data = load_data(file, most=2, vocabulary=3)
    assert all(row[-1] > 0 for row in data.arrays("train")[0])
    assert data.lengths["train"].max() == 2
    assert len(data.description.input_tokenizer.encode("a text that a model is asked about")) == 2
    assert data.description.input_tokenizer.size == 7


def test_the_real_sentences(real_data):
    data = load_data(real_data / "sentiment_sentences" / "imdb_labelled.txt")
    assert data.description.classes == 2
    assert 990 < sum(data.description.samples.values()) <= 1000  # some occur twice


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a\t1\nb\t1\nc\t1\n", {}, "all sentences have the label 1"),
        ("a\t1\n\t0\n", {}, "line 2: there is no sentence before the label 0"),
        ("a\t1\nb\t0\n", {}, "are too few to set 20% aside for the test"),
        ("a\t1\nb\t0\n", {"most": 0}, "most must be a whole number of at least 1"),
        ("a\t1\nb\t0\n", {"column": "a"}, "unknown option of .* 'column'"),
    ],
)
def test_sentences_that_will_not_do(tmp_path, text, options, words):
    file = tmp_path / "opinions.tsv"
    file.write_text(text if options.get("most") is None else "".join(f"{text[0]}{n}\t{n % 2}\n" for n in range(50)))
    with pytest.raises(ValueError, match=words):
        load_data(file, **options)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.txt", "Run!\tCours !\nGo.\tVa !\n", "sentence_pairs"),
        ("a.txt", "a\tb\n" * 19 + "no tab\n", "sentence_pairs"),
        ("a.tsv", "no tab\n", "sentence_pairs"),
        ("a.txt", "one\t1\ntwo\t2\n", "labelled_sentences"),
        ("a.txt", "one\t1\ntwo\ttwo\n", "sentence_pairs"),
        ("a.txt", "one\t1\tx\n", "sentence_pairs"),
        ("a.txt", "\tindented\nand not\nnor this\n", "text_file"),
    ],
)
def test_what_a_file_is_for(tmp_path, name, text, kind):
    (tmp_path / name).write_text(text)
    assert kind_of_text_file(tmp_path / name) == kind
