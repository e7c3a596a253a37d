"""Every command and program that README, the tutorial and the how-tos show, run with less of everything."""

import re
import sys
from pathlib import Path

import pytest

from docs.outputs import blocks, commands, picture, run, run_block, shown

ROOT = Path(__file__).parent.parent
HOW_TOS = (
    "tutorial",
    "fine-tuning",
    "mixtures",
    "documents",
    "labels",
    "conditional",
    "pairs",
    "series",
    "pages",
    "programs",
    "serving",
    "exporting",
    "notebooks",
    "restoring",
    "resuming",
    "teaching",
)
PAGES = ["README.md", *(f"docs/{name}.md" for name in HOW_TOS)]


def shortened(text):
    """A command or a program that does the same in less time."""
    text = re.sub(r"--minutes [\d.]+", "--steps 4 --hidden-size 8", text)
    text = re.sub(r"hidden_size=\d+, minutes=[\d.]+", "hidden_size=8, steps=4", text)
    text = re.sub(r"--hidden-size \d\d+", "--hidden-size 8", text)
    text = re.sub(r"corpus english( --size \w+)?", r"corpus english --size 200k", text)  # with all letters
    text = re.sub(r"corpus parity( --size \w+)?", r"corpus parity --size 20k", text)
    return re.sub(r"(--steps |steps = )\d{3,}", r"\g<1>4", text)


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_shows_works(page, tmp_path):
    for language, content in blocks((ROOT / page).read_text()):
        if language != "console":
            run_block(language, shortened(content), tmp_path)
            continue
        for command in commands(content):
            run(shortened(command), tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_other_blocks_hold_nothing_to_run(page):
    for block in re.findall(r"^```sh\n(.*?)```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            assert re.match(r"pip install '?charrnn-cpu|python3 -m venv \.venv && ", line), line


def test_of_a_long_output_the_middle_is_left_out():
    assert shown("one\ntwo \n") == "one\ntwo\n"
    lines = [str(number) for number in range(100)]
    assert shown("\n".join(lines)).splitlines() == [*lines[:4], "...", *lines[-4:]]
    lines[50] = "note:  time was up after 50 of 99 steps"
    assert shown("\n".join(lines)).splitlines() == [*lines[:4], "...", lines[50], *lines[-4:]]
    assert max(map(len, shown("word " * 100).splitlines())) <= 100


def test_a_picture_has_the_colours_of_the_terminal():
    drawn = picture("\x1b[30;48;5;196mZ\x1b[0men <&\n\nof\x1b[30;48;5;230m Python\x1b[0m\n")
    assert drawn.count("<rect ") == 3  # with the ground
    assert 'fill="#ff0000"' in drawn
    assert "Zen &lt;&amp;</text>" in drawn
    assert "of Python</text>" in drawn
    assert "\x1b" not in drawn
    assert "[0m" not in drawn
