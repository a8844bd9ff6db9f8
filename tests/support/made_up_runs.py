"""Made-up runs of a comparison of optimizers, whose answers are known."""

import numpy as np
import pandas as pd

UNTRAINED = 2.3
RATES = (0.01, 0.1, 1.0)


def losses(speed: float, floor: float, epochs: int) -> np.ndarray:
    """An exponential fall from the untrained loss to a floor."""
    return floor + (UNTRAINED - floor) * np.exp(-speed * np.arange(1, epochs + 1))


def made_up_runs(
    optimizers=(("quick", 1.0, 0.1), ("slow", 0.3, 0.1)), seeds=(0, 1, 2), epochs=12, luck=0.05
) -> tuple[pd.DataFrame, dict[int, float]]:
    """Rows as a comparison gives them, and the untrained losses.

    The middle rate is the best; the low one is a fifth as quick; at the high one the loss is no number from the second
    epoch on. What a seed brings is the same for all.

    Args:
        optimizers: names, speeds and floors of the training loss.
        seeds: of the runs.
        epochs: of each.
        luck: how far seeds differ in their validation accuracy.
    """
    rng = np.random.default_rng(7)
    lucks = {seed: luck * rng.normal() for seed in seeds}
    rows = []
    for name, speed, floor in optimizers:
        for seed in seeds:
            for rate, share in zip(RATES, (0.2, 1.0, 0.0), strict=True):
                curve = losses(speed * share, floor, epochs) if share else np.array([3.0] + [np.nan] * (epochs - 1))
                for epoch, loss in enumerate(curve, start=1):
                    rows.append(
                        {
                            "seed": seed, "optimizer": name, "learning_rate": rate, "epoch": epoch, "loss": loss,
                            "val_loss": loss + 0.1, "val_accuracy": 0.9 - loss / 10 + lucks[seed],
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows), dict.fromkeys(seeds, UNTRAINED)
