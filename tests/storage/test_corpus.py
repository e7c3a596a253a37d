import hashlib
import os
import shutil
import threading

import numpy as np
import pytest

from charrnn.errors import ConfigError, CorpusError, RunError
from charrnn.storage import corpus as module
from charrnn.storage.corpus import read_corpus
from charrnn.text.numbering import smallest_type
from charrnn.text.vocabulary import END

TEXTS = {
    "ascii": "the cat sat\r\non the mat\r" * 9,
    "accents": "café ☃ 🎵\n" * 9,
    "300 characters": "".join(map(chr, range(40, 340))) * 2,
    "70,000 characters": "".join(map(chr, range(0x4E00, 0x9000))) + "".join(map(chr, range(0x10000, 0x1C000))),
}


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "corpus.safetensors"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text"
    path.write_text("abcabc\n", "utf-8")
    os.utime(path, (0, 0))  # so that what is written later has another time, however soon that is
    return path


def read(
    cache,
    *sources,
    encoding="utf-8",
    as_bytes=False,
    documents="",
    known="",
    min_count=0,
):
    how = {"encoding": encoding, "as_bytes": as_bytes, "documents": documents, "known": known}
    how["min_count"] = min_count
    return read_corpus(cache, [str(source) for source in sources], **how)


def is_cached(monkeypatch, cache, *sources, **options):
    """Whether the text is read without reading the sources."""
    built = []
    build = module.build_cache
    with monkeypatch.context() as patch:
        patch.setattr(module, "build_cache", lambda *arguments: built.append(True) or build(*arguments))
        read(cache, *sources, **options)
    return not built


def is_compared(monkeypatch, cache, *sources):
    """Whether all of the cache is compared with its fingerprint."""
    pieces = []
    with monkeypatch.context() as patch:
        patch.setattr(module, "release_pages", pieces.append)
        read(cache, *sources)
    return bool(pieces)


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS)
def test_a_corpus_is_its_text_read_anew_or_from_the_cache(cache, text, monkeypatch, content):
    text.write_bytes(content.encode())
    assert not is_cached(monkeypatch, cache, text)
    assert is_cached(monkeypatch, cache, text)
    for _ in range(2):
        corpus = read(cache, text)
        assert corpus.vocabulary.symbols == "".join(sorted(set(content)))
        assert corpus.vocabulary.decode(corpus.ids) == content
        assert corpus.ids.dtype == smallest_type(len(corpus.vocabulary))
        assert corpus.fingerprint == hashlib.sha256(content.encode()).hexdigest()
    assert list(cache.parent.iterdir()) == [cache]


def test_ids_lie_in_the_file(cache, text):
    ids = read(cache, text).ids
    assert not ids.flags.writeable
    base = ids
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert base is not None


def test_sources_are_joined(cache, text, tmp_path):
    (tmp_path / "other").write_text("d")
    corpus = read(cache, text, tmp_path / "other")
    assert corpus.vocabulary.decode(corpus.ids) == "abcabc\nd"


def test_bytes_are_numbered_as_bytes(cache, text):
    text.write_bytes(bytes(range(256)) * 2)
    corpus = read(cache, text, as_bytes=True)
    assert corpus.vocabulary.unit == "byte"
    assert corpus.ids.tobytes() == bytes(range(256)) * 2


def test_a_stale_cache_is_built_anew(cache, text, monkeypatch):
    read(cache, text)
    text.write_text("xyzxyz\n")
    assert not is_cached(monkeypatch, cache, text)
    assert read(cache, text).vocabulary.symbols == "\nxyz"
    assert not is_cached(monkeypatch, cache, text, as_bytes=True)
    assert not is_cached(monkeypatch, cache, text, encoding="latin-1")
    assert not is_cached(monkeypatch, cache, text, text, encoding="latin-1")


def test_known_characters_are_in_the_vocabulary(cache, text, monkeypatch):
    plain = read(cache, text)
    for known in ("", "bé☃", "bé", "a", "é☃" + "".join(map(chr, range(300, 600)))):
        is_cached(monkeypatch, cache, text, known=known)
        assert is_cached(monkeypatch, cache, text, known=known)
        corpus = read(cache, text, known=known)
        assert corpus.vocabulary == plain.vocabulary.joined(known)
        assert corpus.vocabulary.decode(corpus.ids) == "abcabc\n"
        assert corpus.fingerprint == plain.fingerprint
        assert is_cached(monkeypatch, cache, text, known=corpus.vocabulary.symbols)  # as a resumed run asks for it
    assert not is_cached(monkeypatch, cache, text)
    assert read(cache, text).vocabulary == plain.vocabulary


@pytest.mark.parametrize("damage", [b"", b"not a cache", b"cut"])
def test_a_damaged_cache_is_built_anew(cache, text, damage):
    wanted = read(cache, text).ids.tolist()
    cache.write_bytes(cache.read_bytes()[:-1] if damage == b"cut" else damage)
    assert read(cache, text).ids.tolist() == wanted


