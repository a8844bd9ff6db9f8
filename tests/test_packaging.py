"""The distribution: what the wheel holds, that it works away from the checkout, and that the command starts lightly."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import gradschool

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_SOURCE = shutil.ignore_patterns(".*", "runs", "build", "dist", "*.egg-info", "__pycache__")


def run(*command, cwd, **variables) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **variables})


def succeed(*command, cwd, **variables) -> str:
    done = run(*command, cwd=cwd, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(source: Path, into: Path) -> Path:
    """Builds the wheel of a source tree, with the setuptools that is installed."""
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", into)
    succeed(*pip, source, cwd=into.parent)
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the checkout, in a folder of another name, with what an earlier build may have left behind."""
    copy = tmp_path_factory.mktemp("some where") / "checkout"
    shutil.copytree(ROOT, copy, ignore=NOT_SOURCE)
    return copy


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory) -> Path:
    return build_wheel(source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder that holds nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "-q", "--target", folder)
    succeed(*pip, wheel, cwd=folder)
    return folder


def files_to_ship() -> set[str]:
    """The package's modules and data, as they lie in the checkout."""
    modules = {ROOT / "__init__.py", ROOT / "__main__.py", ROOT / "py.typed"}
    for top in ("zoo", "callbacks", "courseware"):
        for ending in ("*.py", "*.j2", "*.json", "*.weights.h5"):
            modules.update((ROOT / top).rglob(ending))
    return {f"gradschool/{path.relative_to(ROOT).as_posix()}" for path in modules}


def modules_in(names) -> set[str]:
    return {name for name in names if not re.match(r"gradschool-[^/]*\.dist-info/", name)}


# === What ships ===
def test_every_package_on_disk_is_listed():
    folders = {path.parent.relative_to(ROOT) for top in ("zoo", "callbacks", "courseware")
               for path in (ROOT / top).rglob("__init__.py")}  # fmt: skip
    on_disk = {".".join(("gradschool", *folder.parts)) for folder in folders}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {"gradschool", *on_disk}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        assert modules_in(archive.namelist()) == files_to_ship()
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(source, wheel, tmp_path):
    succeed(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, source, cwd=tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    again = build_wheel(unpacked, tmp_path / "again")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        names = modules_in(first.namelist())
        assert modules_in(second.namelist()) == names
        assert all(first.read(name) == second.read(name) for name in names)
    assert (unpacked / "tests" / "conftest.py").exists()


def test_the_version_is_that_of_the_source(wheel):
    assert wheel.name.startswith(f"gradschool-{gradschool.__version__}-py3-none-any")


# === Installed ===
def test_the_wheel_works_from_another_folder(installed, tmp_path):
    source = """
        import gradschool, pathlib
        from gradschool import callbacks, courseware, zoo
        from gradschool.zoo.presets import check_weights, list_presets
        print(pathlib.Path(gradschool.__file__).parent)
        print(len(zoo.list_models()), [str(check_weights(card)) for card in list_presets().values()])
    """
    printed = succeed(sys.executable, "-c", _dedent(source), cwd=tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert Path(printed[0]) == installed / "gradschool"
    assert int(printed[1].split()[0]) >= 8
    cards = list((ROOT / "zoo" / "presets").glob("*.json"))
    assert printed[1].count(str(installed)) == len(cards)


def test_the_module_runs_as_a_command(installed, tmp_path):
    command = (sys.executable, "-m", "gradschool")
    assert "Usage: gradschool" in succeed(*command, "--help", cwd=tmp_path, PYTHONPATH=str(installed))
    assert succeed(*command, "--version", cwd=tmp_path, PYTHONPATH=str(installed)) == (
        f"gradschool {gradschool.__version__}\n"
    )


def test_the_console_script_runs(tmp_path):
    script = Path(sysconfig.get_path("scripts")) / "gradschool"
    assert succeed(script, "--version", cwd=tmp_path) == f"gradschool {gradschool.__version__}\n"


@pytest.mark.parametrize("name", ["zoo", "callbacks", "courseware"])
def test_a_package_under_a_wrong_name_is_refused(name):
    done = run(sys.executable, "-c", f"import {name}", cwd=ROOT)
    assert done.returncode == 1
    assert f"ImportError: this package is gradschool.{name}, not {name}" in done.stderr


# === Light ===
HEAVY = (
    "jax", "jinja2", "keras", "matplotlib", "numpy", "pandas", "scipy", "sklearn", "tensorflow", "tensorflow_datasets",
    "torch",
)  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"], ["models"], ["models", "--json"]])
def test_the_command_starts_without_the_heavy_packages(arguments, tmp_path):
    source = f"""
        import sys
        from gradschool.__main__ import main
        status = main({arguments})
        print("imported:", [name for name in {HEAVY} if name in sys.modules], status)
    """
    printed = succeed(sys.executable, "-c", _dedent(source), cwd=tmp_path)
    assert printed.splitlines()[-1] == "imported: [] 0"


def test_importing_gradschool_and_listing_its_names_is_light(tmp_path):
    source = f"""
        import sys
        import gradschool
        names = dir(gradschool), dir(gradschool.zoo), gradschool.zoo.list_models()
        print([name for name in {HEAVY} if name in sys.modules])
    """
    assert succeed(sys.executable, "-c", _dedent(source), cwd=tmp_path) == "[]\n"


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gradschool' has no attribute 'zoom'"):
        gradschool.zoom  # noqa: B018


def _dedent(source: str) -> str:
    return "\n".join(line.strip() for line in source.strip().splitlines())
