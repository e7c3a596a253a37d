"""Texts, old models and names whose characters JSON or UTF-8 does not give back by themselves."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from charrnn import load

OLD = Path(__file__).parent.parent / "storage" / "old" / "surrogates.safetensors"
SMALL = ("--hidden-size", 8, "--batch-size", 2, "--seq-length", 10, "--steps", 2, "--no-plan", "--threads", 1)


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (rb"\ud834\udd1e a \ud83c\udfbc\n" * 30, ()),
        (rb"a\udbff\udffd and b\u0041" * 30, ("--documents", r"and ")),
        (rb"\ud83c\udfbc x " * 30, ("--model", "ngram")),
        (rb"\ud83c\udfbc\ud834\udd1e " * 30, ("--model", "tdnn")),
    ],
)
def test_a_model_of_pairs_is_trained_resumed_drawn_from_and_scored(invoke, tmp_path, data, options):
    (tmp_path / "text").write_bytes(data)
    run = ("--checkpoints", tmp_path, "--encoding", "unicode_escape")
    small = ("--threads", 1) if "ngram" in options else SMALL
    trained = invoke("train", tmp_path / "text", *run, "--name", "run", *small, *options, "--json")
    assert trained.exit_code == 0, trained.output
    if "ngram" not in options:
        assert invoke("train", "--resume", "--name", "run", "--checkpoints", tmp_path, "--steps", 3).exit_code == 0
    text = data.decode("unicode_escape").encode("utf-16", "surrogatepass").decode("utf-16")
    info = json.loads(invoke("info", "run", "--checkpoints", tmp_path, "--json").stdout)
    end = "\U0010ffff" * ("--documents" in options)
    kept = text.replace("and ", "") if end else text
    assert info["vocabulary"]["symbols"] == "".join(sorted(set(kept))) + end
    drawn = invoke("sample", "run", "--checkpoints", tmp_path, "--length", 60)
    assert drawn.exit_code == 0
    assert set(drawn.stdout) <= set(kept)
    scored = invoke("eval", "run", tmp_path / "text", *run, "--lines", "--json")
    assert "".join(json.loads(line)["text"] for line in scored.stdout.splitlines()) == kept.replace("\n", "")
    assert invoke("eval", "run", tmp_path / "text", *run, "--per-char", "-").exit_code == 0


def test_a_text_with_half_a_pair_is_refused_and_the_older_run_stays(invoke, tmp_path):
    run = ("--checkpoints", tmp_path / "runs", "--name", "run", *SMALL)
    (tmp_path / "good").write_text("a text of characters\n" * 9)
    (tmp_path / "bad").write_bytes(rb"a \udc12 b" * 9)
    assert invoke("train", tmp_path / "good", *run).exit_code == 0
    before = (tmp_path / "runs" / "run" / "last.safetensors").read_bytes()
    result = invoke("train", tmp_path / "bad", *run, "--overwrite", "--encoding", "unicode_escape")
    assert result.exit_code == 1
    assert "'\\udc12' in line 1 (character 3) is half of a surrogate pair" in result.stderr
    assert (tmp_path / "runs" / "run" / "last.safetensors").read_bytes() == before


def test_an_old_model_of_halves_is_drawn_from_and_scored(invoke, tmp_path):
    drawn = invoke("sample", OLD, "--length", 300, "--seed", "x 😀", "--rng-seed", 1)
    assert drawn.exit_code == 0
    assert drawn.stdout.startswith("x 😀")
    assert set(drawn.stdout) == set("x y\n😀\ufffd")
    told = json.loads(invoke("sample", OLD, "--length", 300, "--seed", "x 😀", "--rng-seed", 1, "--json").stdout)
    assert told["text"] == drawn.stdout
    (tmp_path / "text").write_text("x 😀 y\n" * 9)
    assert invoke("eval", OLD, tmp_path / "text").exit_code == 0
    lines = invoke("eval", OLD, tmp_path / "text", "--lines", "--json").stdout.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["x 😀 y"] * 9
    assert "vocabulary of 6 code units" in invoke("info", OLD).stdout
    novelty = invoke("sample", OLD, "--novelty", tmp_path / "text", "--length", 20, "--json")
    assert json.loads(novelty.stdout)["novelty"]["copied"] == 0


def test_an_old_model_of_halves_learns_no_more(invoke, tmp_path):
    (tmp_path / "text").write_text("x 😀 y\n" * 9)
    result = invoke("train", tmp_path / "text", "--init-from", OLD, "--checkpoints", tmp_path / "runs")
    assert result.exit_code == 1
    assert "has learned halves of characters" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_pairs_and_halves_that_python_gives():
    model = load(OLD)
    assert model.sample("x \ud83d\ude00", length=0) == "x 😀"
    assert model.score("x \ud83d\ude00 y\n").characters == 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--stop", "a\udce9"), "a stop text must hold only characters"),
        (("--seed", "a\udce9"), "the seed must be UTF-8"),
    ],
)
def test_what_is_no_character_on_the_command_line(invoke, checkpoints, options, words):
    result = invoke("sample", "letters", "--checkpoints", checkpoints, *options)
    assert result.exit_code == 1
    assert words.replace("hold only characters", "hold characters only, not '\\udce9'") in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="names of files are characters there")
@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff\xfe", b"\xed\xa0\xbd\xed\xb8\x80"])
def test_names_that_are_not_utf_8(invoke, start, tmp_path, name):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    folder.mkdir()
    text = folder / os.fsdecode(name + b".txt")
    text.write_text("the cat sat on the mat\n" * 30)
    runs = ("--checkpoints", folder / "runs")
    trained = invoke("train", text, "--name", "run", *runs, *SMALL, "--json")
    assert json.loads(trained.stdout.splitlines()[0])["run"] == str(folder / "runs" / "run")
    assert invoke("train", "--resume", *runs, "--steps", 3, "--quiet").exit_code == 0
    info = json.loads(invoke("info", *runs, "--json").stdout)
    assert info["corpus"]["sources"] == [str(text)]
    process = start("info", *runs, stdout=subprocess.PIPE)
    assert repr(str(text))[1:-1] in process.stdout.read().decode()
    told = json.loads(invoke("sample", *runs, "--length", 3, "--json").stdout)
    assert Path(told["checkpoint"]).is_file()
    assert json.loads(invoke("eval", *runs, text, "--json").stdout)["sources"][0]["source"] == str(text)
    assert os.fsencode(text) in invoke("eval", *runs, folder, "--lines").stdout_bytes
    (folder / "s.toml").write_text(
        "corpus = '../text'\n[fixed]\nsteps = 2\nbatch-size = 2\n[grid]\nhidden-size = [4]\n"
    )
    (tmp_path / "text").write_text("the cat sat on the mat\n" * 30)
    assert invoke("sweep", folder / "s.toml", *runs, "--quiet").exit_code == 0
    assert invoke("sweep-table", "s", *runs).exit_code == 0
