import json
import math
import tracemalloc

import numpy as np
import pytest

from charrnn.cli.eval.by_character import Line, Lines, characters_as_json, line_as_columns, line_as_heat, line_as_json
from charrnn.scoring.score import ScoredText
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import END, Vocabulary


def line_of(text, bits, origin="a", number=1):
    mean = np.nanmean(bits) if np.isfinite(bits).any() else math.nan
    return Line(origin, number, text, len(bits), mean, np.array(bits))


def scored(text, *bits, origin="a.txt", start=0):
    losses = np.array(bits or [1.0] * len(text)) * math.log(2)
    ranks = np.where(np.isnan(losses), 0, 3).astype(np.int32)
    return ScoredText(0.0, 0, Piece(origin, start, text), losses, ranks)


PLAIN, BYTES = Vocabulary("\n ab"), Vocabulary("\n ab", "byte")
DOCUMENTS = Vocabulary(f"\n ab{END}", documents="file")


def lines_of(*parts, vocabulary=PLAIN):
    shown = []
    lines = Lines(shown.append, vocabulary, with_bits=True)
    for part in parts:
        lines.add(part)
    lines.finish()
    assert all(line.characters == len(line.bits) for line in shown)
    return [(line.origin, line.number, line.text, line.characters) for line in shown]


def test_lines_are_put_together_from_parts_and_files():
    parts = [
        scored("one\n\nt"),
        scored("w", start=6),
        scored("o\nend", start=7),
        scored("", origin="empty"),
        scored("x\n", origin="b"),
    ]
    assert lines_of(*parts) == [
        ("a.txt", 1, "one", 4),
        ("a.txt", 2, "", 1),
        ("a.txt", 3, "two", 4),
        ("a.txt", 4, "end", 3),
        ("b", 1, "x", 2),
    ]
    assert lines_of() == []


def test_a_documents_end_ends_a_line_where_there_are_documents():
    lines = [("a.txt", 1, "a", 2), ("a.txt", 2, "b", 1)]
    assert lines_of(scored(f"a{END}b"), vocabulary=DOCUMENTS) == lines
    assert lines_of(scored(f"a{END}b\n"), vocabulary=PLAIN) == [("a.txt", 1, f"a{END}b", 4)]
    rows = [characters_as_json(scored(END), vocabulary) for vocabulary in (DOCUMENTS, PLAIN)]
    assert [json.loads(row)["character"] for row in rows] == [None, END]


def test_a_line_counts_its_newline_and_what_is_predicted():
    shown = []
    lines = Lines(shown.append, PLAIN, with_bits=False)
    lines.add(scored("ab\n\na", math.nan, 2.0, 4.0, math.nan, 1.0))
    lines.add(scored("b", 3.0, start=5))
    lines.finish()
    assert [line.characters for line in shown] == [3, 1, 2]
    assert [line.bits_per_character for line in shown] == [3.0, pytest.approx(math.nan, nan_ok=True), 2.0]
    assert not any(len(line.bits) for line in shown)


def test_a_line_of_millions_is_little_more_than_its_text():
    part, count, shown = 100_000, 20, []
    losses, ranks = np.full(part, math.log(2)), np.ones(part, np.int32)
    lines = Lines(shown.append, PLAIN, with_bits=False)
    tracemalloc.start()
    for number in range(count):
        lines.add(ScoredText(0.0, 0, Piece("a.txt", number * part, "a" * part), losses, ranks))
    lines.finish()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    [line] = shown
    assert (len(line.text), line.bits_per_character) == (count * part, 1.0)
    assert most < 5 * count * part


def test_columns():
    line = line_of("x\x1by", [1.0, 2.0, 2.0], "a.txt", 7)
    assert line_as_columns(line, "character", named=False, escaped=False) == "1.6667\t7\tx\x1by"
    assert line_as_columns(line, "character", named=True, escaped=True) == "1.6667\ta.txt:7\tx\\x1by"
    odd = line_of("x", [1.0], "a\x1b\nb", 7)
    assert line_as_columns(odd, "character", named=True, escaped=True) == "1.0000\ta\\x1b\\nb:7\tx"
    assert line_as_columns(line_of("\xff", [1.0]), "byte", named=False, escaped=True) == "1.0000\t1\t\\xff"
    assert line_as_columns(line_of("", [math.nan]), "character", named=False, escaped=False) == "-\t1\t"
    assert line_as_columns(line_of("Ã©", [1.0, 1.0]), "byte", named=False, escaped=True) == "1.0000\t1\té"


def test_a_line_as_json():
    assert json.loads(line_as_json(line_of("é", [1.0, 2.0], "a.txt", 7), "character")) == {
        "source": "a.txt",
        "line": 7,
        "bits_per_character": 1.5,
        "characters": 2,
        "text": "é",
    }
    assert json.loads(line_as_json(line_of("", [math.nan]), "character"))["bits_per_character"] is None


def test_heat_is_redder_where_more_bits_are():
    shown = line_as_heat(line_of("abcde", [math.nan, 0.1, 3.0, 3.1, 99.0, math.inf]), "character")
    assert shown == "ab\x1b[30;48;5;229mcd\x1b[30;48;5;196me \x1b[0m"


def test_the_carriage_return_of_a_lines_end_is_not_shown():
    line = line_of("a\rb\r", [0.0] * 5)
    assert line_as_columns(line, "character", named=False, escaped=True) == "0.0000\t1\ta\\x0db"
    assert line_as_columns(line, "character", named=False, escaped=False) == "0.0000\t1\ta\rb\r"
    assert line_as_heat(line, "character") == line_as_heat(line, "byte") == "a\\x0db  "


def test_heat_looks_at_each_character_of_a_line_once():
    class Counting(str):
        copied = 0

        def __add__(self, other):
            return Counting(str(self) + other)

        def __getitem__(self, at):
            found = super().__getitem__(at)
            Counting.copied += len(found)
            return found

    line_as_heat(Line("a", 1, Counting("ab" * 1000), 2001, 1.0, np.zeros(2001)), "character")
    assert Counting.copied < 10_000


def test_heat_drives_no_terminal():
    shown = line_as_heat(line_of("\x1b[2J\x9b\r", [0.0] * 6), "character")
    assert shown == "\\x1b[2J\\x9b\\x0d"


@pytest.mark.parametrize(
    ("data", "shown"),
    [("aé日".encode(), "aé日"), (b"\xc3", "\\xc3"), (b"\xa9a", "\\xa9a"), (b"\xf0\x9f\x98\x80!\x07", "😀!\\x07")],
)
def test_heat_of_bytes_shows_whole_characters(data, shown):
    assert line_as_heat(line_of(data.decode("latin-1"), [0.0] * len(data)), "byte") == shown


def test_the_bits_of_a_characters_bytes_add_up():
    bytes_of_e = "é".encode().decode("latin-1")
    assert line_as_heat(line_of(bytes_of_e, [1.5, 1.5]), "byte") == "\x1b[30;48;5;229mé\x1b[0m"


def test_characters_as_json():
    text = characters_as_json(scored('a"\n', math.nan, 1.25, math.inf), PLAIN)
    assert [json.loads(line) for line in text.splitlines()] == [
        {"character": "a", "bits": None, "rank": None},
        {"character": '"', "bits": 1.25, "rank": 3},
        {"character": "\n", "bits": None, "rank": 3},
    ]
    assert json.loads(characters_as_json(scored("\xff", 2.0), BYTES)) == {"byte": 255, "bits": 2.0, "rank": 3}
