"""The table of a measurement."""

import io

import pytest
from rich.console import Console

from gradschool.zoo.bench.report import count_goals, render


def contender(ms):
    return {"step_ms": {"median": ms, "quartiles": [ms, ms]}, "peak_memory_mib": 1234.0, "first_step_s": 5.25}


def ratio(median, goal, met):
    return {"median": median, "quartiles": [median - 0.1, median + 0.1], "goal": goal, "met": met}


@pytest.fixture
def report():
    return {
        "models": [
            {
                "model": "resnet20",
                "steps_per_round": 12,
                "gflop_per_step": 31.1,
                "goals": {"keras": 1.05, "torch": 1.1},
                "contenders": {
                    "gradschool": contender(200.0),
                    "keras": contender(211.1),
                    "torch": contender(219.9),
                    "torch channels_last": contender(190.0),
                },
                "others": 0.01,
                "ratios": {
                    "keras": ratio(1.0555, 1.05, True),
                    "torch": ratio(1.0995, 1.1, False),
                    "torch channels_last": ratio(0.95, None, None),
                },
                "left_out": {},
                "peak_gflops": {"median": 188.4},
                "share_of_peak": {"median": 0.823},
            }
        ]
    }


def shown(report, width=80):
    console = Console(width=width, file=io.StringIO())
    console.print(render(report))
    return console.file.getvalue()


def test_every_figure_is_there_on_eighty_columns(report):
    table = shown(report)
    for text in ("resnet20", "200", "211.1", "219.9", "82%", "1,234", "5.2", "goals met: 1 of 2"):
        assert text in table
    assert "1.05 (1.05) yes" in table
    assert "PyTorch with channels_last 190 ms, 0.95 times ours" in table
    assert "…" not in table
    assert "relied" not in table


def test_a_goal_that_is_just_missed_does_not_look_met(report):
    assert "1.09 (1.1) no" in shown(report)


def test_what_is_left_out_is_not_counted_as_met(report):
    (measured,) = report["models"]
    for name in ("torch", "torch channels_last"):
        del measured["ratios"][name], measured["contenders"][name]
        measured["left_out"][name] = "PyTorch is not installed"
    assert count_goals(report) == {"met": 1, "missed": 0, "not_measured": 1}
    assert "torch left out: PyTorch is not installed" in shown(report)
    assert "goals met: 1 of 2; not measured: 1" in shown(report)


def test_a_busy_machine_is_said_to_be_one(report):
    report["models"][0]["others"] = 0.31
    assert "other programs used 31% of the machine" in shown(report)
    report["models"][0]["others"] = None
    assert "relied" not in shown(report)