@pytest.mark.parametrize("number", [0, 200])  # in the vocabulary, and beyond
@pytest.mark.parametrize("documents", ["", "line"])
def test_a_cache_of_other_numbers_is_built_anew(cache, text, number, documents):
    text.write_text("abcabc\n" * 300_000)  # several pieces
    wanted = read(cache, text, documents=documents).ids.tobytes()
    content = cache.read_bytes()
    cache.write_bytes(content[:-9] + bytes([number]) * 9)
    assert read(cache, text, documents=documents).ids.tobytes() == wanted


def test_a_cache_that_was_copied_is_compared_with_its_text_once(cache, text, monkeypatch):
    read(cache, text)
    assert not is_compared(monkeypatch, cache, text)
    shutil.copyfile(cache, cache.with_name("copy"))
    cache.with_name("copy").replace(cache)
    assert is_cached(monkeypatch, cache, text)
    assert not is_compared(monkeypatch, cache, text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_what_can_be_read_only_once_is_always_read(cache, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for content in ("abc", "abd"):
        writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(content,))
        writer.start()
        assert read(cache, tmp_path / "pipe").vocabulary.symbols == content
        writer.join()


@pytest.mark.parametrize(
    ("content", "options", "error", "message"),
    [
        (b"", {}, CorpusError, "at least two characters, but .*text is empty: use a longer text"),
        ("é".encode(), {}, CorpusError, "at least two characters, but .*text holds one"),
        (b"abc\xff", {}, CorpusError, "byte 0xff in line 1"),
        (b"abc", {"encoding": "klingon"}, ConfigError, "unknown"),
    ],
)
def test_unfit_texts_leave_the_cache_as_it_was(cache, text, content, options, error, message):
    read(cache, text)
    before = cache.read_bytes()
    text.write_bytes(content)
    with pytest.raises(error, match=message):
        read(cache, text, **options)
    assert cache.read_bytes() == before
    assert list(cache.parent.iterdir()) == [cache]


def test_a_corpus_has_sources(cache):
    with pytest.raises(CorpusError, match="at least one source, not none"):
        read(cache)


def test_a_cache_that_cannot_be_written_is_a_run_error(text, tmp_path):
    with pytest.raises(RunError, match=r"^cannot write .*corpus\.safetensors: No such file or directory; choose"):
        read(tmp_path / "missing" / "corpus.safetensors", text)


@pytest.mark.parametrize("as_bytes", [False, True])
def test_documents_lie_between_end_symbols(cache, text, monkeypatch, as_bytes):
    text.write_bytes("béa\n\nab".encode())
    options = {"as_bytes": as_bytes, "documents": "line"}
    assert not is_cached(monkeypatch, cache, text, **options)
    assert is_cached(monkeypatch, cache, text, **options)
    corpus = read(cache, text, **options)
    shown = "b\xc3\xa9a" if as_bytes else "béa"
    assert corpus.vocabulary.decode(corpus.ids) == f"{END}{shown}{END}ab{END}"
    assert len(corpus.vocabulary) == len(corpus.vocabulary.characters) + 1
    assert not is_cached(monkeypatch, cache, text, as_bytes=as_bytes)
    assert not is_cached(monkeypatch, cache, text, as_bytes=as_bytes, documents="file")


RARE = "abcab ca\n" * 50 + "éééb" + "日本x“b”" + "\n"
"""With characters that occur once or three times."""


@pytest.mark.parametrize(
    ("min_count", "known", "wanted"),
    [
        (0, "", RARE),
        (1, "", RARE),
        (2, "", "abcab ca\n" * 50 + "éééb" + "    b " + "\n"),
        (4, "", "abcab ca\n" * 50 + "   b" + "    b " + "\n"),
        (4, "e日", "abcab ca\n" * 50 + "eeeb" + "日   b " + "\n"),
    ],
)
def test_rare_characters_are_replaced(cache, tmp_path, monkeypatch, min_count, known, wanted):
    source = tmp_path / "source"
    source.write_text(RARE, "utf-8")
    corpus = read(cache, source, min_count=min_count, known=known)
    assert corpus.vocabulary.decode(corpus.ids) == wanted
    assert corpus.vocabulary.symbols == "".join(sorted({*wanted, *known}))
    assert corpus.fingerprint == hashlib.sha256(RARE.encode()).hexdigest()
    assert corpus.min_count == min_count
    os.utime(cache, (1, 1))  # as if it was copied: its ids are compared
    again = {"min_count": min_count, "known": corpus.vocabulary.symbols}
    assert is_cached(monkeypatch, cache, source, **again)
    assert not is_cached(monkeypatch, cache, source, min_count=min_count + 9, known="")


def test_rare_characters_of_documents_are_replaced(cache, tmp_path):
    source = tmp_path / "source"
    source.write_text("ab\nb a\né\na\nb\n日", "utf-8")
    corpus = read(cache, source, min_count=2, documents="line", known=" ")
    assert corpus.vocabulary.decode(corpus.ids) == END.join(["", "ab", "b a", " ", "a", "b", " ", ""])


@pytest.mark.parametrize("text", ["abc", "aabbé日"])
def test_all_characters_may_be_rare(cache, tmp_path, text):
    (tmp_path / "source").write_text(text, "utf-8")
    with pytest.raises(CorpusError, match="min_count must leave characters, but none occurs 3 times"):
        read(cache, tmp_path / "source", min_count=3)
    assert not cache.exists()
