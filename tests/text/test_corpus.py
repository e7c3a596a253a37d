import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.corpus import CHUNK, corpus_name, fingerprint, read_corpus, split


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    return write


def message(*sources, **options):
    """The message of the CorpusError that reading ``sources`` raises."""
    with pytest.raises(CorpusError) as caught:
        read_corpus(sources, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_read_character_for_character(write):
    path = write("my book.txt", "é\r\nb\rc\n\n")
    corpus = read_corpus([path])
    assert corpus.text == "é\r\nb\rc\n\n"
    assert corpus.name == "my-book"
    assert corpus.sources == (path,)
    assert corpus.fingerprint == hashlib.sha256(corpus.text.encode()).hexdigest()
    assert corpus.unit == "character"


def test_files_are_joined_as_they_are(write):
    corpus = read_corpus([write("b.txt", "one"), write("a.txt", "two\n"), write("empty", "")])
    assert corpus.text == "onetwo\n"
    assert corpus.name == "b"
    assert len(corpus.sources) == 3


def test_a_folder_is_read_in_path_order_without_hidden_files(write, tmp_path):
    for name in ["b/1", "a", "c/d/2", ".hidden", ".git/config", "c/.x/y"]:
        write(f".texts/{name}", name + "\n")
    corpus = read_corpus([str(tmp_path / ".texts")])
    assert corpus.text == "a\nb/1\nc/d/2\n"
    assert corpus.name == "texts"
    assert corpus.sources == (str(tmp_path / ".texts"),)


def test_stdin_is_read_as_bytes(write, monkeypatch):
    with Path(write("any", "é\r\n")).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        corpus = read_corpus(["-"])
    assert (corpus.text, corpus.name, corpus.sources) == ("é\r\n", "stdin", ("-",))


def test_a_stdin_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    with (tmp_path / "written").open("w") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert "cannot read -" in message("-")


def test_sources_become_absolute(write, tmp_path, monkeypatch):
    path = write("a.txt", "text")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    assert read_corpus(["../folder/.././a.txt"]).sources == (path,)


def test_bytes_are_latin_1_and_nothing_is_dropped(write):
    data = b"\xef\xbb\xbf\x00\xff\r\n"
    corpus = read_corpus([write("a.bin", data)], as_bytes=True)
    assert corpus.text.encode("latin-1") == data
    assert corpus.unit == "byte"


def test_the_mark_at_a_files_start_is_dropped(write):
    path = write("a.txt", "\ufeffa\ufeffb")
    assert read_corpus([path, path]).text == "a\ufeffba\ufeffb"


def test_other_encodings(write):
    assert read_corpus([write("a.txt", "é\n".encode("latin-1"))], encoding="latin-1").text == "é\n"
    assert read_corpus([write("a.txt", "é\n".encode("utf-16"))], encoding="utf-16").text == "é\n"


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64", "", "a\0b"])
def test_an_unknown_encoding(write, encoding):
    with pytest.raises(ConfigError, match="is unknown; use one that Python knows"):
        read_corpus([write("a.txt", "text")], encoding=encoding)


def test_the_encoding_does_not_matter_to_bytes(write):
    assert read_corpus([write("a.txt", "text")], as_bytes=True, encoding="klingon").text == "text"


def test_a_bad_byte_is_shown_with_its_place(write):
    path = write("a.txt", b"one\ntwo \xe9\n")
    text = message(write("good.txt", "good"), path)
    assert f"cannot read {path} as utf-8: byte 0xe9 in line 2 (offset 8)" in text
    assert "--encoding" in text
    assert "--bytes" in text


def test_a_mark_does_not_shift_the_offset(write):
    assert "0xff in line 2 (offset 5)" in message(write("a.txt", b"\xef\xbb\xbfa\n\xff"))


def test_a_bad_byte_in_utf_16(write):
    data = "ਊ\n".encode("utf-16-le") + b"\x00"
    assert "byte 0x00 in line 2 (offset 4)" in message(write("a.txt", data), encoding="utf-16-le")


def test_a_nul_byte_is_not_text(write):
    path = write("a.txt", b"one\n\x00")
    assert f"cannot read {path} as text: a NUL byte in line 2 (offset 4)" in message(path)
    assert "--bytes" in message(path, encoding="UTF8")
    assert read_corpus([path], encoding="latin-1").text == "one\n\0"


def test_what_is_missing_is_named(write, tmp_path):
    missing = str(tmp_path / "missing.txt")
    assert message(missing) == f"cannot read {missing}: there is no such file or folder; check the path"
    below_a_file = write("a.txt", "text") + "/b"
    assert f"cannot read {below_a_file}: Not a directory" in message(below_a_file)


def test_a_device_is_read_as_a_file():
    assert f"{os.devnull} is empty" in message(os.devnull)


def test_a_folder_without_files(write, tmp_path):
    write("empty/.hidden", "text")
    assert f"the folder {tmp_path / 'empty'} holds no files" in message(str(tmp_path / "empty"))


def test_a_corpus_needs_two_characters(write):
    empty, one = write("empty.txt", ""), write("one.txt", "é")
    assert f"at least two characters, {empty} is empty" in message(empty)
    assert f"at least two characters, got one in {empty}, {one}" in message(empty, one)
    assert "at least one source" in message()
    assert read_corpus([one], as_bytes=True).text == "Ã©"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("-", "stdin"),
        ("a.b.txt", "a.b"),
        ("x/tiny_shakespeare-2.txt", "tiny_shakespeare-2"),
        ("War & Peace.txt", "War---Peace"),
        ("война.txt", "война"),
        (".hidden.txt", "hidden"),
        ("--help.txt", "help"),
        ("...", "corpus"),
        ("/", "corpus"),
    ],
)
def test_names_are_fit_for_folders(source, name):
    assert corpus_name(source) == name


