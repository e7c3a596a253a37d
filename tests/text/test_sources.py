"""What read_corpus shows too is tested there; here is what comes of reading in chunks."""

import pytest

from charrnn.errors import CorpusError
from charrnn.text.sources import CHUNK, read_pieces


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


def test_pieces_tell_where_they_come_from(write):
    paths = [write("a", b"ab"), write("empty", b""), write("b", b"c")]
    assert [(p.origin, p.start, p.text) for p in read_pieces(paths)] == [
        (paths[0], 0, "ab"),
        (paths[1], 0, ""),
        (paths[2], 0, "c"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be", "shift_jis", "gb18030", "iso2022_jp"])
def test_a_character_may_lie_across_two_chunks(write, encoding):
    text = "x" + "日本\r\n" * (CHUNK // 5)
    path = write("a", text.encode(encoding))
    pieces = list(read_pieces([path], encoding=encoding))
    assert len(pieces) > 1
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.start for piece in pieces[1:]] == [
        sum(len(p.text) for p in pieces[: i + 1]) for i in range(len(pieces) - 1)
    ]


@pytest.mark.parametrize("gap", range(4))
def test_a_bad_byte_beyond_the_first_chunk_is_shown_with_its_place(write, gap):
    line = "é" * 31 + "\n"
    data = b"y" * gap + line.encode() * (CHUNK // 50) + b"z\xe9"
    with pytest.raises(CorpusError, match=rf"byte 0xe9 in line {CHUNK // 50 + 1} \(offset {len(data) - 1}\)"):
        list(read_pieces([write("a", data)]))


def test_a_nul_beyond_the_first_chunk_is_shown_with_its_place(write):
    data = "é\n".encode() * CHUNK + b"\x00"
    with pytest.raises(CorpusError, match=rf"NUL byte in line {CHUNK + 1} \(offset {len(data) - 1}\)"):
        list(read_pieces([write("a", data)]))


def test_only_the_mark_at_the_very_start_is_dropped(write):
    text = "\ufeff" * CHUNK
    assert "".join(piece.text for piece in read_pieces([write("a", text.encode())])) == text[1:]
