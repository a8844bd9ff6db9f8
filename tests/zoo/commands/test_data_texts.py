"""`gradschool data` shows texts as texts, and sequences of vectors as pictures."""

import json

import pytest

from gradschool.__main__ import main


@pytest.fixture
def names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names").mkdir()
    for name, letters in (("Long", "abcdef"), ("Short", "mnopqr")):
        lines = [f"[{one}{two}]" for one in letters for two in letters]
        (tmp_path / "names" / f"{name}.txt").write_text("\n".join(lines))


def test_samples_are_printed(names, capsys):
    assert main(["data", "names"]) == 0
    said = capsys.readouterr().out
    shown = [line.split("  ->  ") for line in said.splitlines() if "->" in line]
    assert len(shown) == 3
    for text, name in shown:
        assert text.startswith("  [")
        assert (text[3] in "abcdef") == (name == "Long")


def test_a_running_text_is_printed_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.txt").write_text("To be, or not to be.\n" * 50)
    assert main(["data", "my.txt", "--data-option", "window=42"]) == 0
    said = capsys.readouterr().out
    assert said.count("be, or not to be") >= 3
    assert "->" not in said


def test_json_has_no_tokenizers(names, capsys):
    assert main(["data", "names", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["input_tokens"] == 4 + 14
    assert not any(name.endswith("tokenizer") for name in facts)


def test_pictures(names, tmp_path, capsys):
    assert main(["data", "sequential_digits", "--picture", "digits.png"]) == 0
    assert (tmp_path / "digits.png").stat().st_size > 10_000
    assert main(["data", "names", "--picture", "names.png"]) != 0
    assert "those of names are texts, printed without it" in capsys.readouterr().err
