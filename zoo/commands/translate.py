"""`gradschool translate`: what a trained encoder-decoder makes of texts."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .shared import Json, print_json


def translate(
    trained: Annotated[str, typer.Argument(metavar="RUN", help="The run folder of a translation.")],
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to translate.")] = None,
    beam: Annotated[int, typer.Option(help="How many beginnings are followed at once; 1 is a greedy search.")] = 4,
    length_penalty: Annotated[float, typer.Option(help="Above 0: longer translations are favoured.")] = 0.6,
    most: Annotated[
        int | None, typer.Option(help="Tokens of a translation at most.", show_default="2 x those of the text + 10")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Translate each line of this file.")] = None,
    attention: Annotated[
        Path | None, typer.Option(help="Draw where the model looked into this .png file; for one text.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Translate texts with a trained encoder-decoder, by beam search."""
    from ..engine.opening import open_model
    from ..generation.translation import translate as search

    sources = [*(texts or []), *_lines(file)]
    if not sources:
        raise ValueError("there is nothing to translate: give a text, or a file with one in each line (--file).")
    if attention and len(sources) > 1:
        raise ValueError(f"--attention draws one text; got {len(sources)}.")
    opened = open_model(trained)
    if getattr(opened.model, "task", "") != "translation":
        raise ValueError(
            f"{trained} does not translate: gradschool fit seq2seq --data YOUR-PAIRS.tsv makes one that does."
        )
    tokenizers = {f"{kind}_tokenizer": opened.need_tokenizer(kind) for kind in ("input", "target")}
    found = search(opened.model, sources, beam, length_penalty, most, **tokenizers)
    longest = tokenizers["input_tokenizer"].longest
    for one in found:
        if longest is not None and len(one.source_tokens) > longest:
            length = len(one.source_tokens)
            print(f"{one.source}: {length} tokens, where the model learned from {longest} at most", file=sys.stderr)
        if one.unknown:
            never = " ".join(map(repr, one.unknown))
            print(f"{one.source}: the model has never seen {never}, and goes by the rest", file=sys.stderr)
        if not one.ended:
            print(f"{one.source}: no end after {len(one.tokens)} tokens; cut off (--most)", file=sys.stderr)
    if as_json:
        print_json([_row(one) for one in found])
    else:
        for one in found:
            print(one.text)
    if attention:
        _draw(opened.model, found[0], tokenizers, attention)
        if not as_json:
            print(f"picture: {attention}")


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text in UTF-8: byte {error.start} does not fit.") from error
    lines = [line for line in text.split("\n") if line.strip()]
    if tabbed := [number for number, line in enumerate(lines, start=1) if "\t" in line]:
        raise ValueError(f"{file}, text {tabbed[0]}, has a tab: give one text a line, without its translation.")
    return lines


def _row(one: Any) -> dict[str, Any]:
    return {
        "text": one.source,
        "translation": one.text,
        "log_probability": one.log_probability,
        "score": one.score,
        "ended": one.ended,
        "unknown": one.unknown,
    }


def _draw(model: Any, one: Any, tokenizers: dict[str, Any], path: Path) -> None:
    """Draws where the model looked before each token that it wrote, and before the end."""
    import numpy as np

    from ..data.tokenizer import BEGIN
    from ..pictures.attention import attention_map
    from ..pictures.style import save_picture

    read, written = (tokenizers[f"{kind}_tokenizer"] for kind in ("input", "target"))
    weights = model.attention_weights(np.array([one.source_tokens]), np.array([[BEGIN, *one.tokens]]))[0]  # (T, S)
    ends = ["(end)"] if one.ended else []
    target = [*_pieces(written, one.tokens), *ends]
    save_picture(attention_map(weights[: len(target)], _pieces(read, one.source_tokens), target), path)


def _pieces(tokenizer: Any, tokens: list[int]) -> list[str]:
    """The text of each token by itself."""
    return [tokenizer.decode([token]) for token in tokens]
