"""Pictures of a training run: each function returns a matplotlib figure and neither shows nor saves it."""
