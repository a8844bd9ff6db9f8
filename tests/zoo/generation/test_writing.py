"""Writing: one step for each token, and the text that reading everything again would give."""

import keras
import numpy as np
import pytest
from keras import ops

from gradschool.zoo.data.tokenizer import BEGIN, END, Tokenizer
from gradschool.zoo.generation.sampling import Sampling
from gradschool.zoo.generation.writing import prompt_tokens, write, write_tokens
from gradschool.zoo.models.language_model import RecurrentLanguageModel

TEXT = "Es war einmal ein Koenig, der hatte einen grossen Floh."


class Alphabet:
    """A model that says the token after the one it reads."""

    def __init__(self, tokens: int):
        self.tokens = tokens

    def initial_states(self, texts):
        return ops.zeros((texts,), "int32")

    def step(self, tokens, states):
        return ops.one_hot((tokens + 1) % self.tokens, self.tokens) * 50.0, states + 1


def test_it_goes_on_with_the_prompt():
    tokenizer = Tokenizer.characters(["abcdefgh"])
    pieces = list(write(Alphabet(tokenizer.size), tokenizer, "abc", 4))
    assert pieces == [["d"], ["e"], ["f"], ["g"]]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_steps_give_what_reading_everything_again_would(cell):
    tokenizer = Tokenizer.characters([TEXT])
    model = RecurrentLanguageModel(tokenizer.size, cell=cell, units=11, embedding=7, layers=2)
    prompt = tokenizer.encode("Es war")
    written = [int(token[0]) for token, _ in zip(write_tokens(model, prompt, Sampling(0)), range(9), strict=False)]
    read = list(prompt)
    for _ in range(9):
        logits = ops.convert_to_numpy(model(np.array([read], "int32")))[0, -1]
        logits[: END + 1] = -np.inf  # padding, unknown, begin, end
        read.append(int(logits.argmax()))
    assert written == read[len(prompt) :]


def test_seeds_repeat_a_text_and_others_do_not():
    tokenizer = Tokenizer.characters([TEXT])
    model = RecurrentLanguageModel(tokenizer.size, units=11)

    def text(**options):
        return list(write(model, tokenizer, "Es", 30, **options))

    assert text(seed=1) == text(seed=1) != text(seed=2)
    both = text(seed=1, texts=2)
    assert [first for first, _ in both] != [second for _, second in both]


def test_byte_pairs_are_written_as_whole_characters():
    tokenizer = Tokenizer.byte_pairs(["ab"], size=260)
    following = dict(zip(tokenizer.encode("aé")[:-1], tokenizer.encode("aé")[1:], strict=True))

    class Spells(Alphabet):
        def step(self, tokens, states):
            table = np.arange(tokenizer.size, dtype="int32")
            table[list(following)] = list(following.values())
            return ops.one_hot(ops.take(ops.convert_to_tensor(table), tokens), self.tokens) * 50.0, states

    assert list(write(Spells(tokenizer.size), tokenizer, "a", 2)) == [[""], ["é"]]


def test_unknown_pieces_are_left_out_and_there_is_always_a_beginning():
    tokenizer = Tokenizer.characters(["ab"])
    assert prompt_tokens(tokenizer, "aXb") == tokenizer.encode("ab")
    assert prompt_tokens(tokenizer, "") == prompt_tokens(tokenizer, "X") == [BEGIN]
    assert prompt_tokens(Tokenizer.characters(["a\n"]), "") == Tokenizer.characters(["a\n"]).encode("\n")


def test_impossible_wishes_are_refused():
    tokenizer = Tokenizer.characters(["ab"])
    with pytest.raises(ValueError, match=r"length must be a whole number of at least 1; got 0"):
        list(write(Alphabet(6), tokenizer, "a", 0))
    with pytest.raises(ValueError, match=r"texts must be a whole number of at least 1; got 1\.5"):
        list(write(Alphabet(6), tokenizer, "a", 3, texts=1.5))
    with pytest.raises(ValueError, match="a prompt of at least one token is needed"):
        next(write_tokens(Alphabet(6), [], Sampling()))


def test_a_saved_model_writes_the_same(tmp_path):
    tokenizer = Tokenizer.characters([TEXT])
    model = RecurrentLanguageModel(tokenizer.size, units=11)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert list(write(model, tokenizer, "Es", 20)) == list(write(again, tokenizer, "Es", 20))
