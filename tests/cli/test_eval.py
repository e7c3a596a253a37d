import json

import pytest

from charrnn.api import load


@pytest.fixture
def evaluate(invoke, checkpoints):
    def evaluate(*arguments, **keywords):
        return invoke("eval", "--checkpoints", checkpoints, *arguments, **keywords)

    return evaluate


def test_one_argument_is_the_text(evaluate, text, checkpoints):
    lines = evaluate(text).stdout.splitlines()
    assert lines[0] == f"model  {checkpoints / 'letters' / 'best.safetensors'}"
    assert [line[:22].strip() for line in lines[1:]] == [
        "bits per character",
        "nats per character",
        "perplexity",
        "characters predicted",
    ]
    assert lines[-1].endswith("4,799")


def test_json_holds_the_numbers_of_the_library(evaluate, text, checkpoints):
    shown = json.loads(evaluate("letters", text, text, "--json").stdout)
    score = load("letters", checkpoints=checkpoints).score(text.read_text() * 2)
    assert shown["bits_per_character"] == score.bits_per_character
    assert shown["characters"] == score.characters


def test_bytes_are_scored_as_bytes(evaluate, tmp_path):
    (tmp_path / "snow.txt").write_text("ünïcödé ☃\n", "utf-8")
    shown = json.loads(evaluate("bytes", tmp_path / "snow.txt", "--json").stdout)
    assert shown["characters"] == len("ünïcödé ☃\n".encode()) - 1


def test_stdin(evaluate):
    assert evaluate("-", input="the cat").exit_code == 0


def test_errors(evaluate, text, tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "strange").write_text("Zebra")
    for arguments, exit_code, message in [
        ([], 2, "Missing argument"),
        (["nobody", text], 1, "no run or checkpoint"),
        ([tmp_path / "none"], 1, "no such file"),
        ([tmp_path / "empty"], 1, "is empty"),
        ([tmp_path / "strange"], 1, "got 'Z' at position 1, 'b' at position 3, 'r' at position 4"),
        ([text, text], 1, "is not a checkpoint of charrnn"),
    ]:
        result = evaluate(*arguments)
        assert result.exit_code == exit_code
        assert message in result.stderr
        assert result.stdout == ""
