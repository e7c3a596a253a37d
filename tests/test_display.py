import os
import shlex
import shutil
import subprocess
import sys

import pytest

from charrnn.display import is_harmless, pasteable, trimmed, visible, width_of

FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
PERSIAN = "می\N{ZERO WIDTH NON-JOINER}خواهم"
CITED = "«\N{NARROW NO-BREAK SPACE}Où\N{NO-BREAK SPACE}?\N{NARROW NO-BREAK SPACE}»"

SHOW = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"


@pytest.mark.parametrize(
    "text", [FAMILY, PERSIAN, CITED, "漢\N{IDEOGRAPHIC SPACE}字", "नमस्ते", "e\u0301 \N{RIGHT-TO-LEFT MARK}"]
)
def test_what_languages_need_is_shown_as_it_is(text):
    assert "".join(visible(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x85\x9b", r"\x85\x9b"),
        ("a\u202eb\u2066c\u2069", r"a\u202eb\u2066c\u2069"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udce9\ud83d", r"\udce9\ud83d"),
        ("\ue000\U000f0000\u0378", r"\ue000\U000f0000\u0378"),
    ],
)
def test_what_a_terminal_may_obey_is_escaped(text, shown):
    assert "".join(visible(text)) == shown


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("漢字", 4),
        ("ｆｕｌｌ", 8),
        ("ｶﾅ", 2),
        ("e\u0301", 1),
        ("नमस्ते", 4),
        ("\N{HEAVY BLACK HEART}\ufe0f", 1),
        ("a\xadb", 3),
    ],
)
def test_the_width_of_a_text(text, width):
    assert width_of(text) == width


@pytest.mark.parametrize("width", [-3, -1, 0, 1, 2, 3, 7])
@pytest.mark.parametrize("text", ["漢字漢字", "a漢b字", "e\u0301e\u0301e\u0301", "👩\u200d👧👩", ""])
def test_a_text_is_cut_to_a_width_however_small(text, width):
    cut = trimmed(text, width)
    assert text.startswith(cut)
    assert width_of(cut) <= max(width, 0)
    assert cut == text or width_of(text[: len(cut) + 1]) > width


def test_no_more_is_looked_at_than_fits():
    pieces = iter("한글" * 20_000)
    assert trimmed(pieces, 5) == "한글"
    assert len(list(pieces)) == 40_000 - 3


NAMES = [
    "plain.txt",
    "two words.txt",
    "it's.txt",
    "-dash",
    "~",
    "$HOME `id` $(id)",
    "wow!",
    "!!",
    "wow!\x01'\\",
    "new\nline",
    "\ttab\r",
    "caf\udce9.txt",
    "\udcff1",
    "\x1b[31m",
    "\u202etxt.exe",
    "\u2028\ue000",
    "\x7f\x80",
    PERSIAN,
    CITED,
    "",
    "a\\nb",
    "#",
    "*?[a]{b,c}",
    "a=b;c&d|e<f>",
]


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize("interactive", [False, True])
def test_a_printed_command_is_what_bash_reads(interactive, tmp_path):
    line = pasteable([sys.executable, "-c", SHOW, *NAMES])
    assert line.isprintable() or all(map(is_harmless, line))
    shell = [shutil.which("bash"), "--norc", "--noprofile", *(["-i"] if interactive else [])]
    environment = {**os.environ, "HISTFILE": str(tmp_path / "history"), "PS1": "", "TERM": "dumb"}
    script = f"set -H\n{line}\n" if interactive else f"{line}\n"
    result = subprocess.run(shell, input=script.encode(), capture_output=True, env=environment, check=True)
    assert result.stdout.split(b"\0") == list(map(os.fsencode, NAMES)), result.stderr


@pytest.mark.parametrize("words", [["charrnn", "train", "a.txt"], ["charrnn", "train", "two words.txt", "--name", "é"]])
def test_a_plain_command_is_plain(words):
    assert pasteable(words) == shlex.join(words)
