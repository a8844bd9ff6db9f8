"""What the doctor reports: this installation as it is, and installations that are broken."""

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console

from gradschool import __version__
from gradschool.zoo import doctor


def shown(report: dict) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(doctor.render(report))
    return console.export_text()


@pytest.fixture
def broken_tensorflow(tmp_path, monkeypatch):
    """A TensorFlow that the doctor's own process finds before the installed one."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    folder = tmp_path / "tensorflow"
    folder.mkdir()
    return folder / "__init__.py"


@pytest.mark.slow
def test_this_installation_has_no_problem_and_the_report_is_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_DRIVER", tmp_path / "no driver")
    report = json.loads(json.dumps(doctor.examine(data_dir=tmp_path)))
    versions = {row["name"]: row["version"] for row in report["packages"]}
    assert report["problems"] == []
    assert report["backend"]["works"]
    assert report["backend"]["policies"]["mixed_bfloat16"]
    assert any(device["type"] == "CPU" for device in report["backend"]["devices"])
    assert versions["python"] == sys.version.split()[0]
    assert versions["gradschool"] == __version__
    assert report["data"] == {"folder": str(tmp_path), "prepared": [], "damaged": []}
    assert report["folder"] == {"path": str(tmp_path), "writable": True}
    assert "no problems found" in shown(report)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ImportError('libcudart.so.12: cannot open shared object file')", "libcudart.so.12: cannot open"),
        (
            "import os, sys; os.write(2, b'compiled to use AVX instructions\\n'); os.abort()",
            "died of signal 6: compiled",
        ),
    ],
)
def test_a_tensorflow_that_does_not_load_is_reported_with_a_remedy(broken_tensorflow, source, said):
    broken_tensorflow.write_text(source)
    report = doctor.examine()
    assert not report["backend"]["works"]
    assert said in report["backend"]["error"]
    assert "KERAS_BACKEND" in report["problems"][0]["remedy"]
    assert said in shown(report)


def test_a_back_end_that_the_zoo_does_not_know_is_named(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "openmind")
    problems = doctor.examine()["problems"]
    assert problems[0]["problem"] == "the back end 'openmind' is not one of tensorflow, jax, torch"


def test_the_back_end_is_read_as_keras_reads_it(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert doctor._chosen_backend() == "tensorflow"
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    assert doctor._chosen_backend() == "jax"
    (tmp_path / "keras.json").write_text("{half a fi")
    assert doctor._chosen_backend() == "tensorflow"


def rows(**versions):
    return [doctor._row(name, version, wanted) for name, (version, wanted) in versions.items()]


def test_versions_outside_the_range_and_missing_packages_get_a_remedy():
    packages = rows(python=("3.14.0", ">=3.11,<3.14"), keras=("3.9.2", ">=3.10,<3.16"), numpy=(None, None))
    problems = doctor._package_problems(packages, "tensorflow")
    assert [one["problem"] for one in problems] == [
        "python 3.14.0 is outside what is supported (>=3.11,<3.14)",
        "keras 3.9.2 is outside what is supported (>=3.10,<3.16)",
        "numpy is not installed",
    ]
    assert problems[1]["remedy"] == "pip install 'keras>=3.10,<3.16'"


def test_tensorflow_may_be_missing_where_keras_runs_on_jax():
    packages = rows(tensorflow=(None, ">=2.19"), jax=("0.10.2", None), torch=(None, None))
    assert doctor._package_problems(packages, "jax") == []
    (problem,) = doctor._package_problems(packages, "tensorflow")
    assert problem["remedy"] == "pip install 'tensorflow>=2.19'"


def test_a_half_written_data_set_and_a_read_only_folder_are_problems(tmp_path, monkeypatch):
    (tmp_path / "mnist" / "3.0.1").mkdir(parents=True)
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    monkeypatch.setattr(doctor, "_try_backend", lambda: {**EMPTY, "works": True})
    monkeypatch.setattr(doctor, "_DRIVER", tmp_path / "no driver")
    report = doctor.examine(data_dir=tmp_path)
    assert [one["problem"] for one in report["problems"]] == [
        "mnist was left half-written",
        f"nothing can be written to {report['folder']['path']}",
    ]
    assert str(tmp_path / "mnist" / "3.0.1") in report["problems"][0]["remedy"]


def test_a_driver_without_a_visible_gpu_is_a_problem_and_its_remedy_is_shown_whole(tmp_path, monkeypatch):
    driver = tmp_path / "version"
    driver.write_text("NVRM version: 1")
    monkeypatch.setattr(doctor, "_DRIVER", driver)
    monkeypatch.setattr(doctor, "_try_backend", lambda: {**EMPTY, "works": True})
    report = doctor.examine(data_dir=tmp_path)
    assert "pip install 'gradschool[cuda]'" in shown(report)


EMPTY = {"name": "tensorflow", "works": False, "error": None, "devices": [], "policies": {}, "xla": False}


@pytest.mark.slow
def test_the_command_prints_the_same_report_as_json(tmp_path):
    command = [sys.executable, "-m", "gradschool", "doctor", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["backend"]["works"]
