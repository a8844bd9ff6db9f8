"""The README's Python blocks run as they stand, each on its own and in an empty folder."""

import re
from pathlib import Path

import pytest

from gradschool.zoo.doctor import VERIFIED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = {
    f"line_{README.count(chr(10), 0, block.start(1)) + 1}": block[1]
    for block in re.finditer(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
}


@pytest.mark.slow
@pytest.mark.parametrize("place", BLOCKS)
def test_a_python_block_runs(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    exec(compile(BLOCKS[place], f"README.md, {place}", "exec"), {"__name__": "__main__"})


def test_there_are_blocks():
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("python", "tensorflow", "keras"), VERIFIED)
def test_the_table_of_verified_versions_is_the_doctors(python, tensorflow, keras):
    assert re.search(rf"^\| *{re.escape(python)}[.\d]* *\| *{tensorflow} *\| *{keras} *\|", README, flags=re.MULTILINE)


def test_every_file_that_is_linked_is_there():
    targets = re.findall(r"\]\(([^)#]+)", README)
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert missing == []
