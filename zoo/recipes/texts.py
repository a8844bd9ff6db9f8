"""Writing and reading text: language models, names, sentences."""

from .recipe import Recipe

RECIPES = (
    Recipe(
        "char_lstm_tiny_shakespeare",
        "char_lstm",
        "tiny_shakespeare",
        epochs=18,
        batch_size=64,
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0.5,
        metrics=("nats", "token_accuracy"),
        clip={"global_norm": 1.0},
        model_config={"dropout": 0.2},
    ),
)
