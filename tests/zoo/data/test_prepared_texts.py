"""Texts and sounds that tensorflow-datasets prepares, from made-up files in their official layout and the real ones."""

import io
import wave

import numpy as np
import pytest

from gradschool.zoo.data import is_prepared, load_data
from gradschool.zoo.data.catalogue import check_available
from gradschool.zoo.data.prepared_records import open_prepared, read_records
from gradschool.zoo.data.tensorflow_import import tensorflow_is_installed
from gradschool.zoo.data.tiny_shakespeare import whole_text
from gradschool.zoo.data.tokenizer import BEGIN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not tensorflow_is_installed(), reason="tensorflow-datasets' files are read with it"),
]

PLAY = "".join(f"ANN:\nLine {number} of the play.\n\n" for number in range(100)) + "~"
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Small stand-ins of all sets, each prepared by its own builder."""
    from stand_in import stand_in, tar_gz

    data_dir = tmp_path_factory.mktemp("tensorflow_datasets")
    with stand_in("tiny_shakespeare", data_dir, "input.txt", PLAY.encode()):
        load_data("tiny_shakespeare", data_dir=data_dir)
    with stand_in("imdb_reviews", data_dir, "aclImdb_v1.tar.gz", tar_gz(reviews())):
        load_data("imdb_reviews", data_dir=data_dir)
    with stand_in("ted_hrlr_translate", data_dir, "qi18naacl-dataset.tar.gz", tar_gz(talks())):
        load_data(
            "ted_hrlr_translate", data_dir=data_dir, pair="ru_to_en", source_vocabulary=270, target_vocabulary=270
        )
    with stand_in("spoken_digit", data_dir, "free-spoken-digit-dataset-1.0.9.tar.gz", tar_gz(recordings())):
        load_data("spoken_digit", data_dir=data_dir)
    return data_dir


def reviews():
    """20 reviews of each part and label; their last word is the label's. One has none."""
    return {"aclImdb/train/unsup/0_0.txt": b"Film"} | {
        f"aclImdb/{part}/{label}/{number}_7.txt": f"Film {number}:<br /><br />it was, well, <b>{label}".encode()
        for part in ("train", "test") for label in ("neg", "pos") for number in range(20)
    }  # fmt: skip


def talks():
    counts = {"train": 30, "dev": 5, "test": 4}
    return {
        f"datasets/ru_to_en/{language}.{part}": "\n".join(f"{word} {part} {n}" for n in range(count)).encode()
        for part, count in counts.items() for language, word in (("ru", "слово"), ("en", "word"))
    }  # fmt: skip


