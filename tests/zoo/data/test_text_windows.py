"""Windows of a running text: every token is predicted, in its part alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.data import load_data
from gradschool.zoo.data.text_windows import evaluation_windows, training_windows

TEXT = "".join(f"{number} bottles hang on the wall.\n" for number in range(100))


@given(st.integers(2, 100), st.integers(2, 20))
def test_every_token_but_the_first_is_predicted_exactly_once(count, window):
    ids = np.arange(1, count + 1)
    x, y = evaluation_windows(ids, window)
    assert y[y > 0].tolist() == ids[1:].tolist()
    np.testing.assert_array_equal(y[x > 0], x[x > 0] + 1)
    assert ((x > 0) == (y > 0)).all()
    assert x.shape[1] <= window


@given(st.integers(1, 60), st.integers(2, 20), st.integers(1, 20))
def test_training_windows(more, window, stride):
    count = window + more
    x, y = training_windows(np.arange(count), window, stride)
    assert x.shape == y.shape == (max(0, -(-(count - window) // stride)), window)
    np.testing.assert_array_equal(x[:, 0], np.arange(len(x)) * stride)
    np.testing.assert_array_equal(x, x[:, :1] + np.arange(window))
    np.testing.assert_array_equal(y, x + 1)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "bottles.txt"
    file.write_bytes(TEXT.replace("\n", "\r\n").encode("utf-8-sig"))
    return file


def test_the_parts_follow_one_another(file):
    data = load_data(file, window=20, evaluation_window=50)
    tokenizer, stop = data.description.input_tokenizer, round(0.8 * len(TEXT))
    texts = {part: tokenizer.decode(data.arrays(part)[1].ravel()) for part in ("validation", "test")}
    middle = len(TEXT) - round(0.1 * len(TEXT))
    assert abs(stop - (middle - len(texts["validation"]) - 1)) <= 1
    assert texts["validation"] == TEXT[middle - len(texts["validation"]) : middle]
    assert texts["test"] == TEXT[middle + 1 :]
    x, _ = data.arrays("train")
    assert "".join(map(tokenizer.decode, x)) == TEXT[: x.size]
    assert data.description.task == "language_modelling"
    assert data.description.input_shape == (None,)


@pytest.mark.parametrize(("level", "vocabulary"), [("words", 6), ("byte_pairs", 280)])
def test_levels(file, level, vocabulary):
    data = load_data(file, level=level, vocabulary=vocabulary, window=8)
    tokenizer = data.description.input_tokenizer
    assert tokenizer.level == level
    assert tokenizer.size == {"words": 10, "byte_pairs": 280}[level]
    assert data.description.classes == tokenizer.size
    assert (data.arrays("test")[1][:, -2:] > 0).any()


def test_nothing_need_validate(file):
    data = load_data(file, window=20, validation_share=0.0)
    assert data.validation is None
    assert data.description.samples["validation"] == 0


def test_batches_end_where_the_text_does(file):
    pytest.importorskip("tensorflow")
    data = load_data(file, window=20, evaluation_window=50, batch_size=4)
    assert {tuple(x.shape[1:]) for x, _ in data.train} == {(20,)}
    assert {tuple(x.shape[1:]) for x, _ in data.test} == {(50,)}


@pytest.mark.parametrize(
    ("contents", "options", "words"),
    [
        (b"", {}, "my.txt is empty: it holds no text"),
        (b" \n\n", {}, "my.txt is empty"),
        (b"short text", {}, r"the text to train on has 8 characters, and needs 129.*--data-option window=16"),
        (b"\x89PNG\0\0", {}, "my.txt is not a text file: it holds bytes that are 0"),
        ("a line\ncaf\xe9".encode("latin-1"), {}, "my.txt, line 2 is not text in UTF-8"),
        (TEXT.encode(), {"window": 1}, "window must be a whole number of at least 2"),
        (TEXT.encode(), {"stride": 0}, "stride must be a whole number of at least 1"),
        (TEXT.encode(), {"level": "syllables"}, "unknown level 'syllables'; there are"),
        (TEXT.encode(), {"vocabulary": 50}, "the characters of a text are all kept"),
        (TEXT.encode(), {"validation_share": 0.9}, "leaves nothing to train on"),
        (TEXT.encode(), {"fold": (0, 5)}, "has a test part of its own"),
    ],
)
def test_what_is_no_text_to_learn_from_is_refused(tmp_path, contents, options, words):
    file = tmp_path / "my.txt"
    file.write_bytes(contents)
    with pytest.raises(ValueError, match=words):
        load_data(file, **options)
