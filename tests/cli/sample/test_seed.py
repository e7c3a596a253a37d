import json

import pytest

from charrnn.cli.sample.seed import read_seed
from charrnn.errors import ConfigError

MARK = "\ufeff"


@pytest.fixture
def trained(invoke, tmp_path):
    """Train a tiny model of a text in some encoding, and tell what a sample's seed was, or the error."""

    def trained(text, encoding, *options):
        (tmp_path / "text").write_bytes(text.encode(encoding))
        where = ("--checkpoints", tmp_path / "runs")
        small = ("--hidden-size", 4, "--batch-size", 2, "--seq-length", 10, "--steps", 1, "--no-plan", "--quiet")
        assert invoke("train", tmp_path / "text", *where, *small, "--encoding", encoding, *options).exit_code == 0

        def sample(*arguments, **keywords):
            result = invoke("sample", *arguments, *where, "--length", 4, "--json", **keywords)
            return json.loads(result.stdout)["seed"] if result.exit_code == 0 else result.stderr

        return sample

    return trained


@pytest.mark.parametrize(
    ("documents", "seed", "begins"),
    [
        ("line", "ann\n", "ann"),
        ("line", MARK + "eve\r\n", "eve"),
        (r"\n%\n", "ann\neve\n%\n", "ann\neve"),
        ("", "ann\n", "ann\n"),
        ("", MARK + "ann\r\n", "ann\r\n"),
    ],
)
def test_the_mark_and_the_end_of_a_seed(trained, tmp_path, documents, seed, begins):
    options = ("--documents", documents) if documents else ()
    sample = trained("ann\r\n%\neve\n%\nben\n" * 20, "utf-8", *options)
    (tmp_path / "seed").write_bytes(seed.encode())
    assert sample("--seed", "-", input=seed.encode()) == begins
    assert sample("--seed", f"@{tmp_path / 'seed'}") == begins
    assert sample("--seed", seed) == begins
    assert sample("--seed", seed.replace("\r", r"\r").replace("\n", r"\n")) == begins


@pytest.mark.parametrize("source", ["-", "@"])
def test_the_line_ends_of_windows_suit_a_model_that_knows_none(trained, tmp_path, source):
    sample = trained("ann\neve\n" * 40, "utf-8")
    seed = b"ann\r\neve\r\n"
    (tmp_path / "seed").write_bytes(seed)
    assert sample("--seed", source if source == "-" else f"@{tmp_path / 'seed'}", input=seed) == "ann\neve\n"
    assert "not '\\r'" in sample("--seed", "-", input=b"ann\reve")


def test_a_mark_before_the_first_line_of_a_conversation(trained, invoke, tmp_path):
    trained("ann\neve\n" * 40, "utf-8", "--documents", "line")
    arguments = ("sample", "--checkpoints", tmp_path / "runs", "--interactive", "--length", 1)
    result = invoke(*arguments, input=f"{MARK}ann\neve\n".encode())
    assert result.exit_code == 0
    assert "error" not in result.stderr


@pytest.mark.parametrize(("encoding", "other"), [("latin-1", "utf-8"), ("utf-16", "ascii"), ("koi8-r", "utf-8")])
def test_a_seed_is_read_in_the_encoding_of_the_models_text(trained, tmp_path, encoding, other):
    text = "да нет\n" if encoding == "koi8-r" else "café crème\n"
    sample = trained(text * 40, encoding)
    (tmp_path / "seed").write_bytes(text.encode(encoding))
    assert sample("--seed", f"@{tmp_path / 'seed'}") == text
    assert sample("--seed", "-", input=text.encode(encoding)) == text
    assert sample("--seed", "-", input=text.encode()) == text  # as echo, or another sample, writes it
    told = sample("--seed", f"@{tmp_path / 'seed'}", "--encoding", other)
    assert f"cannot read the seed {tmp_path / 'seed'} as {other}: byte 0x" in told
    assert sample("--seed", text) == text


def test_stop_texts_are_typed_with_escapes(trained, invoke, tmp_path):
    trained("a\tb\\\n" * 40, "utf-8")
    stops = [word for text in (r"\n", r"\t", r"\\", "a", "b") for word in ("--stop", text)]
    told = json.loads(invoke("sample", "--checkpoints", tmp_path / "runs", *stops, "--json").stdout)
    assert told["stop"] == ["\n", "\t", "\\", "a", "b"]
    assert (told["text"], told["stop_reason"]) == ("", "stop")


@pytest.mark.parametrize("seed", ["@", "@{folder}", "@{folder}/none", "@./-"])
def test_what_is_no_file_for_a_seed(tmp_path, seed):
    with pytest.raises(ConfigError, match=r"give a file|cannot read the seed"):
        read_seed(seed.format(folder=tmp_path), "character", "utf-8")
