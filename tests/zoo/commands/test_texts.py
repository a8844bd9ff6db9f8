"""Models of text by the command line: written with, asked for a class, continued."""

import json
from pathlib import Path

import pytest

from gradschool.__main__ import main
from gradschool.zoo.engine.opening import open_model
from gradschool.zoo.engine.run_folder import RunFolder

VERSE = "the cat sat on the mat; the rat ate the hat.\n" * 40
SMALL = "--epochs 1 --batch-size 8 --set units=7 --set embedding=5"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@pytest.fixture(scope="module")
def writer(folder):
    """A language model's run folder."""
    (folder / "verse.txt").write_text(VERSE)
    out = folder / "writer"
    options = f"--data {folder / 'verse.txt'} --data-option window=16 --data-option evaluation_window=32 {SMALL}"
    assert main(["fit", "char_gru", *options.split(), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def reader(folder):
    """The run folder of a classifier of names."""
    names = folder / "names"
    names.mkdir()
    (names / "Short.txt").write_text("\n".join(f"{a}{b}" for a in "abcde" for b in "fghij"))
    (names / "Long.txt").write_text("\n".join(f"{a}{b}{a}{b}{a}{b}" for a in "klmno" for b in "pqrst"))
    out = folder / "reader"
    options = f"--data {names} --data-option most=4 {SMALL}"
    assert main(["fit", "gru_classifier", *options.split(), "--out", str(out)]) == 0
    return out


@pytest.mark.slow
def test_a_run_keeps_what_its_model_needs(writer):
    files = {path.name for path in writer.iterdir()}
    assert {"input_tokenizer.json", "model.keras", "sample.txt", "curves.png"} <= files
    assert "target_tokenizer.json" not in files
    trained = open_model(writer)
    assert trained.input_tokenizer.decode(trained.input_tokenizer.encode("the rat")) == "the rat"
    assert trained.target_tokenizer is None
    metrics = RunFolder(writer).read_metrics()
    assert set(metrics["test"]) == {"loss", "nats", "token_accuracy"}
    assert len((writer / "sample.txt").read_text()) > 900


@pytest.mark.slow
def test_generate_writes_and_repeats(writer, capsys):
    def written(*options):
        assert main(["generate", str(writer), "--prompt", "the ", "--length", "20", *options]) == 0
        return capsys.readouterr()

    first = written()
    assert first.out.startswith("the ")
    assert len(first.out) == len("the ") + 20 + 1
    assert set(first.out) <= set(VERSE)
    assert first.err == ""
    assert written().out == first.out != written("--seed", "1").out
    (text,) = json.loads(written("--json").out)
    assert text["prompt"] + text["text"] + "\n" == first.out
    several = json.loads(written("--json", "--samples", "3", "--top-k", "2", "--top-p", "0.9").out)
    assert len({one["text"] for one in several}) > 1
    assert written("--temperature", "0").out == written("--temperature", "0", "--seed", "7").out


@pytest.mark.slow
def test_unseen_pieces_of_a_prompt_are_told(writer, capsys):
    assert main(["generate", str(writer), "--prompt", "the Ö", "--length", "3"]) == 0
    assert "left out of the prompt, since the model has never seen it: 'Ö'" in capsys.readouterr().err


@pytest.mark.slow
def test_what_generate_cannot_do(writer, reader, capsys):
    for arguments, message in (
        ([str(reader)], "is no language model: gradschool fit char_lstm --data YOUR-TEXT.txt makes one"),
        (["lenet5_mnist"], "lenet5_mnist is no language model"),
        ([str(writer), "--temperature", "-1"], "temperature must be a number of at least 0"),
        ([str(writer), "--length", "0"], "length must be a whole number of at least 1"),
        ([str(writer / "model.keras.away")], "unknown preset, run folder or .keras file"),
    ):
        assert main(["generate", *arguments]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_without_its_tokenizer_says_so(writer, capsys, tmp_path):
    alone = tmp_path / "model.keras"
    alone.write_bytes((writer / "model.keras").read_bytes())
    assert main(["generate", str(alone)]) == 2
    assert "in which input_tokenizer.json lies beside model.keras" in capsys.readouterr().err


@pytest.mark.slow
def test_predict_takes_texts(reader, capsys):
    assert main(["predict", str(reader), "af", "kpkpkp", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert [one["text"] for one in answers] == ["af", "kpkpkp"]
    assert {one["class"] for one in answers} <= {"Short", "Long"}
    assert main(["predict", str(reader), "a?"]) == 0
    shown = capsys.readouterr()
    assert "a?: the model has never seen '?' and looks at the rest" in shown.err
    assert shown.out.startswith("a?: ")
    assert main(["predict", str(reader), ""]) == 2
    assert "there is nothing to classify in ''" in capsys.readouterr().err


@pytest.mark.slow
def test_neither_padding_nor_what_training_cut_off_changes_an_answer(reader, capsys):
    def belief(*texts):
        assert main(["predict", str(reader), *texts, "--json"]) == 0
        return json.loads(capsys.readouterr().out)[0]["confidence"]

    assert belief("af") == pytest.approx(belief("af", "kpkpkp"), abs=1e-6)
    assert belief("afkpkp") == belief("kpkp") != belief("pkp")


@pytest.mark.slow
def test_evaluate_gives_the_figures_of_the_fit(writer, reader, capsys):
    for run in (writer, reader):
        assert main(["evaluate", str(run), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["test"] == pytest.approx(RunFolder(run).read_metrics()["test"])


@pytest.mark.slow
def test_a_killed_run_of_text_goes_on(folder, capsys, writer):
    out = folder / "resumed"
    command = RunFolder(writer).read_config()["command"].split()[1:]
    command[command.index("--out") + 1] = str(out)
    assert main([*command, "--resume"]) == 0
    assert RunFolder(out).read_metrics() == RunFolder(writer).read_metrics()
    assert Path(out / "input_tokenizer.json").read_text() == Path(writer / "input_tokenizer.json").read_text()


@pytest.mark.slow
def test_other_tokens_than_it_learned_are_refused(writer, capsys, tmp_path):
    (tmp_path / "other.txt").write_text("zyx wvu! " * 200)
    assert main(["evaluate", str(writer), "--data", str(tmp_path / "other.txt"), "--data-option", "window=16"]) == 2
    assert "makes other tokens of its text than" in capsys.readouterr().err
