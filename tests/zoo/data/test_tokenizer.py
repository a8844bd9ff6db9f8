"""Tokens of text: what comes back is what went in, and nothing in a text can be mistaken for a special token."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.zoo.data.tokenizer import BEGIN, END, PAD, SPECIAL, UNKNOWN, Tokenizer

CORPUS = [
    "The cat sat on the mat.",
    "Je n'ai pas vu l'arc-en-ciel !",
    "e\u0301te\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7\r\n\x85 3.5 <pad> [END]",
]
LEVELS = {
    "characters": Tokenizer.characters(CORPUS),
    "words": Tokenizer.words(CORPUS),
    "byte_pairs": Tokenizer.byte_pairs(CORPUS, size=280),
}
texts = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(" ".join(CORPUS).split(" "))).map(" ".join))


@pytest.mark.parametrize("level", ["characters", "byte_pairs"])
@pytest.mark.parametrize("text", [*CORPUS, "", " \n\t "])
def test_a_text_comes_back(level, text):
    tokenizer = LEVELS[level]
    ids = tokenizer.encode(text, begin=True, end=True)
    known = "".join(c for c in text if level == "byte_pairs" or not tokenizer.unknown(c))
    assert tokenizer.decode(ids).replace("\ufffd", "") == known
    assert (ids[0], ids[-1]) == (BEGIN, END)


@given(texts)
def test_byte_pairs_give_every_text_back(text):
    tokenizer = LEVELS["byte_pairs"]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert UNKNOWN not in ids
    assert tokenizer.unknown(text) == []


@given(texts)
def test_there_are_as_many_characters_as_tokens(text):
    tokenizer = LEVELS["characters"]
    ids = tokenizer.encode(text)
    known = set("".join(CORPUS))
    assert tokenizer.decode(ids) == "".join(c if c in known else "\ufffd" for c in text)
    assert len(ids) == len(text)
    assert tokenizer.unknown(text) == list(dict.fromkeys(c for c in text if c not in known))


@given(texts)
def test_a_decoded_text_has_the_same_words(text):
    tokenizer = LEVELS["words"]
    ids = tokenizer.encode(text)
    assert tokenizer.encode(tokenizer.decode(ids)) == ids


@given(st.text(st.characters(categories=["L", "N", "P", "Z", "S"]), max_size=60))
@settings(max_examples=50)
def test_words_leave_out_nothing_but_white_space(text):
    if not text.strip():
        return
    tokenizer = Tokenizer.words([text], lower=False)
    import unicodedata

    whole = unicodedata.normalize("NFC", text)
    assert tokenizer.unknown(text) == []
    assert "".join(tokenizer.decode(tokenizer.encode(text)).split()) == "".join(whole.split())


@pytest.mark.parametrize("level", LEVELS)
def test_special_tokens_cannot_be_written(level):
    tokenizer = LEVELS[level]
    assert tokenizer.tokens[:4] == SPECIAL
    again = (
        Tokenizer.byte_pairs(SPECIAL * 50, size=400) if level == "byte_pairs" else getattr(Tokenizer, level)(SPECIAL)
    )
    for special in SPECIAL:
        assert min(again.encode(special)) > END
    assert min(i for i in tokenizer.encode("<pad>") if i != UNKNOWN) > END


def test_numbers_of_characters():
    tokenizer = Tokenizer.characters("cab\n")
    assert tokenizer.tokens[4:] == ("\n", "a", "b", "c")
    assert tokenizer.encode("abc\n") == [5, 6, 7, 4]
    assert tokenizer.size == 8


def test_words_are_cut_as_documented():
    tokenizer = LEVELS["words"]
    pieces = [tokenizer.tokens[number] for number in tokenizer.encode("Je n'ai PAS vu l'arc-en-ciel, the mat!")]
    assert pieces == ["je", "n'", "ai", "pas", "vu", "l'", "arc-", "en-", "ciel", "unknown token", "the", "mat", "!"]
    assert tokenizer.decode(tokenizer.encode("je n'ai pas vu l'arc-en-ciel !")) == "je n'ai pas vu l'arc-en-ciel!"


def test_an_emoji_of_several_code_points_is_one_word():
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert family in LEVELS["words"].tokens
    assert LEVELS["words"].encode("e\u0301te\u0301") == LEVELS["words"].encode("\xe9t\xe9")


def test_most_frequent_words_are_kept():
    tokenizer = Tokenizer.words(["a b b c c c d d d d"], most=2)
    assert tokenizer.tokens[4:] == ("d", "c")
    assert tokenizer.encode("a d") == [UNKNOWN, 4]


def test_case_may_matter():
    tokenizer = Tokenizer.words("Polish polish", lower=False)
    assert set(tokenizer.tokens[4:]) == {"Polish", "polish"}


def test_many_at_once_are_as_one_by_one():
    for tokenizer in LEVELS.values():
        assert tokenizer.encode_all(CORPUS, begin=True) == [tokenizer.encode(text, begin=True) for text in CORPUS]


def test_of_a_long_text_the_last_tokens_are_kept():
    whole = LEVELS["characters"]
    limited = Tokenizer.from_json(whole.limited(most=3, longest=7).to_json())
    assert (limited.most, limited.longest) == (3, 7)
    assert limited.encode("cats", begin=True, end=True) == [BEGIN, *whole.encode("ats"), END]
    assert limited.encode_all(["at", "cats"]) == [whole.encode("at"), whole.encode("ats")]
    assert limited.has_tokens_of(whole)
    assert not limited.has_tokens_of(LEVELS["words"])


def test_decoding_stops_at_the_end():
    tokenizer = LEVELS["characters"]
    ids = [BEGIN, *tokenizer.encode("cat"), PAD, END, *tokenizer.encode("mat")]
    assert tokenizer.decode(np.array(ids)) == "cat"


@pytest.mark.parametrize("level", LEVELS)
def test_json(level):
    tokenizer = LEVELS[level]
    again = Tokenizer.from_json(tokenizer.to_json())
    assert again.to_json() == tokenizer.to_json()
    assert again.tokens == tokenizer.tokens
    for text in CORPUS:
        assert again.encode(text) == tokenizer.encode(text)
        assert again.decode(again.encode(text)) == tokenizer.decode(tokenizer.encode(text))


def test_vocabularies_are_the_same_every_time():
    for level, tokenizer in LEVELS.items():
        size = {"size": 280} if level == "byte_pairs" else {}
        assert getattr(Tokenizer, level)(iter(CORPUS), **size).to_json() == tokenizer.to_json()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("nothing", ["", [], ["", ""]])
def test_nothing_to_make_a_vocabulary_of(level, nothing):
    with pytest.raises(ValueError, match="nothing to make a vocabulary of"):
        getattr(Tokenizer, level)(nothing)


def test_errors():
    with pytest.raises(ValueError, match="nothing to make a vocabulary of"):
        Tokenizer.words(" \n ")
    with pytest.raises(ValueError, match="most must be a whole number of at least 1; got 0"):
        Tokenizer.words("a", most=0)
    with pytest.raises(ValueError, match="size must be a whole number of at least 260; got 100"):
        Tokenizer.byte_pairs("a", size=100)
    with pytest.raises(ValueError, match="texts must be texts; got 3"):
        Tokenizer.characters(["a", 3])
    with pytest.raises(ValueError, match="ids must be from 0 to 4, the tokens there are; got 7"):
        Tokenizer.characters("a").decode([7])
    with pytest.raises(ValueError, match="no tokenizer that to_json wrote"):
        Tokenizer.from_json(json.dumps({"level": "words"}))
