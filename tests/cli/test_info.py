import json

import pytest

from charrnn.api import load
from charrnn.storage.checkpoint import Checkpoint, save_checkpoint


@pytest.fixture
def info(invoke, checkpoints):
    return lambda *arguments: invoke("info", "--checkpoints", checkpoints, *arguments)


def test_it_shows_what_the_checkpoint_holds(info):
    shown = info().stdout
    for part in (
        "model",
        "hidden_size          8",
        "vocabulary of 15 characters",
        "steps         40",
        "letters.txt",
        "32 x 8",
    ):
        assert part in shown


def test_json(info, checkpoints):
    shown = json.loads(info("letters", "--json").stdout)
    model = load("letters", checkpoints=checkpoints)
    assert shown["parameters"] == model.parameters.count
    assert shown["config"] == model.config.to_dict()
    assert shown["vocabulary"]["symbols"] == model.vocabulary.symbols
    assert shown["progress"]["steps"] == 40
    assert shown["progress"]["epochs"] == pytest.approx(40 / 27, rel=0.05)
    assert shown["settings"]["batch_size"] == 8
    assert shown["corpus"]["characters"] == 4800
    assert shown["tensors"]["rnn.weight_hh_l0"] == {"shape": [32, 8], "dtype": "F32"}


def test_tensors_are_not_read(info, monkeypatch):
    monkeypatch.setattr("charrnn.storage.checkpoint.load_checkpoint", None)
    monkeypatch.setattr("charrnn.opening.load_checkpoint", None)
    assert info("bytes").exit_code == 0


def test_a_header_that_lacks_something(info, tmp_path):
    save_checkpoint(tmp_path / "odd.safetensors", Checkpoint({}, {"config": {}}))
    result = info(tmp_path / "odd.safetensors")
    assert result.exit_code == 1
    assert "is damaged: its header lacks 'vocabulary'" in result.stderr


@pytest.mark.parametrize(("count", "more"), [(999, None), (1000, None), (1002, "and 2 more, which --json shows")])
def test_a_large_vocabulary_is_shown_in_part(invoke, tmp_path, count, more):
    symbols = "".join(map(chr, range(0x4E00, 0x4E00 + count)))
    (tmp_path / "text").write_text(symbols, "utf-8")
    options = ("--hidden-size", 4, "--steps", 1, "--no-plan", "--quiet", "--checkpoints", tmp_path / "runs")
    assert invoke("train", tmp_path / "text", *options).exit_code == 0
    lines = invoke("info", "--checkpoints", tmp_path / "runs").stdout.splitlines()
    at = lines.index(f"vocabulary of {count} characters")
    assert lines[at + 1] == f"  {symbols[:1000]}"
    assert lines[at + 2] == (f"  {more}" if more else "progress")
    told = json.loads(invoke("info", "--checkpoints", tmp_path / "runs", "--json").stdout)
    assert told["vocabulary"]["symbols"] == symbols