def test_a_folders_name_is_kept_whole(tmp_path, monkeypatch):
    (tmp_path / "v1.2").mkdir()
    assert corpus_name(str(tmp_path / "v1.2")) == "v1.2"
    monkeypatch.chdir(tmp_path / "v1.2")
    assert corpus_name(".") == "v1.2"


def test_a_link_keeps_the_name_that_the_user_gave(write, tmp_path):
    (tmp_path / "poems.txt").symlink_to(write("blob", "text"))
    corpus = read_corpus([str(tmp_path / "poems.txt")])
    assert (corpus.name, corpus.sources) == ("poems", (str(tmp_path / "poems.txt"),))


@pytest.mark.parametrize("text", ["", "é\ud800🎵", "é" * (CHUNK + 1)])
def test_the_fingerprint_is_that_of_utf_8(text):
    assert fingerprint(text) == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@pytest.mark.parametrize(
    ("length", "val_fraction", "cut"),
    [
        (1115394, 0.1, 1003854),  # tinyshakespeare, as nanoGPT cuts it
        (100, 0.0, 100),
        (100, 0.25, 75),
        (90, 0.3, 62),  # 62.99999999999999: floats as nanoGPT rounds them
        (10, 0.1, 10),  # one character would validate
        (20, 0.1, 18),
        (4, 0.99, 2),
        (3, 0.99, 3),
        (2, 0.5, 2),
    ],
)
def test_split(length, val_fraction, cut):
    ids = np.arange(length, dtype=np.int32)
    train, val = split(ids, val_fraction)
    assert len(train) == cut
    assert np.array_equal(np.concatenate([train, val]), ids)
    assert np.shares_memory(train, ids)


def test_split_a_str():
    assert split("abcdefgh", 0.25) == ("abcdef", "gh")


@pytest.mark.parametrize("val_fraction", [-0.1, 1.0, 2.0, float("nan")])
def test_a_fraction_out_of_range(val_fraction):
    with pytest.raises(ConfigError, match="less than 1, got"):
        split("abcdef", val_fraction)
