"""`gradschool translate` as a user types it."""

import io
import json

import pytest
from PIL import Image

from gradschool.__main__ import main
from gradschool.zoo.data.tokenizer import Tokenizer
from gradschool.zoo.engine import opening
from gradschool.zoo.engine.opening import Trained
from gradschool.zoo.models.mlp import MLP
from gradschool.zoo.models.seq2seq import Seq2Seq

READ = Tokenizer.words(["cats sleep ."]).limited(longest=3)
WRITTEN = Tokenizer.words(["les chats dorment ."])


@pytest.fixture
def run(monkeypatch):
    """The name of a run whose model has learned nothing."""
    model = Seq2Seq(READ.size, WRITTEN.size, units=5, embedding=3, name="translator")
    trained = Trained(model, "pairs", [], {}, input_tokenizer=READ, target_tokenizer=WRITTEN)
    monkeypatch.setattr(opening, "open_model", lambda name: trained)
    return "run"


def refused(capsys, *arguments):
    assert main(["translate", *arguments]) == 2
    return " ".join(capsys.readouterr().err.split())


def test_texts_and_lines_of_a_file_are_translated(run, tmp_path, capsys):
    file = tmp_path / "sentences.txt"
    file.write_text("cats sleep .\n\nsleep\n", encoding="utf-8")
    assert main(["translate", run, "cats", "--file", str(file), "--beam", "2", "--most", "4", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["text"] for row in rows] == ["cats", "cats sleep .", "sleep"]
    assert set(" ".join(row["translation"].replace(".", " ") for row in rows).split()) <= {"les", "chats", "dorment"}
    assert all(row["log_probability"] <= 0 for row in rows)


def test_unknown_words_are_told_and_attention_is_drawn(run, tmp_path, capsys):
    picture = tmp_path / "looked.png"
    assert main(["translate", run, "cats bark .", "--most", "3", "--attention", str(picture)]) == 0
    shown = capsys.readouterr()
    assert "has never seen 'bark'" in shown.err
    assert str(picture) in shown.out
    assert Image.open(io.BytesIO(picture.read_bytes())).size[0] > 50


def test_a_text_longer_than_any_in_training_is_told(run, capsys):
    assert main(["translate", run, "cats sleep .", "cats sleep sleep .", "--most", "2"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "learned from" in line]
    assert told == ["cats sleep sleep .: 4 tokens, where the model learned from 3 at most"]


def test_mistakes_are_refused(run, tmp_path, capsys, monkeypatch):
    assert "there is nothing to translate" in refused(capsys, run)
    assert "nothing to translate in ''" in refused(capsys, run, "")
    assert "--attention draws one text; got 2" in refused(capsys, run, "cats", "sleep", "--attention", "x.png")
    assert "beam must be" in refused(capsys, run, "cats", "--beam", "0")
    file = tmp_path / "latin.txt"
    file.write_bytes(b"caf\xe9")
    assert "no text in UTF-8" in refused(capsys, run, "--file", str(file))
    file.write_text("cats\tchats\n")
    assert "text 1, has a tab: give one text a line" in refused(capsys, run, "--file", str(file))
    monkeypatch.setattr(opening, "open_model", lambda name: Trained(MLP((3,), 2), None, [], {}))
    assert "does not translate" in refused(capsys, run, "cats")
