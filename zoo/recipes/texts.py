"""Writing and reading text: language models, names, sentences, translations."""

from typing import Any

from .recipe import Measured, Recipe

_WRITES: dict[str, Any] = {
    "batch_size": 64,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "warmup": 0.5,
    "metrics": ("nats", "token_accuracy"),
    "clip": {"global_norm": 1.0},
}
_READS: dict[str, Any] = {"schedule": "cosine", "clip": {"global_norm": 1.0}}
_TRANSLATES: dict[str, Any] = {
    "schedule": "cosine",
    "warmup": 0.5,
    "metrics": ("nats", "token_accuracy"),
    "clip": {"global_norm": 1.0},
}

RECIPES = (
    # What needs no network comes first: it is what `gradschool fit MODEL` runs.
    *(
        Recipe(f"{model}_python_topics", model, "python_topics", 10, **_WRITES, model_config={"units": 256})
        for model in ("char_lstm", "char_gru", "char_rnn")
    ),
    Recipe(
        "char_lstm_tiny_shakespeare",
        "char_lstm",
        "tiny_shakespeare",
        18,
        **{**_WRITES, "learning_rate": 3e-3},
        model_config={"dropout": 0.2},
        measured=Measured(
            "nats", 1.471, None, "1 seed", "gradschool fit char_lstm --data tiny_shakespeare", "nats a character"
        ),
    ),
    Recipe("char_lstm_text", "char_lstm", "YOUR-TEXT", 18, **_WRITES, model_config={"dropout": 0.2}),
    Recipe(
        "gru_classifier_names",
        "gru_classifier",
        "YOUR-NAMES",
        12,
        64,
        learning_rate=2e-3,
        **_READS,
        model_config={"bidirectional": True, "dropout": 0.3},
        measured=Measured(
            "accuracy", 0.8126, 0.0037, "3 seeds", "gradschool fit gru_classifier --data names --seeds 3"
        ),
    ),
    Recipe(
        "gru_classifier_sentences",
        "gru_classifier",
        "YOUR-SENTENCES",
        10,
        32,
        **_READS,
        model_config={"bidirectional": True, "dropout": 0.5},
    ),
    Recipe(
        "lstm_classifier_imdb_reviews",
        "lstm_classifier",
        "imdb_reviews",
        4,
        64,
        **_READS,
        model_config={"bidirectional": True, "dropout": 0.5},
    ),
    Recipe(
        "gru_classifier_spoken_digit",
        "gru_classifier",
        "spoken_digit",
        12,
        32,
        learning_rate=2e-3,
        **_READS,
        model_config={"units": 64, "bidirectional": True, "dropout": 0.5, "recurrent_dropout": 0.2},
        measured=Measured(
            "accuracy", 0.9280, 0.0164, "3 seeds", "gradschool fit gru_classifier --data spoken_digit --seeds 3"
        ),
    ),
    *(
        Recipe(f"{model}_{data}", model, data, epochs, 64, learning_rate=rate, **_TRANSLATES, model_config=config)
        for model in ("seq2seq", "seq2seq_luong", "seq2seq_plain")
        for data, epochs, rate, config in (
            ("date_normalisation", 10, 3e-3, {"units": 64}),
            ("sequence_reversal", 10, 3e-3, {"units": 64}),
        )
    ),
    Recipe(
        "seq2seq_pairs",
        "seq2seq",
        "YOUR-PAIRS",
        6,
        64,
        learning_rate=1e-3,
        **_TRANSLATES,
        model_config={"dropout": 0.3},
    ),
    Recipe(  # the file has English first, as those of www.manythings.org/anki
        "seq2seq_french_to_english",
        "seq2seq",
        "YOUR-PAIRS",
        6,
        64,
        learning_rate=1e-3,
        **_TRANSLATES,
        model_config={"dropout": 0.3},
        data_options={"reverse": True, "most_words": 10},
        measured=Measured(
            "bleu",
            47.54,
            None,
            "1 seed",
            "gradschool fit seq2seq --data fra.txt --recipe seq2seq_french_to_english",
            "BLEU",
        ),
    ),
)
