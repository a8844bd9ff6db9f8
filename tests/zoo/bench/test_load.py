"""What other programs take of the machine while something is measured."""

import subprocess
import sys
import time

import pytest

from gradschool.zoo.bench import load

SPIN = "import time; end = time.time() + 30\nwhile time.time() < end: pass"


@pytest.fixture
def counted():
    if load.busy_seconds() is None:
        pytest.skip("this system does not count its work")


def test_another_program_that_works_is_noticed(counted):
    with subprocess.Popen([sys.executable, "-c", SPIN]) as other:
        time.sleep(0.2)
        share = load.watch_others()
        time.sleep(0.5)
        assert share(0.0) > 0.3 / load.os.cpu_count()
        other.kill()


def test_the_measured_process_s_own_work_is_not_that_of_others(counted):
    share = load.watch_others()
    time.sleep(0.25)
    assert share(1000.0) == 0


def test_a_time_too_short_to_tell_is_not_judged(counted):
    assert load.watch_others()(0.0) is None


def test_a_system_that_does_not_count_is_not_judged(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "_STAT", tmp_path / "stat")
    share = load.watch_others()
    time.sleep(0.25)
    assert share(0.0) is None
