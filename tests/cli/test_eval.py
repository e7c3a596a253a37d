import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LONG, until_full

from charrnn.api import load
from charrnn.cli.eval import cells_of
from charrnn.scoring.score import Score


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
        ([tmp_path / "empty"], 1, "needs at least 2 characters that the model knows, not 0"),
        ([tmp_path / "strange"], 1, "not 'Z' at position 1, 'b' at position 3, 'r' at position 4"),
        ([text, text], 1, "is not a checkpoint of charrnn"),
    ]:
        result = evaluate(*arguments)
        assert result.exit_code == exit_code
        assert message in result.stderr
        assert result.stdout == ""


def test_several_files_have_a_row_each_and_one_for_all(evaluate, text, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a").write_text("the dog")
    (tmp_path / "more" / "b").touch()
    rows = [line.split() for line in evaluate("letters", text, tmp_path / "more").stdout.splitlines()[2:]]
    assert [(row[0], row[-1]) for row in rows] == [
        (str(text), "4,799"),
        (str(tmp_path / "more" / "a"), "7"),
        (str(tmp_path / "more" / "b"), "0"),
        ("all", "4,806"),
    ]
    shown = json.loads(evaluate("letters", text, tmp_path / "more", "--json").stdout)
    assert sum(source["characters"] for source in shown["sources"]) == shown["characters"] == 4806
    assert sum(source["nats"] for source in shown["sources"]) == pytest.approx(shown["nats"])


def test_characters_go_to_a_file_and_add_up(evaluate, text, tmp_path):
    file = tmp_path / "characters.jsonl"
    shown = json.loads(evaluate("letters", text, "--per-char", file, "--json").stdout)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert "".join(row["character"] for row in rows) == text.read_text()
    assert rows[0] == {"character": "t", "bits": None, "rank": None}
    assert sum(row["bits"] for row in rows[1:]) / len(rows[1:]) == pytest.approx(shown["bits_per_character"], rel=1e-6)
    again = evaluate("letters", text, "--per-char", file)
    assert (again.exit_code, again.stdout) == (1, "")
    assert f"{file} exists already: choose another --per-char, or replace it with --overwrite" in again.stderr
    assert evaluate("letters", text, "--per-char", file, "--overwrite").exit_code == 0


def test_characters_may_go_to_a_device(evaluate, text):
    result = evaluate(text, "--per-char", "/dev/null")
    assert result.exit_code == 0
    assert "bits per character" in result.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs of this kind")
def test_a_fifo_whose_reader_has_enough_ends_it_quietly(start, text, checkpoints, tmp_path):
    fifo, long = tmp_path / "fifo", tmp_path / "long.txt"
    os.mkfifo(fifo)
    long.write_text(text.read_text() * 200)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = start("eval", long, "--checkpoints", checkpoints, "--per-char", fifo, **options)
    with fifo.open() as reader:
        assert json.loads(reader.readline())["character"] == text.read_text()[0]
    assert process.communicate(timeout=LONG)[1] == ""
    assert process.returncode == 0


def test_figures_beyond_all_bounds_are_short():
    assert cells_of(Score(1e6, 10)) == ["144269.5041", "100000.0000", "1.01e+304", "10"]


def test_data_alone_goes_to_stdout(evaluate, text):
    result = evaluate("letters", text, "--per-char", "-")
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 4800
    assert "bits per character" in result.stderr
    result = evaluate("letters", text, "--lines", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["line"] for line in lines] == list(range(1, 101))
    assert json.loads(result.stderr.splitlines()[-1])["characters"] == 4799


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Windows are others")
@pytest.mark.parametrize("form", [("--per-char", "-"), ("--lines",), ("--lines", "--json")])
def test_a_pipe_that_does_not_wait_gets_all(start, evaluate, text, checkpoints, monkeypatch, form):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    text.write_text(text.read_text() * 20)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = start("eval", "letters", text, "--checkpoints", checkpoints, *form, stdout=writer)
    until_full(writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as pipe:  # noqa: PTH123
        shown = pipe.read()
    assert process.wait(LONG) == 0
    assert shown == evaluate("letters", text, *form).stdout


def test_lines_of_bytes_are_the_bytes(evaluate, tmp_path):
    line = "ï".encode()
    (tmp_path / "odd").write_bytes(line + line[:1] + b"\n")
    assert evaluate("bytes", tmp_path / "odd", "--lines").stdout_bytes.endswith(b"\t" + line + line[:1] + b"\n")


def test_lines_are_fit_for_sorting(evaluate, text, tmp_path):
    (tmp_path / "odd").write_text("the cat sat on the mat. the dog sat on the log.\nggg ooo ddd\n")
    result = evaluate("letters", tmp_path / "odd", "--lines")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[1:] for row in rows] == [["1", "the cat sat on the mat. the dog sat on the log."], ["2", "ggg ooo ddd"]]
    assert float(rows[0][0]) < float(rows[1][0])
    named = evaluate("letters", text, tmp_path / "odd", "--lines").stdout.splitlines()
    assert named[-1].split("\t")[1] == f"{tmp_path / 'odd'}:2"


def test_heat_wants_a_terminal_and_colours(evaluate, text, monkeypatch):
    assert "--heat needs a terminal" in evaluate("letters", text, "--heat").stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = evaluate("letters", text, "--heat")
    assert result.stdout.count("\n") == 100
    assert "\x1b[30;48;5;" in result.stdout
    monkeypatch.setenv("NO_COLOR", "1")
    result = evaluate("letters", text, "--heat")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "NO_COLOR is set" in result.stderr


def test_unknown_characters_can_be_left_out_or_replaced(evaluate, tmp_path):
    (tmp_path / "odd").write_text("the cát sat!")
    for unknown, note in (("skip", "left out"), ("replace", "replaced")):
        result = evaluate("letters", tmp_path / "odd", "--unknown", unknown)
        assert f"2 unknown characters {note}, and not counted" in result.stdout
        shown = json.loads(evaluate("letters", tmp_path / "odd", "--unknown", unknown, "--json").stdout)
        assert (shown["characters"], shown["unknown_characters"]) == (9, 2)


def test_dynamic_evaluation_is_reported_as_such(evaluate, text, checkpoints):
    before = (checkpoints / "letters" / "best.safetensors").read_bytes()
    plain = json.loads(evaluate("letters", text, "--json").stdout)
    dynamic = json.loads(evaluate("letters", text, "--dynamic", "--json").stdout)
    assert (plain["dynamic"], plain["dynamic_rate"]) == (False, None)
    assert (dynamic["dynamic"], dynamic["dynamic_rate"]) == (True, 0.0002)
    assert dynamic["bits_per_character"] < plain["bits_per_character"]
    assert "dynamic evaluation" in evaluate("letters", text, "--dynamic", "--dynamic-rate", 0.01).stdout
    assert (checkpoints / "letters" / "best.safetensors").read_bytes() == before


def test_dynamic_evaluation_that_diverges_is_an_error(evaluate, text):
    result = evaluate(text, "--dynamic", "--dynamic-rate", "1e30")
    assert result.exit_code == 1
    assert "diverged as it learned from the text at rate 1e+30: choose a lower rate" in result.stderr


def test_exact_answers(evaluate, tmp_path, checkpoints):
    (tmp_path / "sayings.txt").write_text("the cat sat on the mat. the dog sat>on the log.\nthe log>\nthe mat>t\n")
    result = evaluate("letters", tmp_path / "sayings.txt", "--exact", "--separator", ">", "--unknown", "error")
    assert "'>' at position" in result.stderr  # the mark is part of what the model reads
    (tmp_path / "sayings.txt").write_text("the cat sat on the mat. the dog sat on the log.\nthe log.\n")
    shown = evaluate("letters", tmp_path / "sayings.txt", "--exact", "--separator", "o").stdout.splitlines()
    assert shown[0] == f"model  {checkpoints / 'letters' / 'best.safetensors'}"
    assert [line.split()[:2] for line in shown[1:]] == [["length", "asked"], ["5", "1"], ["12", "1"], ["all", "2"]]
    as_json = json.loads(evaluate("letters", tmp_path / "sayings.txt", "--exact", "--separator", "o", "--json").stdout)
    before = evaluate("letters", tmp_path / "sayings.txt", "--exact", "--mark", "o", "--json").stdout
    assert json.loads(before) == as_json  # its former name
    assert as_json["asked"] == 2
    assert "holds no '='" in evaluate("letters", tmp_path / "sayings.txt", "--exact").stderr


def test_options_that_do_not_go_together(evaluate, text):
    for arguments, message in [
        (["--lines", "--heat"], "--lines and --heat both write to stdout"),
        (["--lines", "--per-char", "-"], "--lines and --per-char - both write to stdout"),
        (["--heat", "--json"], "--heat has no JSON"),
        (["--dynamic-rate", "1"], "--dynamic-rate requires --dynamic"),
        (["--separator", ">"], "--separator requires --exact"),
        (["--exact", "--separator", ""], "--separator must be at least one character"),
        (["--exact", "--dynamic"], "--exact counts right answers and nothing else: leave out --dynamic"),
        (["--exact", "--one-pass"], "leave out --one-pass"),
        (["--exact", "--per-char", "x"], "leave out --per-char"),
        (["--overwrite"], "--overwrite requires --per-char"),
        ([text.parent, "--per-char", text, "--overwrite"], "is a text that is to be read"),
        (["--per-char", text, "--overwrite"], "is a text that is to be read"),
    ]:
        before = text.read_text()
        result = evaluate("letters", text, *arguments)
        assert result.exit_code == 2
        assert message in result.stderr
        assert text.read_text() == before


@pytest.mark.parametrize(
    ("variable", "value", "arguments"),
    [
        ("UNKNOWN", "skip", ("--exact", "--separator", " ")),
        ("LINES", "1", ("--exact", "--separator", " ")),
        ("MARK", ":", ()),
        ("DYNAMIC_RATE", "0.5", ()),
        ("OVERWRITE", "1", ()),
    ],
)
def test_variables_for_other_commands_change_nothing(evaluate, text, monkeypatch, variable, value, arguments):
    plain = evaluate("letters", text, *arguments, "--json")
    monkeypatch.setenv(f"CHARRNN_{variable}", value)
    result = evaluate("letters", text, *arguments, "--json")
    assert (result.exit_code, result.stdout) == (0, plain.stdout)


def test_the_first_of_several_arguments_is_the_model(evaluate, text):
    assert "give the model first, and the texts after it" in evaluate(text, text).stderr
    assert "give the model first, and the texts after it" in evaluate("nobody", text).stderr


def test_reading_in_one_pass_is_the_same_for_a_short_text(evaluate, text):
    plain, one_pass = (
        json.loads(evaluate("letters", text, "--json", *options).stdout) for options in ([], ["--one-pass"])
    )
    assert plain["nats"] == one_pass["nats"]


PEAKS = """
import sys
from charrnn.cli.shared.group import group

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1000

peaks = []
for text in sys.argv[2:]:
    group(["eval", "--checkpoints", sys.argv[1], "letters", text], standalone_mode=False)
    peaks.append(peak())
print("peaks", *peaks)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
def test_memory_does_not_grow_with_the_text(text, tmp_path, checkpoints):
    large = tmp_path / "large.txt"
    large.write_text(text.read_text() * 1700)  # 8 MB
    command = [sys.executable, "-c", PEAKS, checkpoints, text, large]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    small_peak, large_peak = (float(value) for value in shown.splitlines()[-1].split()[1:])
    # A block takes some 90 MB, whatever the text's length; this text in one piece takes more than twice as much.
    assert large_peak - small_peak < 120
