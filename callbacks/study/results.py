"""What a comparison of optimizers has measured, as tables, a picture and files."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .runs import Rule, Runs

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class OptimizerStudy:
    """What a comparison of optimizers has measured.

    Args:
        results: a row for each `seed`, `optimizer`, `learning_rate` and `epoch`, with the metrics.
        tests: a row for each `seed`, `optimizer` and `learning_rate`, with the metrics on the test samples; or none.
        untrained: the loss before training, by seed.
        step_seconds: what a step takes on its own, by optimizer.
        rule: how the runs are judged; its target is the one that was used.
    """

    results: "pandas.DataFrame"
    tests: "pandas.DataFrame"
    untrained: Mapping[int, float]
    step_seconds: Mapping[str, float]
    rule: Rule

    @functools.cached_property
    def runs(self) -> Runs:
        """The results as curves."""
        return Runs(self.results, self.untrained)

    @functools.cached_property
    def summary(self) -> "pandas.DataFrame":
        """One row for each optimizer at its best learning rate, the best first: see `study/summary.py`."""
        from .summary import summarize

        return summarize(self.runs, self.rule, self.step_seconds, self.tests if len(self.tests) else None)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The results, one dict a row."""
        return self.results.to_dict("records")

    @property
    def notes(self) -> list[str]:
        """What a reader of the table has to know of it."""
        from .report import notes

        return notes(self)

    def plot(self) -> "Figure":
        """Curves with bands, sensitivity to the learning rate, and a forest plot of the intervals."""
        from .pictures import draw_study

        return draw_study(self.runs, self.rule, self.summary)

    def to_csv(self, path: Path | str) -> None:
        """Writes the results as CSV."""
        self.results.to_csv(path, index=False)

    def save(
        self,
        folder: Path | str,
        title: str = "Comparison of optimizers",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes `study.csv`, `summary.csv`, `study.png`, and all of it as one page, `report.html`.

        Args:
            folder: is made if it is not there.
            title: of the page.
            settings: names and values to be told on it.
        """
        from .report import save_study

        save_study(self, Path(folder), title, settings or {})
