import json
import os
import sys

import pytest

from charrnn.cli.shared.output import (
    announce_compilation,
    bar_width,
    counted,
    duration,
    number,
    one_line,
    print_event,
    say,
    table,
)
from charrnn.display import size
from charrnn.kernels import jit
from charrnn.training.events import CheckpointDue


def test_an_event_is_an_object_that_tells_its_name(capfdbinary):
    print_event(CheckpointDue(7, "last"))
    assert json.loads(capfdbinary.readouterr().out) == {"event": "checkpoint_due", "step": 7, "kind": "last"}


@pytest.mark.parametrize("err", [True, False])
def test_names_are_harmless_on_a_terminal_and_unchanged_in_a_pipe(capfd, monkeypatch, err):
    for is_terminal in (False, True):
        monkeypatch.setattr(
            ("sys.stderr" if err else "sys.stdout") + ".isatty", lambda is_terminal=is_terminal: is_terminal
        )
        say("a \x07name\t漢", err=err)
    shown = capfd.readouterr()
    assert (shown.err if err else shown.out) == "a \x07name\t漢\na \\x07name\t漢\n"
    assert not (shown.out if err else shown.err)


@pytest.mark.parametrize("folder", ["writable", "not writable", None])
def test_compiling_is_told_with_whether_it_is_for_once(capsys, monkeypatch, folder):
    monkeypatch.setattr(jit, "CACHE_FOLDER", folder)
    monkeypatch.setattr(jit, "compile_listeners", [])
    announce_compilation()
    told_at_once = capsys.readouterr().err
    for listener in jit.compile_listeners:
        listener(folder == "writable")
    told = told_at_once + capsys.readouterr().err
    assert bool(told_at_once) == (folder is None)  # nothing is looked for then, and so all compiled
    assert told.count("\n") == 1
    assert ("not used before: up to 20 seconds" in told) == (folder == "writable")
    assert ("20 seconds at each start" in told) == (folder != "writable")


def test_a_name_never_ends_a_line(capfd, monkeypatch):
    for is_terminal in (False, True):
        monkeypatch.setattr("sys.stderr.isatty", lambda is_terminal=is_terminal: is_terminal)
        for name in ("two\nlines", "return\r\n", "caf\udce9\n", "a\u2028b\x0bc\x85"):
            say(f"cannot read {name}")
    shown = [r"two\nlines", r"return\r\n", r"caf\udce9\n", r"a\u2028b\x0bc\x85"]
    assert capfd.readouterr().err.splitlines() == [f"cannot read {name}" for name in shown] * 2


def test_a_bar_has_a_column_on_any_terminal(monkeypatch):
    for columns, width in ((0, 79), (1, 1), (2, 1), (3, 2), (100, 99)):
        monkeypatch.setattr("os.get_terminal_size", lambda _, columns=columns: os.terminal_size((columns, 24)))
        assert bar_width(sys.stderr) == width


def test_a_table_is_aligned():
    assert list(table([("name", "n"), ("a", "1,000")])) == ["name      n", "a     1,000"]
    assert list(table([("name", "n"), ("a", "b")], left=2)) == ["name  n", "a     b"]
    assert list(table([("name", "n"), ("漢字", "1"), ("नमो", "2"), ("a\nb", "3")])) == [
        "name  n",
        "漢字  1",
        "नमो   2",
        r"a\nb  3",
    ]


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("one\ntwo\t\x1b[31m", 80, "one⏎two\\t\\x1b[31m"),
        ("abcdef", 3, "abc"),
        ("漢字漢字", 5, "漢字"),
        ("漢字", 1, ""),
        ("漢字", -2, ""),
        ("Où\u202f?\u3000 \u200d", 80, "Où\u202f?\u3000 \u200d"),
        ("\\ \u202e", 80, "\\ \\u202e"),
    ],
)
def test_a_text_on_one_line(text, width, line):
    assert one_line(text, width) == line


def test_quantities():
    assert [duration(seconds) for seconds in (0, 59.6, 3723)] == ["0:00", "1:00", "1:02:03"]
    assert [size(count) for count in (0, 999, 1500, 2_340_000, 5e12)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2.3 MB",
        "5000.0 GB",
    ]
    assert [counted(count, "step") for count in (1, 2, 0.5, 1e6)] == [
        "1 step",
        "2 steps",
        "0.5 steps",
        "1,000,000 steps",
    ]
    assert [number(None), number(1234.5678)] == ["-", "1,234.568"]
