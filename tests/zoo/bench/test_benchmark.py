"""The measurement, with contenders that train nothing: turns, ratios, refusals."""

import json
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gradschool.zoo.bench import benchmark
from gradschool.zoo.bench.benchmark import BenchOptions, run_bench, run_case
from gradschool.zoo.bench.cases import CASES, find_case
from gradschool.zoo.registry import model_entry

FAKE = Path(__file__).parents[2] / "support" / "fake_contender.py"
MS = {"gradschool": 1.0, "keras": 3.0, "torch": 2.0, "torch channels_last": 1.5, "matrix product": 1.0}
CASE = replace(find_case("resnet20"), goals={"keras": 3.0, "torch": 2.01})


@pytest.fixture(autouse=True)
def with_torch(monkeypatch):
    monkeypatch.setattr(benchmark, "_has_torch", lambda: True)


def measure(tmp_path, case=CASE, options=None, **changed):
    """A measurement in which every contender claims its `MS`; `changed` alters some: `torch={"loss": 7.0}`."""

    def command(name, case, threads):
        settings = {"name": name, "log": str(tmp_path / "log"), "ms": MS[name], "steps": case.steps}
        return [sys.executable, str(FAKE), json.dumps(settings | changed.get(name, {}))]

    return run_case(case, options or BenchOptions(rounds=5, seconds=0.1), command=command)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmark, "_has_torch", lambda: True)
        result = measure(folder)
    turns = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    return result, turns


@pytest.mark.slow
def test_the_ratios_are_right_though_the_machine_changes_its_speed(measured):
    result, _ = measured
    assert len(set(result["contenders"]["gradschool"]["step_ms"]["rounds"])) > 3
    for name, ratio in result["ratios"].items():
        assert ratio["rounds"] == pytest.approx([MS[name]] * 5)
        assert ratio["median"] == pytest.approx(MS[name])


def test_a_goal_is_met_only_by_the_measured_median(measured):
    result, _ = measured
    assert {name: ratio["goal"] for name, ratio in result["ratios"].items()} == {
        "keras": 3.0,
        "torch": 2.01,
        "torch channels_last": None,
    }
    assert result["ratios"]["torch"]["met"] is False
    assert result["ratios"]["torch channels_last"]["met"] is None
    assert result["ratios"]["keras"]["met"] is (result["ratios"]["keras"]["median"] >= 3.0)


def test_nobody_works_while_another_does(measured):
    _, turns = measured
    ends = sorted((start, end) for _, start, end in turns)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(ends))


def test_everyone_takes_one_turn_in_every_round_in_an_order_that_changes(measured):
    result, turns = measured
    warm_up = 2 * len(result["contenders"])
    names = [name for name, _, _ in turns[warm_up:]]
    rounds = [tuple(names[start : start + 5]) for start in range(0, len(names), 5)]
    assert len(rounds) == 5
    assert all(sorted(one) == sorted(MS) for one in rounds)
    assert len(set(rounds)) > 1


def test_the_share_of_the_peak_is_that_of_the_convention(measured):
    result, _ = measured
    gflop = 6 * model_entry("resnet20").multiply_adds * 128 / 1e9
    assert result["gflop_per_step"] == pytest.approx(gflop)
    assert result["share_of_peak"]["rounds"] == pytest.approx([gflop / 0.001 / 100] * 5)


def test_a_round_is_whole_epochs_of_about_the_seconds_asked_for(measured):
    result, _ = measured
    typical = (1.0 * 3.0 * 2.0 * 1.5) ** (1 / 4) * 1.8  # ms a step in the second warm-up epoch
    assert result["epochs_per_round"] == round(100 / (12 * typical))
    assert result["steps_per_round"] == 12 * result["epochs_per_round"]


@pytest.mark.slow
def test_a_round_that_other_programs_disturb_is_taken_again(tmp_path, monkeypatch):
    shares = iter([0.0, 0.0, 0.4, *[0.0] * 4, 0.3, *[0.0] * 100])
    monkeypatch.setattr(benchmark, "watch_others", lambda: lambda own: next(shares))
    result = measure(tmp_path, options=BenchOptions(rounds=3, seconds=0.1))
    assert result["rounds_taken_again"] == 2
    assert result["others"] == 0
    assert len(result["ratios"]["keras"]["rounds"]) == 3


@pytest.mark.slow
def test_a_machine_that_stays_busy_is_measured_all_the_same_and_said_to_be_busy(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "watch_others", lambda: lambda own: 0.4)
    result = measure(tmp_path, options=BenchOptions(rounds=3, seconds=0.1))
    assert result["rounds_taken_again"] == 3
    assert result["others"] == pytest.approx(0.4)
    assert len(result["ratios"]["keras"]["rounds"]) == 3


def test_there_is_at_least_one_epoch(tmp_path):
    assert measure(tmp_path, options=BenchOptions(rounds=1, seconds=1e-6))["epochs_per_round"] == 1


def test_the_result_is_json_with_everything_that_was_measured(measured):
    result, _ = measured
    assert json.loads(json.dumps(result)) == result
    ours = result["contenders"]["gradschool"]
    assert set(ours) == {
        "step_ms", "others", "peak_memory_mib", "version", "first_step_s", "first_epoch_s", "start_loss", "difference",
    }  # fmt: skip
    assert ours["peak_memory_mib"] == 1.0
    assert 0 < ours["first_step_s"] < 60
    assert result["left_out"] == {}


def test_without_pytorch_it_is_left_out_with_a_word(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "_has_torch", lambda: False)
    result = measure(tmp_path, options=BenchOptions(rounds=1, seconds=0.1))
    assert set(result["contenders"]) == {"gradschool", "keras"}
    assert result["left_out"] == dict.fromkeys(("torch", "torch channels_last"), "PyTorch is not installed")


@pytest.mark.parametrize(
    "other", [{"difference": 0.002}, {"difference": float("nan")}, {"loss": 2.4}, {"loss": float("nan")}]
)
def test_a_contender_that_computes_something_else_is_refused(tmp_path, other):
    with pytest.raises(ValueError, match="resnet20: keras does not compute what the zoo's model does"):
        measure(tmp_path, keras=other)


def test_a_contender_that_dies_is_named_with_its_last_words(tmp_path):
    with pytest.raises(ChildProcessError, match=r"'torch' ended with status 1:\n  the dog ate the gradients"):
        measure(tmp_path, torch={"dies": True})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": 0}, "rounds must be at least 1; got 0"),
        ({"seconds": 0.0}, "seconds must be positive; got 0.0"),
        ({"seconds": float("nan")}, "seconds must be positive; got nan"),
        ({"threads": 0}, "threads must be at least 1; got 0"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        BenchOptions(**options)


def test_no_case_is_a_report_all_the_same():
    report = run_bench([], BenchOptions())
    assert report["models"] == []
    assert report["machine"]["cores"] >= 1


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_that_of_the_model_as_built(name):
    model = CASES[name].make_model()
    assert model.input_shape[1:] == ((None,) if CASES[name].tokens else CASES[name].input_shape)
    assert model.output_shape[-1] == CASES[name].classes
    assert CASES[name].goals.keys() <= set(CASES[name].contenders)


def test_an_unknown_case_names_the_nearest():
    with pytest.raises(ValueError, match="unknown model to bench 'lenet'; did you mean 'lenet5'"):
        find_case("lenet")
