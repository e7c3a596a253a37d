import json
import sys

import numpy as np
import pytest

from charrnn.models.language.reach import LAGS


@pytest.fixture
def gradients(invoke, checkpoints):
    def gradients(*arguments):
        return invoke("gradients", "--checkpoints", checkpoints, *arguments)

    return gradients


def test_the_tables_have_a_row_for_each_lag_and_gate(gradients, text):
    norms, eigenvalues = gradients("letters", text).stdout.split("\n\n")
    head, *rows = norms.splitlines()
    assert head.split("  ")[-4:] == ["dh initial", "dh trained", "dc initial", "dc trained"]
    assert [int(row.split()[0]) for row in rows] == list(LAGS)
    assert [row.split()[:2] for row in eigenvalues.splitlines()[1:]] == [["0", str(gate)] for gate in range(4)]


def test_json_and_the_drawing_hold_the_same(gradients, text, tmp_path):
    picture = tmp_path / "reach.svg"
    shown = json.loads(gradients("letters", text, "--json", "--svg", picture).stdout)
    for when in ("initial", "trained"):
        assert shown[when]["lags"] == list(LAGS)
        assert set(shown[when]["norms"]) == {"h", "c"}
        assert [len(gate) for gate in shown[when]["eigenvalues"][0]] == [8] * 4
    assert shown["initial"]["norms"] != shown["trained"]["norms"]
    assert picture.read_text().startswith("<svg ")
    again = gradients("letters", text, "--svg", picture)
    assert again.exit_code == 1
    assert "exists already" in again.stderr


def test_the_initial_values_are_those_that_the_run_began_with(gradients, train, text, tmp_path):
    train("--steps", 1, "--learning-rate", 1e-9, "--rng-seed", 5)
    shown = json.loads(gradients(tmp_path / "runs" / "cats", text, "--json").stdout)
    for state, norms in shown["initial"]["norms"].items():
        np.testing.assert_allclose(norms, shown["trained"]["norms"][state], rtol=1e-3)


def test_a_model_of_documents_reads_documents(gradients, train, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("anna\r\nbob\n\neve\n" * 40)
    train("--documents", "line", "--steps", 2, source=names)
    shown = json.loads(gradients(tmp_path / "runs" / "names", names, "--json").stdout)
    for norms in shown["trained"]["norms"].values():
        assert [norm > 0 for norm in norms[0]] == [lag <= len("anna") for lag in LAGS]


def test_characters_that_the_model_has_never_seen_are_named_or_left_out(gradients, text):
    plain = gradients("letters", text)
    text.write_text(text.read_text().replace("cat", "c#at"))
    result = gradients("letters", text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cats.txt: the text must hold only" in result.stderr
    assert "'#' at position 6" in result.stderr
    assert gradients("letters", text, "--unknown", "skip").stdout == plain.stdout


def test_a_png_beside_the_tables_or_one_line_without_matplotlib(gradients, text, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="matplotlib is an extra")
    picture = tmp_path / "reach.png"
    assert gradients("letters", text, "--png", picture).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = gradients("letters", text, "--png", picture, "--overwrite")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a PNG needs matplotlib" in result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_short_text_is_one_line_on_stderr(gradients, tmp_path):
    (tmp_path / "short.txt").write_text("the cat")
    result = gradients("letters", tmp_path / "short.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "characters, not 7" in result.stderr


def test_a_model_without_recurrence_is_one_line_on_stderr(gradients, invoke, text, tmp_path):
    invoke("train", text, "--checkpoints", tmp_path, "--name", "counts", "--model", "ngram")
    result = gradients(tmp_path / "counts", text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "in model ngram no gradient flows through time" in result.stderr
