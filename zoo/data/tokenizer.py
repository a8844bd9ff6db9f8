"""Text as whole numbers and back: characters, words or byte pairs, over the library `tokenizers`.

    id     0         1         2       3     4, 5, ...
    token  padding   unknown   begin   end   pieces of text

No text can hold the first four: it is cut into pieces before any is looked up, and none of these has the blank that is
in their names. Byte pairs (Sennrich, Haddow and Birch 2016) begin with the 256 bytes and join the pair of neighbours
that is most frequent in the texts, again and again, until there are as many tokens as asked for.

Reference:
    R. Sennrich, B. Haddow and A. Birch (2016), Neural Machine Translation of Rare Words with Subword Units, ACL;
    A. Radford et al. (2019), Language Models are Unsupervised Multitask Learners, section 2.2, for pairs of bytes.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..checks import whole_number
from ..errors import unknown_name

if TYPE_CHECKING:
    import tokenizers

PAD, UNKNOWN, BEGIN, END = range(4)
SPECIAL = ("padding token", "unknown token", "begin token", "end token")
SHOWN = "\ufffd"  # in a decoded text, for an unknown token
LEVELS = ("characters", "words", "byte_pairs")
BYTES = 256  # every text can be written with them

# A word with the apostrophe or hyphen that ties it to the next one: l'|air, peux-|tu; else a word, or one sign: an
# emoji of several code points is one.
_TIE = "['\u2019-]"
_WORD = rf"\w+{_TIE}(?=\w)|\w+|(?!\s)\X"
_TIED = re.compile(rf"\w{_TIE}$")
_NO_BLANK_BEFORE, _NO_BLANK_AFTER = set(".,;:!?…)]}%"), set("([{")


class Tokenizer:
    """Pieces of text as whole numbers. Made by `characters`, `words`, `byte_pairs` or `from_json`.

    Args:
        level: one of `LEVELS`.
        library: the `tokenizers.Tokenizer` that does the work.
        most: tokens of a text; of a longer one the last are kept. None for all.
        longest: tokens of the longest text that a model has learned from; None if that is not known.

    Attributes:
        level, most, longest: as above.
        tokens: the text of each token, by its number; of the first four, what they are for.

    Example:
        >>> tokenizer = Tokenizer.characters(["abba", "ac"])
        >>> tokenizer.encode("cab", begin=True, end=True), tokenizer.decode([2, 6, 4, 5, 3, 4])
        ([2, 6, 4, 5, 3], 'cab')
        >>> tokenizer.size, tokenizer.encode("ad"), tokenizer.unknown("add")
        (7, [4, 1], ['d'])
    """

    def __init__(
        self, level: str, library: "tokenizers.Tokenizer", most: int | None = None, longest: int | None = None
    ):
        if level not in LEVELS:
            raise unknown_name("level of tokens", level, LEVELS)
        self.level = level
        self.most, self.longest = most, longest
        self._library = library
        numbers = library.get_vocab(with_added_tokens=False)
        self.tokens: tuple[str, ...] = tuple(sorted(numbers, key=lambda token: numbers[token]))

    def __repr__(self) -> str:
        return f"<Tokenizer of {self.level}: {self.size} tokens>"

    @property
    def size(self) -> int:
        """Number of tokens, the first four included."""
        return len(self.tokens)

    # === From texts ===
    @classmethod
    def characters(cls, texts: str | Iterable[str]) -> "Tokenizer":
        """Every character of the texts is a token, blanks and line ends too; nothing is changed.

        What looks like one character may be several: "é" can be an "e" and an accent, a flag is two letters.

        Args:
            texts: a text, or several.

        Raises:
            ValueError: if they hold no character.
        """
        from tokenizers import Regex, models, pre_tokenizers

        found = sorted({character for text in _texts(texts) for character in text})
        return cls("characters", _library(models.WordLevel, found, pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")))

    @classmethod
    def words(cls, texts: str | Iterable[str], most: int | None = None, lower: bool = True) -> "Tokenizer":
        """Words, and punctuation marks apart; the most frequent first.

        A decoded text has single blanks, and none before a comma and the like, whatever the first one had.

        Args:
            texts: a text, or several.
            most: how many words and marks are kept, at least 1; all if None.
            lower: whether all becomes small letters.

        Raises:
            ValueError: if the texts hold no word.

        Example:
            >>> tokenizer = Tokenizer.words(["L'air est frais, frais, frais."], most=3)
            >>> tokenizer.tokens[4:]
            ('frais', ',', '.')
            >>> tokenizer.decode(tokenizer.encode("Frais, vraiment.")), tokenizer.unknown("Frais, vraiment.")
            ('frais, \ufffd.', ['vraiment'])
        """
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

        if most is not None:
            whole_number("most", most, least=1)
        words = pre_tokenizers.Split(Regex(_WORD), "removed", invert=True)
        composed = normalizers.NFC()  # "é" is the same, however it is written
        normalizer = normalizers.Sequence([composed, normalizers.Lowercase()] if lower else [composed])
        counting = Tokenizer(models.WordLevel({}, SPECIAL[UNKNOWN]))
        counting.normalizer, counting.pre_tokenizer = normalizer, words
        kept = most if most is not None else 2**31
        counting.train_from_iterator(_texts(texts), trainers.WordLevelTrainer(vocab_size=kept, show_progress=False))
        numbers = counting.get_vocab(with_added_tokens=False)
        found = sorted(numbers, key=lambda word: numbers[word])
        return cls("words", _library(models.WordLevel, found, words, normalizer))

    @classmethod
    def byte_pairs(cls, texts: str | Iterable[str], size: int = 8000) -> "Tokenizer":
        """Pieces of words, from single bytes to whole ones: no text is unknown, and every text comes back exactly.

        Args:
            texts: a text, or several.
            size: number of tokens, at least 260: the special ones and the bytes. Short texts give fewer.

        Raises:
            ValueError: if the texts are empty.

        Example:
            >>> tokenizer = Tokenizer.byte_pairs(["low lower lowest"], size=262)
            >>> [tokenizer.tokens[number] for number in tokenizer.encode("lowly")]
            ['low', 'l', 'y']
        """
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        whole_number("size", size, least=BYTES + len(SPECIAL))
        pieces = pre_tokenizers.ByteLevel(add_prefix_space=False)
        joining = Tokenizer(models.BPE())
        joining.pre_tokenizer = pieces
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=list(SPECIAL), initial_alphabet=pieces.alphabet(), show_progress=False
        )
        joining.train_from_iterator(_texts(texts), trainer)
        # The trainer would have the special tokens found in texts as well.
        library = Tokenizer.from_str(json.dumps({**json.loads(joining.to_str()), "added_tokens": []}))
        library.decoder = decoders.ByteLevel()
        return cls("byte_pairs", library)

    # === Texts to numbers ===
    def encode(self, text: str, begin: bool = False, end: bool = False) -> list[int]:
        """The numbers of a text's pieces; of one that was not in the texts of the vocabulary, `UNKNOWN`.

        Args:
            text: any text; the empty one has no pieces.
            begin: whether `BEGIN` comes first.
            end: whether `END` comes last.
        """
        return [BEGIN] * begin + self._kept(self._library.encode(text).ids) + [END] * end

    def encode_all(self, texts: Iterable[str], begin: bool = False, end: bool = False) -> list[list[int]]:
        """The same of many texts, in less time."""
        found = self._library.encode_batch_fast(list(texts))
        return [[BEGIN] * begin + self._kept(one.ids) + [END] * end for one in found]

    def _kept(self, ids: list[int]) -> list[int]:
        return ids if self.most is None else ids[-self.most :]

    def unknown(self, text: str) -> list[str]:
        """The pieces of a text that have no number, each once."""
        found = self._library.encode(text)
        pairs = zip(found.ids, found.offsets, strict=True)
        return list(dict.fromkeys(text[first:stop] for number, (first, stop) in pairs if number == UNKNOWN))

    # === Numbers to texts ===
    def decode(self, ids: Iterable[int]) -> str:
        """The text of some numbers, up to the first `END`; without `PAD` and `BEGIN`.

        Args:
            ids: whole numbers from 0 to `size` - 1, a list or an array of one axis.

        Raises:
            ValueError: if there is no token of a number.
        """
        numbers = []
        for number in map(int, ids):
            if not 0 <= number < self.size:
                raise ValueError(f"ids must be from 0 to {self.size - 1}, the tokens there are; got {number}.")
            if number == END:
                break
            if number not in (PAD, BEGIN):
                numbers.append(number)
        if self.level == "byte_pairs":
            known = [number for number in numbers if number != UNKNOWN]  # no text has any
            return self._library.decode(known, skip_special_tokens=False)
        pieces = [SHOWN if number == UNKNOWN else self.tokens[number] for number in numbers]
        return "".join(pieces if self.level == "characters" else _spaced(pieces))

    # === Files ===
    def limited(self, most: int | None = None, longest: int | None = None) -> "Tokenizer":
        """The same tokens, with limits to a text's length; see the class."""
        return Tokenizer(self.level, self._library, most, longest)

    def has_tokens_of(self, other: "Tokenizer") -> bool:
        """Whether another one makes the same of every text that neither cuts."""
        return self.limited().to_json() == other.limited().to_json()

    def to_json(self) -> str:
        """All of the tokenizer as a text; equal for equal tokenizers."""
        limits = {"most": self.most, "longest": self.longest}
        return json.dumps(
            {"level": self.level, **limits, "library": json.loads(self._library.to_str())}, ensure_ascii=False
        )

    @classmethod
    def from_json(cls, text: str) -> "Tokenizer":
        """The tokenizer that `to_json` wrote.

        Raises:
            ValueError: if the text is not from there.
        """
        import tokenizers

        try:
            kept = json.loads(text)
            library = tokenizers.Tokenizer.from_str(json.dumps(kept["library"]))
            return cls(kept["level"], library, kept.get("most"), kept.get("longest"))
        except Exception as error:  # the library raises no narrower class
            raise ValueError(f"this is no tokenizer that to_json wrote: {type(error).__name__}: {error}.") from error


