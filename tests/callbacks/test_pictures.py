"""Pictures show names as they are, powers of ten as powers, and every epoch."""

import io
import math

import pytest
from matplotlib.text import Text

from gradschool.callbacks.doctoring.pictures import draw_findings
from gradschool.callbacks.pictures import new_figure, save_figure


def test_names_are_no_formulas_and_powers_are():
    figure = new_figure(4, 3)
    axes = figure.subplots()
    axes.semilogy([1, 10, 2000], label="$b_{c")
    axes.set_title(r"$\alpha {")  # no formula that could be drawn
    axes.set_xticks([0, 1, 2], ["$x", "y$", "$z$"])
    axes.legend()
    save_figure(figure, io.BytesIO(), format="png")
    as_formula = {text.get_text(): text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text()}
    powers = {text for text in as_formula if "mathdefault" in text}
    assert len(powers) >= 4
    assert set(as_formula) - powers == {"$b_{c", r"$\alpha {", "$x", "y$", "$z$"}
    assert {text for text, parsed in as_formula.items() if parsed} == powers


@pytest.mark.parametrize(
    ("losses", "found"),
    [
        ([0.9, 0.7, 0.6, 0.5], 2),
        ([0.9, math.nan], 2),  # each of the two panels holds another epoch
        ([0.9], 1),
    ],
)
def test_panels_that_share_their_epochs_show_all_of_them(losses, found):
    epochs = [{"epoch": number, "loss": loss} for number, loss in enumerate(losses, start=1)]
    figure = draw_findings(epochs, [{"epoch": found, "condition": "loss grows"}])
    figure.draw_without_rendering()
    for axes in figure.axes:
        first, last = axes.get_xlim()
        assert 0 < first < 1 <= len(losses) < last < len(losses) + 1
        assert [tick for tick in axes.get_xticks() if first < tick < last] == [row["epoch"] for row in epochs]
