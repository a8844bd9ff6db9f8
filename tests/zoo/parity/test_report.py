"""The table of a parity run."""

import io

from rich.console import Console

from gradschool.zoo.parity.comparing import Comparison
from gradschool.zoo.parity.report import failures, parity_markdown, parity_table

COMPARISONS = [
    Comparison("dense", "float64", "2 replicas", "weights", 2e-16, 1e-9),
    Comparison("dense", "float32", "2 replicas", "weights", 3e-7, 1e-6),
    Comparison("dense", "float32", "2 replicas", "history", 3e-6, 1e-6),
    Comparison("dense", "float64", "2 workers", "weights", 0.5, 1e-9),
    Comparison("overflow", "mixed_float16", "2 replicas", "weights", 3e-5, 1e-2),
]


def test_markdown_has_a_row_for_each_case_and_a_column_for_each_setting():
    table, _, legend = parity_markdown(COMPARISONS).partition("\n\n")
    assert table.splitlines() == [
        "| case | 2 replicas | 2 workers |",
        "| --- | --: | --: |",
        "| dense | 2e-16, 3.0x, float32 history FAIL | 5e-01, float64 weights FAIL |",
        "| overflow | mixed_float16: 3e-05 |  |",
    ]
    assert legend.startswith("Largest difference")


def test_the_console_shows_the_same():
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(parity_table(COMPARISONS))
    text = console.export_text()
    assert "2e-16, 3.0x, float32 history FAIL" in text
    assert "mixed_float16: 3e-05" in text


def test_failures_are_those_that_do_not_hold():
    assert failures(COMPARISONS) == [COMPARISONS[2], COMPARISONS[3]]
