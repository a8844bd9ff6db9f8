"""Pictures show names as they are, and powers of ten as powers."""

import io

from matplotlib.text import Text

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
