"""Sentence pairs: read as they stand, split so that no sentence is in two parts, and made into what models take."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.data import data_identity, load_data
from gradschool.zoo.data.catalogue import draws_test_part
from gradschool.zoo.data.sentence_pairs import LARGE, components, split_pairs
from gradschool.zoo.data.text_classes import same_text
from gradschool.zoo.data.tokenizer import BEGIN, END, UNKNOWN
from gradschool.zoo.engine.opening import Trained
from gradschool.zoo.engine.scoring import measure_trained

PARTS = ("train", "validation", "test")
some_pairs = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=60).map(
    lambda pairs: [(f"source {a}", f"target {b}") for a, b in pairs]
)


def assert_no_sentence_in_two_parts(parts):
    """`parts` are lists of pairs."""
    for side in (0, 1):
        found = [{same_text(pair[side]) for pair in pairs} for pairs in parts]
        for one in range(len(found)):
            for other in range(one):
                assert not found[one] & found[other]


# === The split ===
@given(some_pairs)
def test_components_are_those_of_a_search_from_pair_to_pair(pairs):
    ours = components(pairs)
    reached = -np.ones(len(pairs), int)
    for first in range(len(pairs)):
        if reached[first] < 0:
            queue = [first]
            while queue:
                one = queue.pop()
                if reached[one] < 0:
                    reached[one] = first
                    queue += [other for other in range(len(pairs)) if set(pairs[one]) & set(pairs[other])]
    assert [ours.tolist().index(number) for number in ours] == reached.tolist()


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.1, 0.3]))
def test_splits(seed, share):
    rng = np.random.default_rng(seed)
    pairs = [(f"Source {a}", f"target {b}") for a, b in rng.integers(0, 400, (200, 2))]
    parts = split_pairs(pairs, share, seed, "pairs")
    assert sorted(np.concatenate(list(parts.values()))) == list(range(200))
    assert_no_sentence_in_two_parts([[pairs[row] for row in rows] for rows in parts.values()])
    assert 20 <= len(parts["test"]) < 20 + LARGE
    assert round(share * 180) - LARGE < len(parts["validation"]) < round(share * 180) + LARGE
    assert (len(parts["validation"]) > 0) == (share > 0)


@pytest.mark.parametrize(("group", "count"), [(20, 100), (2, 10), (2, 6)])
def test_whoever_asks_for_a_validation_part_gets_one(group, count):
    pairs = [(f"source {n // group}", f"target {n}") for n in range(count)]
    for seed in range(5):
        parts = split_pairs(pairs, 0.1, seed, "pairs")
        assert min(map(len, parts.values())) > 0


def test_a_large_component_trains():
    pairs = [("the same", f"target {n}") for n in range(2 * LARGE)] + [(f"s {n}", f"t {n}") for n in range(60)]
    parts = split_pairs(pairs, 0.1, 0, "pairs")
    assert set(range(2 * LARGE)) <= set(parts["train"].tolist())
    assert (len(parts["validation"]), len(parts["test"])) == (9, 10)


def test_capitals_punctuation_and_blanks_do_not_count():
    assert components([("Va !", "Go."), ("va!", "Run!"), ("Vas-y", "go"), ("Viens", "Come")]).tolist() == [0, 0, 0, 1]


def test_too_few_to_split():
    with pytest.raises(ValueError, match="its 3 pairs are too few, or share too many sentences"):
        split_pairs([("a", "b"), ("a", "c"), ("d", "b")], 0.1, 0, "pairs.txt")


@pytest.mark.slow
def test_no_sentence_of_the_real_file_is_in_two_parts(real_data, tmp_path):
    zipfile.ZipFile(real_data / "fra_eng" / "fra-eng.zip").extract("fra.txt", tmp_path)
    lines = (tmp_path / "fra.txt").read_text(encoding="utf-8").split("\n")[:-1]
    pairs = [tuple(line.split("\t")) for line in lines]
    parts = split_pairs(pairs, 0.1, 0, "fra.txt")
    assert_no_sentence_in_two_parts([[pairs[row] for row in rows] for rows in parts.values()])
    shares = [len(rows) / len(pairs) for rows in parts.values()]
    np.testing.assert_allclose(shares, [0.81, 0.09, 0.10], atol=0.001)


def test_the_real_file(real_data, tmp_path):
    whole = zipfile.ZipFile(real_data / "fra_eng" / "fra-eng.zip").read("fra.txt").decode()
    (tmp_path / "fra.txt").write_text("\n".join(whole.split("\n")[:3000]), encoding="utf-8")
    data = load_data(tmp_path / "fra.txt", reverse=True, most_words=3, most=500)
    assert sum(data.description.samples.values()) == 500
    x, y = data.arrays("train")
    pairs = {tuple(line.split("\t")) for line in whole.split("\n")[:3000]}
    words = {(english.lower(), french.lower()) for english, french in pairs}
    french, english = data.description.input_tokenizer, data.description.target_tokenizer
    spaceless = lambda text: "".join(text.split())  # noqa: E731
    known = {(spaceless(e), spaceless(f)) for e, f in words}
    for source, target in zip(x["source"], y, strict=True):
        assert (spaceless(english.decode(target)), spaceless(french.decode(source))) in known


# === The samples ===
@pytest.fixture
def file(tmp_path):
    file = tmp_path / "pairs.txt"
    lines = [f"the number {n} is odd\tle nombre {n} est impair\tCC {n}" for n in range(40)]
    file.write_bytes("\r\n".join([*lines, lines[0], ""]).encode())
    return file


def test_what_a_model_is_given(file):
    data = load_data(file, batch_size=5)
    known = data.description
    assert (known.task, known.input_shape) == ("translation", (None,))
    assert (known.input_tokens, known.classes) == (known.input_tokenizer.size, known.target_tokenizer.size)
    assert dict(known.samples) == {"train": 32, "validation": 4, "test": 4}
    for part in PARTS:
        x, y = data.arrays(part)
        assert x["source"].dtype == x["target"].dtype == y.dtype == "int32"
        assert (x["target"][:, 0] == BEGIN).all()
        np.testing.assert_array_equal(data.lengths[part], [[5, 6]] * len(y))
        assert (y[:, -1] == END).all()
        np.testing.assert_array_equal(x["target"][:, 1:], y[:, :-1])
        for source, target in zip(x["source"], y, strict=True):
            number = known.input_tokenizer.decode(source).split()[2]
            expected = f"le nombre {number} est impair".replace("\ufffd", "?")
            assert known.target_tokenizer.decode(target).replace("\ufffd", "?") == expected
            assert (UNKNOWN in source) == (part != "train")


def test_directions_and_columns(file):
    there, back = load_data(file), load_data(file, reverse=True)
    other = load_data(file, from_column=2, to_column=1)
    assert back.description.input_tokenizer.to_json() == other.description.input_tokenizer.to_json()
    assert back.description.input_tokenizer.has_tokens_of(there.description.target_tokenizer)
    assert back.description.input_tokenizer.longest == back.lengths["train"][:, 0].max()
    assert load_data(file, from_column=3, to_column=1).description.input_tokenizer.encode("cc")[0] > END


def test_vocabularies_levels_and_seeds(file):
    data = load_data(file, source_vocabulary=3, target_vocabulary=2)
    assert (data.description.input_tokens, data.description.classes) == (7, 6)
    pairs = load_data(file, level="byte_pairs", source_vocabulary=270, target_vocabulary=265)
    assert (pairs.description.input_tokens, pairs.description.classes) == (270, 265)
    first, again, other = (load_data(file, most=20, seed=seed).arrays("train")[0]["source"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()


@pytest.mark.parametrize(
    ("line", "options", "words"),
    [
        ("Go.", {}, r"pairs.txt, line 42 has no tab; the first has 2 tabs"),
        ("Go.\tVa !\tx\ty", {}, "line 42 has 3 tabs; the first has 2 tabs"),
        ("\tVa !\tx", {}, "line 42: column 1 is empty"),
        ("Go.\t \tx", {}, "line 42: column 2 is empty"),
        ("", {"to_column": 4}, "to_column: .*pairs.txt has 3 columns; there is no column 4"),
        ("", {"to_column": 1}, "from_column and to_column are both 1"),
        ("", {"from_column": 0}, "from_column must be a whole number of at least 1"),
        ("", {"most_words": 2}, "no pair has at most 2 words on either side"),
        ("", {"most_words": -1}, "most_words must be a whole number of at least 1"),
        ("", {"reverse": 1}, "reverse is True or False"),
        ("", {"lower": "no"}, "lower is True or False"),
        ("", {"augment": {"mixup": 0.2}}, "mixup blends images and the like"),
    ],
)
def test_files_and_options_that_will_not_do(file, line, options, words):
    file.write_bytes(file.read_bytes() + line.encode())
    with pytest.raises(ValueError, match=words):
        load_data(file, **options)


def test_a_file_without_tabs_holds_no_pairs(tmp_path):
    (tmp_path / "pairs.tsv").write_text("Go.\n")
    with pytest.raises(ValueError, match=r"line 1 has no tab; sentences belong between tabs"):
        load_data(tmp_path / "pairs.tsv")


def test_the_seed_draws_the_test_part(file):
    assert draws_test_part(str(file))
    with pytest.raises(ValueError, match="cannot be cut into folds: its parts share no sentence"):
        load_data(file, fold=(0, 3))


def test_a_trained_model_is_not_tested_with_options_that_draw_other_parts(file):
    trained = Trained(None, data_identity(file), [], {"data_options": {"most": 20}})
    with pytest.raises(ValueError, match=r"most: with other options, other samples of .* would test"):
        measure_trained(trained, str(file), options={"most": 30})
    with pytest.raises(ValueError, match="most_words: with other options"):
        measure_trained(trained, options={"most": 20, "most_words": 3})
