"""How the command ends: one message and a status, whatever goes wrong."""

import os
import subprocess
import sys

import pytest
import typer

from gradschool import __main__ as command_line

FAILURES = {
    "value": ValueError("epochs must be positive; got 0."),
    "silent": ValueError(),
    "file": PermissionError(13, "Permission denied", "/somewhere/config.json"),
    "module": ModuleNotFoundError("No module named 'jax'", name="jax"),
    "tensorflow": ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow"),
    "library": ImportError("libcudart.so.12: cannot open shared object file", name="tensorflow.python"),
    "ours": ImportError("cannot import name 'x'", name="gradschool.zoo"),
    "bug": KeyError("x"),
}


@pytest.fixture(autouse=True)
def small_app(monkeypatch):
    """The command with sub-commands that do nothing but end."""
    app = typer.Typer(cls=command_line._Commands, add_completion=False)

    @app.command()
    def fail(how: str):
        raise FAILURES[how]

    @app.command()
    def interrupt():
        raise KeyboardInterrupt

    @app.command()
    def succeed(status: int = 0):
        raise typer.Exit(status)

    monkeypatch.setattr(command_line, "app", app)
    monkeypatch.delenv("GRADSCHOOL_DEBUG", raising=False)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("value", "epochs must be positive; got 0."),
        ("silent", "ValueError"),
        ("file", "Permission denied: /somewhere/config.json"),
        ("module", "jax is not installed, and this needs it: pip install 'gradschool[jax]'"),
        (
            "tensorflow",
            "tensorflow is not installed, and this needs it: pip install 'tensorflow', or set KERAS_BACKEND",
        ),
        ("library", "libcudart.so.12: cannot open shared object file\nA package does not load; `gradschool doctor`"),
    ],
)
def test_an_error_is_one_message_and_status_2(how, message, capfd):
    assert command_line.main(["fail", how]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"gradschool: error: {message}")


def test_the_traceback_is_there_for_who_asks(monkeypatch):
    monkeypatch.setenv("GRADSCHOOL_DEBUG", "1")
    with pytest.raises(ValueError, match="epochs must be positive"):
        command_line.main(["fail", "value"])


@pytest.mark.parametrize(("how", "error"), [("bug", KeyError), ("ours", ImportError)])
def test_a_mistake_of_the_package_itself_keeps_its_traceback(how, error):
    with pytest.raises(error):
        command_line.main(["fail", how])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["succed"], "No such command 'succed'. Did you mean 'succeed'?"),
        (["succeed", "--statos", "1"], "No such option: --statos"),
        (["succeed", "--status", "many"], "Invalid value for '--status': "),
        (["fail"], "Missing argument"),
    ],
)
def test_a_wrong_command_line_says_how_it_is_meant(arguments, message, capfd):
    assert command_line.main(arguments) == 2
    usage, error = capfd.readouterr().err.splitlines()
    assert usage.startswith("Usage: gradschool")
    assert error.startswith(f"gradschool: error: {message}")


def test_ctrl_c_ends_in_a_word_and_status_130(capfd):
    assert command_line.main(["interrupt"]) == 130
    assert capfd.readouterr().err == "\ngradschool: interrupted\n"


@pytest.mark.parametrize("status", [0, 1, 2])
def test_a_command_chooses_its_status(status, capfd):
    assert command_line.main(["succeed", "--status", str(status)]) == status
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    command = [sys.executable, "-m", "gradschool", "models"]
    done = subprocess.run(command, stdout=writing_end, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(writing_end)
    assert (done.stderr, done.returncode) == ("", 1)
