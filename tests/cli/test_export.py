import re

import pytest

import charrnn
from charrnn.registry import names_in


@pytest.fixture
def export(invoke, checkpoints):
    return lambda *arguments: invoke("export", "--checkpoints", checkpoints, *arguments)


def test_every_target_is_a_choice_that_the_help_explains(export):
    shown = " ".join(export("--help").stdout.split())
    for name in names_in("exports"):
        assert f"{name}, " in shown
    assert export("letters", "--to", "parchment", "-o", "x").exit_code == 2
    assert export("letters", "-o", "x").exit_code == 2


def test_an_existing_file_stays_unless_it_may_be_replaced(export, tmp_path):
    output = tmp_path / "new" / "model.safetensors"
    done = export("letters", "--to", "safetensors", "-o", output)
    assert done.stdout == ""
    assert done.stderr.startswith(f"wrote {output} (")
    before = output.read_bytes()
    refused = export("bytes", "--to", "safetensors", "-o", output)
    assert refused.exit_code == 1
    assert "choose another --output, or replace it with --overwrite" in refused.stderr
    assert output.read_bytes() == before
    assert export("bytes", "--to", "safetensors", "-o", output, "--overwrite").exit_code == 0
    assert output.read_bytes() != before


def test_a_missing_run_writes_nothing(export, tmp_path):
    assert export("nobody", "--to", "safetensors", "-o", tmp_path / "out").exit_code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A run of each kind that only the program itself runs, and the command that does."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "text").write_text("the cat sat on the mat, and the dog sat on the cat.\n" * 40)
    (folder / "rows").write_text("abc\ta\nbcd\tb\ncde\ta\n" * 20)
    (folder / "series").write_text("y\n" + "".join(f"{n % 7}.5\n" for n in range(300)))
    short = {"steps": 5, "hidden_size": 8}
    for name, source, options in (
        ("ngram", "text", {"model": "ngram"}),
        ("shorter", "text", {"model": "ngram", "order": 3}),
        ("label-shorter", "rows", {"task": "label", "model": "ngram", "order": 2}),
        ("label-ngram", "rows", {"task": "label", "model": "ngram"}),
        ("pair-ngram", "rows", {"task": "pairs", "model": "ngram"}),
        ("series", "series", {"task": "series", **short}),
        ("series-tdnn", "series", {"task": "series", "model": "tdnn", **short}),
        ("narx", "series", {"task": "series", "model": "narx", **short}),
    ):
        for _ in charrnn.train(folder / source, name=name, checkpoints=folder / "runs", **options):
            pass
    return folder / "runs"


MIXED = {
    "mixed": ("ngram", "shorter"),
    "label-mixed": ("label-ngram", "label-shorter", "--held-out"),
}
BARE = {
    "ngram": ("counts", "sample"),
    "mixed": ("parameters", "sample"),
    "label-mixed": ("parameters", "predict"),
    "label-ngram": ("counts", "predict"),
    "pair-ngram": ("counts", "predict"),
    "series": ("parameters", "predict"),
    "series-tdnn": ("parameters", "predict"),
    "narx": ("parameters", "predict"),
}


@pytest.mark.parametrize("name", BARE)
def test_a_kind_that_runs_nowhere_else_is_refused_with_its_size(name, bare, invoke, tmp_path):
    if name in MIXED and not (bare / name).exists():
        rows = [bare.parent / "rows"] * ("--held-out" in MIXED[name])
        assert not invoke("mix", *MIXED[name], *rows, "-o", name, "--no-counts", "--checkpoints", bare).exit_code
    learned, command = BARE[name]
    for arguments in (["page"], *(["export", "--to", to] for to in ("js", "onnx"))):
        output = tmp_path / arguments[-1]
        refused = invoke(*arguments, name, "--checkpoints", bare, "-o", output)
        assert (refused.exit_code, output.exists()) == (1, False)
        wanted = rf"runs in no page, no JavaScript and no ONNX: .*, has [\d.]+ k?B of {learned} .*charrnn {command}"
        assert re.search(wanted, refused.stderr), refused.stderr
        assert ("give one of its networks alone" in refused.stderr) == (name in MIXED)
    for to in ("hub", "safetensors"):
        output = tmp_path / to
        assert invoke("export", "--to", to, name, "--checkpoints", bare, "-o", output).exit_code == 0
        model = charrnn.load(output / "model.safetensors" if output.is_dir() else output)
        assert model.config == charrnn.load(name, checkpoints=bare).config
