"""A page holds everything that it shows, shows it as it is, and is written whole."""

import base64
import os

import jinja2
import numpy as np
import pytest

from gradschool.callbacks.csv_tables import csv_text
from gradschool.callbacks.pictures import new_figure
from gradschool.callbacks.reporting.page import MOST_ROWS, Finding, Picture, Report, Section, Table, write_page
from report_pages import ReportPage

NASTY = """<script>alert("1")</script> & 'x' ${\\alpha"""


def page(tmp_path, *sections, **report):
    return ReportPage(write_page(Report(report.pop("title", "A run"), sections, **report), tmp_path / "page.html"))


def lines():
    figure = new_figure(4, 3)
    figure.subplots().plot([0.0, 0.5, 0.25])
    return figure


def test_a_page_needs_nothing_else(tmp_path):
    sections = [
        Section("Words", "a text", fine="all is well", findings=[Finding("what", "evidence", "remedy", "epoch 3")]),
        Section("Pictures", pictures=[Picture.of_figure(lines(), "lines")], table=Table("a,b\n1,2\n", "a.csv")),
        Section("Facts", facts={"rate": 0.1}, command="gradschool fit mlp"),
        Section("Empty"),
    ]
    shown = page(tmp_path, *sections, status="diverged", reason="the loss", figures={"loss": "0.1"}, subtitle="one")
    shown.assert_needs_nothing_else()
    assert len(shown.pictures) == 1
    assert shown.headings == ["Words", "Pictures", "Facts", "Empty"]
    said = ["a text", "all is well", "evidence", "remedy", "epoch 3", "rate", "0.1", "gradschool fit mlp", "diverged"]
    assert all(words in shown.text for words in said)
    assert "default-src 'none'" in (tmp_path / "page.html").read_text()  # the browser is held to it


def test_names_are_shown_and_never_run(tmp_path):
    table = Table(csv_text([{NASTY: NASTY}]), f"{NASTY}.csv")
    finding = Finding(NASTY, NASTY, NASTY, NASTY)
    figure = lines()
    figure.axes[0].set_title(NASTY)  # not taken for mathematics, which it is not
    picture = Picture.of_figure(figure, NASTY)
    section = Section(NASTY, NASTY, NASTY, [finding], [picture], table, {NASTY: NASTY}, NASTY)
    shown = page(tmp_path, section, title=NASTY, status=NASTY, reason=NASTY, subtitle=NASTY, figures={NASTY: NASTY})
    shown.assert_needs_nothing_else()
    assert shown.text.count(NASTY.replace("_", " ")) >= 16
    assert shown.files == {f"{NASTY}.csv": csv_text([{NASTY: NASTY}])}


def test_a_column_may_have_any_name(tmp_path):
    shown = page(tmp_path, Section("Table", table=Table("keys,items,get\na,,b\nc,d,e\n", "table.csv")))
    assert shown.tables == [[["keys", "items", "get"], ["a", "", "b"], ["c", "d", "e"]]]


def test_many_rows_are_those_of_the_last_epoch_and_all_can_be_saved(tmp_path):
    rows = [{"epoch": e, "layer": f"layer_{n}", "norm": e + n / 10} for e in range(1, 31) for n in range(5)]
    table = Table(csv_text(rows), "norms.csv")
    assert [row["norm"] for row in table.rows] == [30, 30.1, 30.2, 30.3, 30.4]
    assert (table.which, table.count, table.numbers) == ("epoch 30", 150, ["epoch", "norm"])
    assert page(tmp_path, Section("Norms", table=table)).files == {"norms.csv": csv_text(rows)}


def test_many_rows_of_an_epoch_each_are_thinned_out_and_keep_both_ends():
    table = Table(csv_text([{"epoch": e, "rate": 1 / e} for e in range(1, 200)]), "rates.csv")
    epochs = [row["epoch"] for row in table.rows]
    assert (epochs[0], epochs[-1], len(epochs)) == (1, 199, MOST_ROWS)
    assert set(np.diff(epochs)) <= {8, 9}
    assert table.which == f"{MOST_ROWS} of 199 rows"


@pytest.mark.parametrize("first", [{}, {"epoch": 1}])
def test_many_rows_of_which_not_all_have_an_epoch_are_thinned_out(first):
    table = Table(csv_text([first | {"rate": 0.5}] + [{"rate": 1 / n} for n in range(1, 80)]), "rates.csv")
    assert (len(table.rows), table.which) == (MOST_ROWS, f"{MOST_ROWS} of 80 rows")


def test_a_column_without_values_is_not_shown():
    assert Table("a,b,c\n1,,x\n2,,\n", "table.csv").columns == ["a", "c"]


def test_a_simple_figure_is_a_drawing_and_the_same_every_time():
    first, again = (Picture.of_figure(lines(), "lines") for _ in range(2))
    assert first == again
    assert (first.width, first.height) == (384, 288)
    drawing = base64.b64decode(first.address.partition("base64,")[2]).decode()
    assert drawing.startswith("<?xml")
    assert "<metadata>" not in drawing


def test_a_figure_of_very_many_parts_is_made_of_dots():
    figure = new_figure(4, 3)
    figure.subplots().pcolormesh(np.random.default_rng(0).random((100, 100)))
    picture = Picture.of_figure(figure, "a map")
    assert picture.address.startswith("data:image/png;base64,")
    assert len(picture.address) < 1_000_000
    assert (picture.width, picture.height) == (384, 288)


def test_a_png_keeps_its_size_on_the_page(tmp_path):
    lines().savefig(tmp_path / "lines.png", dpi=120)
    picture = Picture.of_png(tmp_path / "lines.png", "lines")
    assert (picture.width, picture.height) == (384, 288)
    (tmp_path / "lines.png").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"lines\.png is no PNG picture"):
        Picture.of_png(tmp_path / "lines.png", "lines")


def test_a_page_that_cannot_be_made_leaves_the_old_one(tmp_path):
    path = write_page(Report("old", []), tmp_path / "page.html")
    with pytest.raises(jinja2.UndefinedError):
        write_page(Report("new", [Section("Facts", facts=3)]), path)  # type: ignore[arg-type]
    assert ReportPage(path).text.strip().startswith("old")
    assert os.listdir(tmp_path) == ["page.html"]
