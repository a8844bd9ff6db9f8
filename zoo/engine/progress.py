"""What a fit shows while it runs: a bar on a terminal, and a line for every epoch."""

import contextlib
import time

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def say(console: Console, line: str) -> None:
    """Prints a line; a reader who went away (`| head -1`) or a full disk must not end a training run."""
    with contextlib.suppress(OSError, SystemExit):  # SystemExit is how rich takes a closed pipe
        console.print(line, highlight=False, soft_wrap=True)


REFRESH = 0.1  # seconds between two looks at the bar


class ProgressBar(keras.callbacks.Callback):
    """A bar over the steps of the whole run and a printed line per epoch.

    Args:
        console: where to print.
    """

    async_safe = True  # touches nothing but the bar, so the training loop need not wait for it

    def __init__(self, console: Console):
        super().__init__()
        self.console = console
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,  # a log file gets the lines alone
        )

    def on_train_begin(self, logs=None):
        self.shown = 0.0
        self.epoch = 0
        self.task = self.bar.add_task("training", total=None)
        self.bar.start()

    def get_state(self):
        """What a resumed fit goes on with: not the clock, which may be another machine's."""
        return {"epoch": self.epoch}

    def set_state(self, state) -> None:
        """Puts back what `get_state` gave."""
        self.epoch = state["epoch"]

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        if now - self.shown < REFRESH:
            return
        self.shown = now
        steps, epochs = self.params.get("steps"), self.params["epochs"]
        total = steps * epochs if steps else None
        done = (steps or 0) * self.epoch + batch + 1
        self.bar.update(self.task, completed=done, total=total, description=f"epoch {self.epoch + 1}/{epochs}")

    def on_epoch_end(self, epoch, logs=None):
        epochs = self.params["epochs"]
        shown = {name: value for name, value in (logs or {}).items() if "/" not in name}  # not layer by layer
        figures = "  ".join(f"{name} {_figure(value)}" for name, value in shown.items())
        number = f"{epoch + 1:>{len(str(epochs))}}/{epochs}"
        say(self.console, f"epoch {number}  {figures}")

    def on_train_end(self, logs=None):
        self.stop()

    def stop(self) -> None:
        """Takes the bar away; to be called when `fit` did not end by itself."""
        self.bar.stop()


def _figure(value: float) -> str:
    return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.4f}"
