import json

import pytest

from charrnn.api import load
from charrnn.display import width_of
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
    monkeypatch.setattr("charrnn.starting.load_checkpoint", None)
    assert info("bytes").exit_code == 0


def test_a_header_that_lacks_something(info, tmp_path):
    save_checkpoint(tmp_path / "odd.safetensors", Checkpoint({}, {"config": {}}))
    result = info(tmp_path / "odd.safetensors")
    assert result.exit_code == 1
    assert "is damaged: its header lacks 'vocabulary'" in result.stderr


@pytest.mark.parametrize(
    ("symbols", "shown", "left"),
    [
        ("\n\t ab\\é\u3000", r"\t\n \\abé" + "\u3000", 0),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 20_000))), "".join(map(chr, range(0x4E00, 0x4E00 + 400))), 19_600),
        ("".join(map(chr, range(0xAC00, 0xAC00 + 401))), "".join(map(chr, range(0xAC00, 0xAC00 + 400))), 1),
    ],
)
def test_a_vocabulary_is_wrapped_and_a_large_one_cut(train, invoke, tmp_path, symbols, shown, left):
    text = tmp_path / "symbols.txt"
    text.write_text(symbols * (40 if len(symbols) < 100 else 1), newline="")
    assert train("--steps", 1, source=text).exit_code == 0
    lines = invoke("info", "--checkpoints", tmp_path / "runs").stdout.split("\n")
    first = next(index for index, line in enumerate(lines) if line.startswith("vocabulary")) + 1
    last = lines.index("progress")
    more = [f"  ... and {left:,} more, all of which --json lists"] if left else []
    assert lines[last - len(more) : last] == more
    listed = lines[first : last - len(more)]
    assert "".join(line[2:] for line in listed) == shown
    assert max(map(width_of, listed)) <= 80
