import stat

import pytest
from click.testing import CliRunner

from charrnn.cli.corpus import CORPORA, command, number_of_characters
from charrnn.errors import ConfigError, CorpusError
from charrnn.text.generate import GENERATORS, generate


def run(*arguments):
    # As under the group: click makes a command's help option once, with the names of the first context it sees.
    names = {"help_option_names": ["-h", "--help"]}
    return CliRunner().invoke(command, [str(argument) for argument in arguments], **names)


def names(folder):
    return [path.name for path in folder.iterdir()]


def refusal(*arguments):
    """The one-line error that a run with these arguments ends with."""
    result = run(*arguments)
    assert isinstance(result.exception, CorpusError)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_every_generator_has_its_name_here():
    assert tuple(GENERATORS) == CORPORA


@pytest.mark.parametrize("name", CORPORA)
def test_stdout_is_the_text_and_nothing_else(name):
    result = run(name, "--size", 3000, "--rng-seed", 5)
    assert result.exit_code == 0
    assert result.stdout_bytes == "".join(generate(name, 3000, 5)).encode()
    assert result.stderr == ""


def test_a_file_holds_the_same_bytes(tmp_path):
    output = tmp_path / "new" / "folder" / "parity.txt"
    result = run("parity", "--size", "2k", "-o", output)
    assert result.exit_code == 0
    assert output.read_bytes() == run("parity", "--size", "2000").stdout_bytes
    assert result.stdout == ""
    assert result.stderr == f"wrote {output} ({output.stat().st_size:,} characters)\n"
    assert names(output.parent) == ["parity.txt"]


def test_characters_are_counted_not_bytes(tmp_path):
    output = tmp_path / "python.txt"
    assert "(5,000,000 characters)" in run("python", "--size", "5M", "-o", output).stderr
    assert len(output.read_text("utf-8")) == 5_000_000
    assert output.stat().st_size > 5_000_000


def test_a_dash_is_stdout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("parity", "--size", 50, "-o", "-").stdout == run("parity", "--size", 50).stdout != ""
    assert names(tmp_path) == []


def test_an_existing_file_is_kept_unless_told_otherwise(tmp_path):
    output = tmp_path / "a.txt"
    output.write_text("precious")
    assert "exists already: choose another --output, or replace it with --overwrite" in refusal("parity", "-o", output)
    assert output.read_text() == "precious"
    assert run("parity", "--size", 50, "-o", output, "--overwrite").exit_code == 0
    assert output.read_text() == "".join(generate("parity", 50))


def test_the_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "other").touch()
    run("parity", "--size", 50, "-o", tmp_path / "a.txt")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    run("parity", "--size", 50, "-o", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "".join(generate("parity", 50))


def test_an_output_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot write" in refusal("parity", "-o", tmp_path / "file" / "a.txt")
    assert "cannot write" in refusal("parity", "-o", tmp_path / ("x" * 300))
    assert "must be a file" in refusal("parity", "-o", tmp_path, "--overwrite")
    assert names(tmp_path) == ["file"]


def test_a_file_that_ends_half_written_is_taken_away(tmp_path):
    resource = pytest.importorskip("resource")
    (tmp_path / "a.txt").write_text("precious")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        error = refusal("parity", "--size", "100k", "-o", tmp_path / "a.txt", "--overwrite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in error
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "precious"


def test_a_size_too_small_is_refused_before_anything_is_written(tmp_path):
    result = run("parity", "--size", 1, "-o", tmp_path / "a.txt")
    assert isinstance(result.exception, ConfigError)
    assert names(tmp_path) == []


@pytest.mark.parametrize(("size", "number"), [("700", 700), ("3k", 3000), ("2M", 2_000_000)])
def test_sizes(size, number):
    assert number_of_characters(size) == number


@pytest.mark.parametrize("size", ["", "k", "many", "1.5M", "2G"])
def test_what_is_no_size_is_a_usage_error(size):
    result = run("parity", "--size", size)
    assert result.exit_code == 2
    assert "--size" in result.stderr
    assert "write 5000, 500k or 2M" in result.stderr


def test_lengths_of_questions():
    assert run("parity", "--size", 500, "--lengths", "30-40").stdout == "".join(generate("parity", 500, 0, (30, 40)))
    assert run("parity", "--size", 500, "--lengths", "30").stdout == "".join(generate("parity", 500, 0, (30, 30)))
    for lengths in ("few", "1-", "-5", "1-2-3"):
        result = run("parity", "--lengths", lengths)
        assert result.exit_code == 2
        assert "write 200 or 1-20" in result.stderr


def test_an_unknown_name_is_a_usage_error():
    result = run("klingon")
    assert result.exit_code == 2
    assert "addition" in result.stderr


def test_help_names_every_corpus():
    words = run("--help").stdout.split()
    assert set(CORPORA) <= set(words)
