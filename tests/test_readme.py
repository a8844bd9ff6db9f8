"""The README's Python blocks run as they stand, each on its own and in an empty folder."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gradschool.zoo.doctor import VERIFIED
from gradschool.zoo.recipes import get_recipe, list_recipes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTIONS = {
    text.partition("\n")[0]: blocks
    for text in re.split(r"^## ", README, flags=re.MULTILINE)
    if (blocks := re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
}


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_the_python_blocks_of_a_section_run_one_after_the_other(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names = {"__name__": "__main__"}
    for block in SECTIONS[section]:
        exec(compile(block, f"README.md, {section}", "exec"), names)


@pytest.mark.slow
def test_the_users_own_model_is_trained_by_two_workers(tmp_path):
    (script,) = [block for blocks in SECTIONS.values() for block in blocks if block.startswith("# train.py")]
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    launch = [sys.executable, "-m", "gradschool", "launch", "--workers", "2", "--", "train.py"]
    done = subprocess.run(launch, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    figures = [line for line in (done.stdout + done.stderr).splitlines() if "val_accuracy" in line]
    of_each = [
        [re.sub(r"\d+ms/step|\d+s", "", line[10:]) for line in figures if line.startswith(f"[worker {n}]")]
        for n in (0, 1)
    ]
    assert len(of_each[0]) == 3
    assert of_each[0] == of_each[1]


def test_there_are_blocks():
    assert sum(map(len, SECTIONS.values())) >= 3


@pytest.mark.parametrize(("python", "tensorflow", "keras"), VERIFIED)
def test_the_table_of_verified_versions_is_the_doctors(python, tensorflow, keras):
    assert re.search(rf"^\| *{re.escape(python)}[.\d]* *\| *{tensorflow} *\| *{keras} *\|", README, flags=re.MULTILINE)


def test_every_file_that_is_linked_is_there():
    targets = re.findall(r"\]\(([^)#]+)", README)
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert missing == []


def test_the_recipes_without_tensorflow_name_everything_else_that_is_needed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [line.replace(" ", "") for line in project["dependencies"]]
    commands = re.findall(r"^pip install ((?:.*\\\n)*.*)$", README, flags=re.MULTILINE)
    for first, left_out in (
        ("jax", ("tensorflow", "importlib_resources")),
        ("tensorflow-tpu==2.19.1", ("tensorflow>",)),
    ):
        (words,) = [shlex.split(command) for command in commands if command.startswith(f"{first} ")]
        wanted = {line for line in needed if not line.startswith(left_out)}
        assert set(words) - {first, "\n"} == wanted


def test_the_results_are_those_that_the_recipes_state():
    measured = [recipe.measured for recipe in map(get_recipe, list_recipes()) if recipe.measured]
    figure, runs = r"([\d.]+(?: %)?(?: ± [\d.]+(?: %)?)?[A-Za-z ]*)", r"(\d \w+)"
    rows = re.findall(
        rf"^\| `\w+` \| [^|]+ \| {figure} \|(?: [^|]* \|)? {runs} \| `([^`]+)` \|$", README, flags=re.MULTILINE
    )
    stated = {command: (figure, runs) for figure, runs, command in rows}
    shown = {one.command: shown_as(one) for one in measured}
    assert stated == {one.command: (shown[one.command], one.runs) for one in measured}


def shown_as(measured):
    parts = [part for part in (measured.mean, measured.spread) if part is not None]
    if not measured.unit:
        return " ± ".join(f"{share:.2%}".replace("%", " %") for share in parts)
    digits = next(digits for least, digits in ((100, 1), (10, 2), (0.01, 3), (0, 4)) if measured.mean > least)
    return " ± ".join(f"{part:.{digits}f}" for part in parts) + f" {measured.unit}"
