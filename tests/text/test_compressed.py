import bz2
import gzip
import io
import lzma
import os
import random
import sys
import threading
import tracemalloc
import zipfile

import pytest

from charrnn.errors import CorpusError
from charrnn.text.sources import CHUNK, read_pieces

COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
TEXT = "é the cat\r\n" * 300


def zipped(members, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return data.getvalue()


def read(*sources, **options):
    return "".join(piece.text for piece in read_pieces([str(source) for source in sources], **options))


def message(*sources):
    with pytest.raises(CorpusError) as caught:
        read(*sources)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_compressed_file_is_read_as_its_text_whatever_its_name(tmp_path, kind, encoding):
    data = TEXT.encode(encoding)
    (tmp_path / "text").write_bytes(COMPRESS[kind](data[:1000]) + COMPRESS[kind](data[1000:]))
    assert read(tmp_path / "text", encoding=encoding) == TEXT
    assert read(tmp_path, tmp_path / "text", encoding=encoding) == TEXT * 2


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_compressed_file_may_be_of_nothing(tmp_path, kind):
    (tmp_path / "empty").write_bytes(COMPRESS[kind](b""))
    assert read(tmp_path / "empty") == ""


@pytest.mark.parametrize("kind", COMPRESS)
def test_bytes_are_those_of_the_file(tmp_path, kind):
    (tmp_path / "text").write_bytes(COMPRESS[kind](TEXT.encode()))
    assert read(tmp_path / "text", as_bytes=True).encode("latin-1") == COMPRESS[kind](TEXT.encode())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_texts_of_an_archive_are_read_in_the_order_of_their_names(tmp_path, method):
    members = {"b.txt": "\ufefftwo\n", "a/x.txt": "one\n", "a/.hidden": "-", "__MACOSX/b.txt": "-", "c/": "", "e": ""}
    (tmp_path / "text").write_bytes(zipped(members, method))
    pieces = [
        (piece.origin.removeprefix(f"{tmp_path}/"), piece.start, piece.text)
        for piece in read_pieces([str(tmp_path / "text")])
    ]
    assert pieces == [("text/a/x.txt", 0, "one\n"), ("text/b.txt", 0, "two\n"), ("text/e", 0, "")]


@pytest.mark.parametrize("kind", COMPRESS)
def test_standard_input_and_pipes_may_be_compressed(tmp_path, monkeypatch, kind):
    (tmp_path / "text").write_bytes(COMPRESS[kind](TEXT.encode()))
    with (tmp_path / "text").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert read("-") == TEXT
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(COMPRESS[kind](TEXT.encode()),))
        writer.start()
        assert read(tmp_path / "pipe") == TEXT
        writer.join()


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_damage_is_told_in_one_line(tmp_path, kind, damage):
    noise = random.Random(1).randbytes(5000).hex().encode()
    data = COMPRESS[kind](noise)
    middle = len(data) // 2
    path = tmp_path / "text"
    path.write_bytes(data[:middle] if damage == "cut" else data[:middle] + bytes(300) + data[middle + 300 :])
    assert message(path).startswith(f"cannot decompress {path}: ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped({"a": TEXT})[:-30], "cannot decompress {path}: File is not a zip file"),
        (zipped({".hidden": "x"}), "the archive {path} holds no files"),
        (zipped({"mimetype": "application/epub+zip", "a.html": "x"}), "it is a document of another program"),
        (zipped({"[Content_Types].xml": "x", "word/a.xml": "x"}), "it is a document of another program"),
        (zipped({"a": b"\xff"}), "cannot read {path}/a as utf-8: byte 0xff in line 1 (offset 0)"),
    ],
)
def test_archives_that_are_no_texts(tmp_path, data, words):
    path = tmp_path / "text"
    path.write_bytes(data)
    assert words.format(path=path) in message(path)


@pytest.mark.parametrize("text", ["BZh", "BZhello", "BZh91AY&S", "PK", "PK\x03", "\x1f"])
def test_a_text_that_begins_like_something_compressed(tmp_path, text):
    (tmp_path / "text").write_text(text)
    assert read(tmp_path / "text") == text


@pytest.mark.parametrize("kind", COMPRESS)
def test_memory_does_not_grow_with_the_text(tmp_path, kind):
    (tmp_path / "text").write_bytes(COMPRESS[kind](b"x" * 40 * CHUNK))
    tracemalloc.start()
    assert sum(len(piece.text) for piece in read_pieces([str(tmp_path / "text")])) == 40 * CHUNK
    assert tracemalloc.get_traced_memory()[1] < 2e7
    tracemalloc.stop()


def test_an_archive_may_hold_nothing(tmp_path):
    (tmp_path / "empty.zip").write_bytes(zipped({}))
    assert "holds no files" in message(tmp_path / "empty.zip")
