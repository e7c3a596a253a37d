import pytest


@pytest.fixture
def page(invoke, checkpoints):
    return lambda *arguments: invoke("page", "--checkpoints", checkpoints, *arguments)


def test_a_page_is_written_and_stays_unless_it_may_be_replaced(page, tmp_path):
    output = tmp_path / "new" / "letters.html"
    done = page("letters", "-o", output)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(f"wrote {output} (")
    before = output.read_bytes()
    assert before.startswith(b"<!doctype html>")
    refused = page("letters", "-o", output, "--precision", "float32")
    assert refused.exit_code == 1
    assert "choose another --output, or replace it with --overwrite" in refused.stderr
    assert output.read_bytes() == before
    assert page("letters", "-o", output, "--precision", "float32", "--overwrite").exit_code == 0
    assert len(output.read_bytes()) > len(before)


def test_a_page_holds_the_text_to_read(page, tmp_path):
    (tmp_path / "own.txt").write_text("<b>as it is</b> \u20ac", encoding="utf-8")
    assert page("letters", "-o", tmp_path / "x.html", "--text", tmp_path / "own.txt").exit_code == 0
    assert '"text": "\\u003cb>as it is\\u003c/b> \\u20ac"' in (tmp_path / "x.html").read_text("utf-8")


def test_what_cannot_be_a_page_is_refused_and_writes_nothing(page, tmp_path):
    (tmp_path / "long.txt").write_text("a" * 100_001)
    for arguments, why in (
        (("nobody",), "nobody"),
        (("letters", "--text", tmp_path / "long.txt"), "--text must hold at most 100,000 characters, not 100,001"),
        (("letters", "--text", tmp_path / "missing.txt"), "missing.txt"),
    ):
        refused = page(*arguments, "-o", tmp_path / "out.html")
        assert refused.exit_code == 1
        assert why in refused.stderr
    assert not (tmp_path / "out.html").exists()
