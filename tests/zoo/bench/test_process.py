"""Contenders as processes: they answer, sleep, die and are ended."""

import os
import signal
import sys
import time

import pytest

from gradschool.zoo.bench.process import Contender

CLERK = """
import os, sys
from gradschool.zoo.bench.serving import serve, take_over_stdout

answers = take_over_stdout()
print("a library that prints")

def fail():
    print("one\\ntwo", file=sys.stderr)
    raise SystemExit(3)

def die():
    os.kill(os.getpid(), 9)

actions = {"double": lambda x: {"y": 2 * x}, "fail": fail, "die": die, "who": lambda: {"pid": os.getpid()}}
serve(sys.stdin, answers, actions, {"ready": True, "colour": os.environ.get("COLOUR")})
"""
COMMAND = [sys.executable, "-c", CLERK]


def test_a_contender_answers_whatever_its_libraries_print():
    with Contender("clerk", COMMAND, {"COLOUR": "red"}) as clerk:
        assert clerk.ready == {"ready": True, "colour": "red"}
        assert [clerk.ask("double", x=x) for x in (2, 3)] == [{"y": 4}, {"y": 6}]


def test_it_uses_no_time_while_nobody_asks():
    with Contender("clerk", COMMAND) as clerk:
        used = f"/proc/{clerk.ask('who')['pid']}/stat"
        if not os.path.exists(used):
            pytest.skip("this system has no /proc")

        def ticks():
            with open(used) as file:
                return [int(number) for number in file.read().rpartition(")")[2].split()[11:13]]

        before = ticks()
        time.sleep(0.3)
        assert ticks() == before


def test_it_is_ended_with_the_block():
    with Contender("clerk", COMMAND) as clerk:
        pid = clerk.ask("who")["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_ends_by_itself_when_the_parent_is_gone():
    with Contender("clerk", COMMAND) as clerk:
        clerk._process.stdin.close()
        assert clerk._process.wait(timeout=20) == 0


def test_the_last_words_of_one_that_fails_are_in_the_error():
    with Contender("clerk", COMMAND) as clerk, pytest.raises(ChildProcessError) as caught:
        clerk.ask("fail")
    assert str(caught.value).startswith("clerk ended with status 3:")
    assert str(caught.value).endswith("one\n  two")


def test_a_signal_is_named():
    with Contender("clerk", COMMAND) as clerk:
        with pytest.raises(ChildProcessError, match=f"was ended by signal {int(signal.SIGKILL)}"):
            clerk.ask("die")
        with pytest.raises(ChildProcessError, match="was ended by signal"):
            clerk.ask("double", x=1)


def test_one_that_never_gets_ready_is_an_error_with_its_traceback():
    with (
        pytest.raises(ChildProcessError, match="No module named 'kerass'"),
        Contender("clerk", [sys.executable, "-c", "import kerass"]),
    ):
        pass
