"""What `gradschool launch` makes of the words after --."""

import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer

from gradschool import __main__ as command_line
from gradschool.zoo import launching
from gradschool.zoo.commands.launch import launch

PYTHON = [sys.executable, "-P", "-m", "gradschool"]


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """What the launched processes would have been, in an app whose `fit` only parses its words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRADSCHOOL_DEBUG", raising=False)
    app = typer.Typer()

    @app.command()
    def fit(
        model: str,
        data: str | None = None,
        recipe_name: Annotated[str | None, typer.Option("--recipe")] = None,
        out: Path | None = None,
        strategy: str = "one",
        overwrite: Annotated[bool, typer.Option("--overwrite")] = False,
        resume: Annotated[bool, typer.Option("--resume")] = False,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ):
        pass

    @app.command()
    def models(names: list[str] | None = None):
        pass

    app.command(context_settings={"allow_interspersed_args": False})(launch)
    calls = []

    def supervise(command, workers, **settings):
        calls.append({"command": command, "workers": workers, **settings})
        return 0

    monkeypatch.setattr(launching, "supervise", supervise)
    monkeypatch.setattr(command_line, "app", app)
    return calls


def launched(calls, *words, restarts=0):
    """The command of every worker."""
    assert command_line.main(["launch", "--workers", "2", *words]) == 0
    return calls[-1]["command"](restarts)


def refused(capsys, *words):
    assert command_line.main(["launch", "--workers", "2", *words]) == 2
    return capsys.readouterr().err


def earlier_run(folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "config.json").write_text("{}")


def test_the_run_folder_is_named_after_the_data_of_the_recipe_that_is_named(calls):
    words = launched(calls, "--", "fit", "resnet20", "--recipe", "resnet20_cifar10_today")
    assert words[words.index("--out") + 1] == str(Path("runs/resnet20-cifar10-1"))


def test_a_fit_gets_the_strategy_and_one_run_folder(calls):
    earlier_run("runs/mlp-digits-1")
    assert launched(calls, "--", "fit", "mlp", "--data", "digits") == [
        *PYTHON, "fit", "--strategy", "multiworker", "--out", "runs/mlp-digits-2", "mlp", "--data", "digits",
    ]  # fmt: skip


def test_the_same_folder_is_resumed_after_a_restart(calls):
    first = launched(calls, "--", "fit", "mlp", "--data", "digits", "--overwrite")
    earlier_run("runs/mlp-digits-1")
    again = calls[-1]["command"](1)
    assert again[4:6] == ["fit", "--resume"]
    assert "--overwrite" in first
    assert sorted(again) == sorted([*set(first) - {"--overwrite"}, "--resume"])


def test_what_the_user_says_is_kept(calls):
    words = ["fit", "mlp", "--strategy", "multiworker", "--out=here", "--resume"]
    assert launched(calls, "--", *words) == [*PYTHON, *words]
    assert launched(calls, "--", *words, restarts=3) == [*PYTHON, *words]


def test_a_run_that_was_to_be_overwritten_is_not_resumed(calls):
    earlier_run("old")
    words = ["fit", "mlp", "--out", "old", "--overwrite"]
    first = launched(calls, "--", *words)
    command = calls[-1]["command"]
    assert command(1) == first
    (Path("old") / "config.json").unlink()
    assert "--resume" in command(2)
    earlier_run("old")
    assert "--resume" in command(3)
    assert "--overwrite" not in command(3)


def test_the_dashes_may_be_left_out(calls):
    assert launched(calls, "models", "--json") == [*PYTHON, "models", "--json"]
    assert calls[-1]["bare_stdout"]


@pytest.mark.parametrize("words", [["train.py", "--json"], ["python", "train.py", "--json"]])
def test_a_script_runs_as_it_is(words, calls):
    Path("train.py").touch()
    assert launched(calls, "--", *words) == [sys.executable, "train.py", "--json"]
    assert not calls[-1]["bare_stdout"]


def test_a_module_of_python_runs_as_it_is(calls):
    assert launched(calls, "--", "python", "-m", "train", restarts=1) == [sys.executable, "-m", "train"]


def test_options_reach_the_supervisor(calls):
    launched(calls, "--max-restarts", "3", "--port", "4000", "--log-dir", "logs", "--", "models", "--port", "1")
    given = {key: value for key, value in calls[-1].items() if key != "command"}
    assert given == {
        "workers": 2, "max_restarts": 3, "port": 4000, "log_dir": Path("logs"), "bare_stdout": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "launch what? Such as: gradschool launch --workers 2 -- fit mlp"),
        (["--"], "launch what? Such as: gradschool launch --workers 2 -- fit mlp"),
        (["--", "fitt", "mlp"], "unknown command 'fitt'; did you mean 'fit'?"),
        (["--", "launch"], "unknown command 'launch'; there are: fit, models."),
        (["--", "python"], "python what?"),
        (["--", "train.py"], "there is no file train.py to launch."),
        (["--", "python", "train.py"], "there is no file train.py to launch."),
        (["--", "fit"], "Missing argument"),
        (["--", "fit", "mlp", "--epoch", "3"], "No such option: --epoch"),
        (["--", "fit", "nlp"], "unknown model 'nlp'; did you mean 'mlp'"),
        (["--", "fit", "mlp", "--strategy", "mirrored"], "--strategy mirrored trains in one process"),
        (["--", "fit", "mlp", "--out", "old"], "--out old holds an earlier run"),
        (["--worker", "3", "--", "fit", "mlp"], "No such option: --worker"),
    ],
)
def test_words_that_cannot_be_launched(words, message, calls, capsys):
    earlier_run("old")
    assert message in refused(capsys, *words)
    assert calls == []


def test_the_status_of_the_workers_is_that_of_the_command(calls, monkeypatch):
    monkeypatch.setattr(launching, "supervise", lambda *words, **settings: 137)
    assert command_line.main(["launch", "--workers", "2", "models"]) == 137
