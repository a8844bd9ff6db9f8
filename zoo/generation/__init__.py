"""What models write: one token after the other, by sampling or by search.

sampling.py       temperature, top-k, top-p: from logits to the next token
writing.py        a language model goes on with a text, token by token
compiled.py       a function of tensors, compiled on the back end at work
beam_search.py    the likeliest sequence an encoder-decoder can find
translation.py    texts, or lists of tokens, through an encoder-decoder
bleu.py           how good translations are
"""