def _library(model: Any, pieces: list[str], cut: Any, normalizer: Any = None) -> "tokenizers.Tokenizer":
    """A vocabulary of whole pieces."""
    from tokenizers import Tokenizer

    if not pieces:
        raise ValueError("the texts are empty: there is nothing to make a vocabulary of.")
    numbers = {piece: number for number, piece in enumerate((*SPECIAL, *pieces))}
    library = Tokenizer(model(numbers, SPECIAL[UNKNOWN]))
    library.pre_tokenizer = cut
    if normalizer is not None:
        library.normalizer = normalizer
    return library


def _texts(texts: str | Iterable[str]) -> Iterator[str]:
    """Each text; refuses what is none, and texts that are all empty."""
    empty = True
    for text in [texts] if isinstance(texts, str) else texts:
        if not isinstance(text, str):
            raise ValueError(f"texts must be texts; got {text!r}.")
        empty = empty and not text
        yield text
    if empty:
        raise ValueError("the texts are empty: there is nothing to make a vocabulary of.")


def _spaced(words: list[str]) -> Iterator[str]:
    """Words with blanks between them where a reader expects one."""
    before = ""
    for word in words:
        tied = before in _NO_BLANK_AFTER or word in _NO_BLANK_BEFORE or _TIED.search(before)
        yield word if not before or tied else " " + word
        before = word