def recordings():
    """One of each digit by each speaker, from 0.2 s; of one, silence that is digital."""
    files = {}
    for place, speaker in enumerate(SPEAKERS):
        for digit in range(10):
            samples = 1600 + 160 * digit + 400 * place
            sound = 8000 * np.sin(2 * np.pi * (200 + 100 * digit) * np.arange(samples) / 8000)
            if digit == 3:
                sound[:800] = 0
            file = io.BytesIO()
            with wave.open(file, "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(8000)
                out.writeframes(sound.astype("<i2").tobytes())
            files[f"free-spoken-digit-dataset-1.0.9/recordings/{digit}_{speaker}_0.wav"] = file.getvalue()
    return files


# === Tiny Shakespeare ===
def test_the_last_tenth_of_the_text_is_held_out(prepared):
    data = load_data("tiny_shakespeare", data_dir=prepared, window=20, evaluation_window=50)
    assert whole_text(open_prepared("tiny_shakespeare", prepared)) == PLAY
    tokenizer, first = data.description.input_tokenizer, len(PLAY) - round(len(PLAY) / 10)
    x, y = data.arrays("train")
    assert "".join(map(tokenizer.decode, x)) == PLAY[: x.size]
    assert tokenizer.decode(y.ravel()) == PLAY[1 : y.size + 1]
    assert x.size <= first < x.size + 21
    for part in ("validation", "test"):
        x, y = data.arrays(part)
        assert tokenizer.decode(y.ravel()) == PLAY[first + 1 :].replace("~", "\ufffd")  # which training lacks
        assert x.shape[1] == 50
    assert data.description.classes == data.description.input_tokens == len(set(PLAY[:first])) + 4


# === Reviews ===
def test_reviews_are_cut_to_their_ends(prepared):
    data = load_data("imdb_reviews", data_dir=prepared, most=4, validation_share=0.2)
    assert dict(data.description.samples) == {"train": 32, "validation": 8, "test": 40}
    tokenizer = data.description.input_tokenizer
    for part in ("train", "validation", "test"):
        x, y = data.arrays(part)
        assert {tokenizer.decode(row) for row in x[y == 0]} == {"< b > neg"}
        assert {tokenizer.decode(row) for row in x[y == 1]} == {"< b > pos"}
        assert (data.lengths[part] == 4).all()
    whole = load_data("imdb_reviews", data_dir=prepared, validation_share=0.2)
    assert whole.description.input_tokenizer.encode("br") == [1]  # a line's end is no word
    assert (whole.lengths["train"] == 12).all()


# === Talks ===
def test_talks_keep_their_parts(prepared):
    data = load_data(
        "ted_hrlr_translate", data_dir=prepared, pair="ru_to_en", most=20, source_vocabulary=270, target_vocabulary=270
    )
    assert dict(data.description.samples) == {"train": 20, "validation": 5, "test": 4}
    x, y = data.arrays("test")
    known = data.description
    sources = [known.input_tokenizer.decode(row) for row in x["source"]]
    assert sorted(sources) == [f"слово test {n}" for n in range(4)]
    assert [known.target_tokenizer.decode(row) for row in y] == [one.replace("слово", "word") for one in sources]
    assert (x["target"][:, 0] == BEGIN).all()
    other = load_data("ted_hrlr_translate", data_dir=prepared, pair="ru_to_en", reverse=True, level="words")
    assert other.description.input_tokenizer.unknown("word слово") == ["слово"]
    with pytest.raises(ValueError, match="unknown pair 'en_to_ru'; did you mean"):
        load_data("ted_hrlr_translate", data_dir=prepared, pair="en_to_ru")


def test_variants_count_as_prepared(prepared, tmp_path):
    assert is_prepared("imdb_reviews", prepared)
    assert not is_prepared("imdb_reviews", tmp_path)
    check_available("ted_hrlr_translate", prepared)
    for name in ("tiny_shakespeare", "spoken_digit", "imdb_reviews"):
        check_available(name, prepared)


@pytest.mark.parametrize("name", ["tiny_shakespeare", "spoken_digit", "imdb_reviews", "ted_hrlr_translate"])
def test_without_network_the_unprepared_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.setattr("gradschool.zoo.data.preparing.why_unreachable", lambda url: "no network")
    for refused in (lambda: check_available(name, tmp_path), lambda: load_data(name, data_dir=tmp_path)):
        with pytest.raises(OSError, match=f"{name} is not prepared in .*: no network"):
            refused()


# === Spoken digits ===
def test_speakers_are_in_one_part(prepared):
    data = load_data("spoken_digit", data_dir=prepared)
    assert dict(data.description.samples) == {"train": 30, "validation": 10, "test": 10}
    steps = {part: sorted((data.lengths[part]).tolist()) for part in data.lengths}
    frames = lambda place: [1 + (1600 + 160 * digit + 400 * place - 200) // 80 for digit in range(10)]  # noqa: E731
    assert steps["test"] == frames(3)  # theo
    assert steps["validation"] == frames(2)  # nicolas
    other = load_data("spoken_digit", data_dir=prepared, speakers="george, jackson", validation_share=0.0)
    assert dict(other.description.samples) == {"train": 40, "validation": 0, "test": 10}
    assert sorted(other.lengths["test"].tolist()) == frames(0)


def test_bands_are_standardised_and_no_true_frame_is_padding(prepared):
    data = load_data("spoken_digit", data_dir=prepared)
    for part in ("train", "validation", "test"):
        x, lengths = data.arrays(part)[0], data.lengths[part]
        before_the_end = np.arange(x.shape[1]) < lengths[:, None]
        np.testing.assert_array_equal(x.any(axis=2), before_the_end)
        if part == "train":
            np.testing.assert_allclose(x[before_the_end].mean(axis=0), 0, atol=1e-4)
            np.testing.assert_allclose(x[before_the_end].std(axis=0), 1, atol=1e-4)


def test_speakers_must_be_two_that_there_are(prepared):
    with pytest.raises(ValueError, match="unknown speaker 'teo'; did you mean 'theo'"):
        load_data("spoken_digit", data_dir=prepared, speakers=["teo", "george"])
    for wrong in ("theo", ["theo", "theo"]):
        with pytest.raises(ValueError, match="speakers are two"):
            load_data("spoken_digit", data_dir=prepared, speakers=wrong)


# === The records ===
def test_records_are_as_tensorflow_datasets_reads_them(prepared):
    import tensorflow_datasets as tfds

    theirs = list(tfds.load("spoken_digit", data_dir=str(prepared), split="train").as_numpy_iterator())
    fields = {"audio": "numbers", "label": "number", "audio/filename": "text"}
    ours = read_records(open_prepared("spoken_digit", prepared), "train", "spoken_digit", fields)
    theirs = {one["audio/filename"].decode(): one for one in theirs}
    assert {one["audio/filename"] for one in ours} == set(theirs)
    for one in ours:
        np.testing.assert_array_equal(one["audio"], theirs[one["audio/filename"]]["audio"])
        assert one["label"] == theirs[one["audio/filename"]]["label"]


def test_damaged_records_are_named(prepared, tmp_path):
    import shutil

    shutil.copytree(prepared / "imdb_reviews", tmp_path / "imdb_reviews")
    file = next((tmp_path / "imdb_reviews").rglob("*train*"))
    contents = file.read_bytes()
    file.write_bytes(contents[: len(contents) // 2 + 30])
    with pytest.raises(OSError, match=f"{file.name} is damaged"):
        load_data("imdb_reviews", data_dir=tmp_path)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=f"{file.name} is missing"):
        load_data("imdb_reviews", data_dir=tmp_path)


# === The real ones ===
def test_the_real_shakespeare(real_data, tmp_path):
    from download_cache import fill_download_cache

    fill_download_cache(real_data, tmp_path, "tiny_shakespeare")
    data = load_data("tiny_shakespeare", data_dir=tmp_path)
    text = next(real_data.glob("tiny_shakespeare/*.txt")).read_text()
    first = len(text) - round(len(text) / 10)
    x, y = data.arrays("validation")
    assert data.description.input_tokenizer.decode(y.ravel()) == text[first + 1 :]
    assert (data.arrays("train")[0].shape, x.shape) == ((7842, 128), (218, 512))
    assert data.description.classes == 65 + 4


def test_the_real_recordings(real_data, tmp_path):
    from download_cache import fill_download_cache

    fill_download_cache(real_data, tmp_path, "spoken_digit")
    data = load_data("spoken_digit", data_dir=tmp_path)
    assert dict(data.description.samples) == {"train": 1500, "validation": 500, "test": 500}
    assert (np.bincount(data.arrays("test")[1]) == 50).all()
    for part in data.lengths:
        x = data.arrays(part)[0]
        assert (x.any(axis=2).sum(axis=1) == data.lengths[part]).all()
