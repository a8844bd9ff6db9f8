"""`gradschool generate`: a language model goes on with a text."""

import sys
from typing import Annotated

import typer

from .shared import Json, print_json


def generate(
    trained: Annotated[str, typer.Argument(metavar="RUN", help="The run folder of a language model.")],
    prompt: Annotated[str, typer.Option(help="What the text begins with.")] = "",
    length: Annotated[int, typer.Option(help="Tokens to write, such as characters.")] = 500,
    temperature: Annotated[
        float, typer.Option(help="Below 1: likely tokens become likelier. 0: always the likeliest.")
    ] = 0.8,
    top_k: Annotated[int | None, typer.Option(help="Draw from so many likeliest tokens only.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw from the fewest likeliest tokens with this probability.")
    ] = None,
    samples: Annotated[int, typer.Option(help="How many continuations to write.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the draws: the same one writes the same text.")] = 0,
    as_json: Json = False,
) -> None:
    """Write text with a trained language model, shown as it is written; Ctrl-C ends it."""
    from ..engine.opening import open_model
    from ..generation.sampling import Sampling
    from ..generation.writing import write

    sampling = Sampling(temperature, top_k, top_p)
    opened = open_model(trained)
    if getattr(opened.model, "task", "") != "language_modelling":
        raise ValueError(f"{trained} is no language model: gradschool fit char_lstm --data YOUR-TEXT.txt makes one.")
    tokenizer = opened.need_tokenizer("input")
    if unknown := tokenizer.unknown(prompt):
        left_out = " ".join(map(repr, unknown))
        print(f"left out of the prompt, since the model has never seen it: {left_out}", file=sys.stderr)
    pieces = write(opened.model, tokenizer, prompt, length, sampling, seed, texts=samples)
    if as_json:
        texts = ["".join(parts) for parts in zip(*pieces, strict=True)]
        print_json([{"prompt": prompt, "text": text} for text in texts])
    elif samples == 1:
        print(prompt, end="")
        for (piece,) in pieces:
            print(piece, end="", flush=True)
        print()
    else:
        texts = ["".join(parts) for parts in zip(*pieces, strict=True)]
        print(*(f"--- {number}\n{prompt}{text}" for number, text in enumerate(texts, start=1)), sep="\n")
