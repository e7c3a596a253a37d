import os
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.sources import CHUNK, read_pieces, versions


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    return write


def read(sources, **options):
    return "".join(piece.text for piece in read_pieces(sources, **options))


def message(*sources, **options):
    """The message of the CorpusError that reading ``sources`` raises."""
    with pytest.raises(CorpusError) as caught:
        read(sources, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_read_character_for_character(write):
    path = write("my book.txt", "é\r\nb\rc\n\n")
    assert read([path]) == "é\r\nb\rc\n\n"


def test_files_are_joined_as_they_are(write):
    assert read([write("b.txt", "one"), write("a.txt", "two\n"), write("empty", "")]) == "onetwo\n"


def test_a_folder_is_read_in_path_order_without_hidden_files(write, tmp_path):
    for name in ["b/1", "a", "c/d/2", ".hidden", ".git/config", "c/.x/y"]:
        write(f".texts/{name}", name + "\n")
    assert read([str(tmp_path / ".texts")]) == "a\nb/1\nc/d/2\n"


def test_runs_and_sweeps_in_a_folder_are_no_text(write, tmp_path):
    for name in ["a", "checkpoints/one/last.safetensors", "checkpoints/one/metrics.jsonl", "checkpoints/two/run.json"]:
        write(f"texts/{name}", name + "\n")
    for name in [
        "checkpoints/two/corpus.safetensors",
        "sweeps/s/sweep.json",
        "sweeps/s/x/best.safetensors",
        "sweeps/b",
    ]:
        write(f"texts/{name}", name + "\n")
    assert read([str(tmp_path / "texts")]) == "a\nsweeps/b\n"
    assert "holds no files" in message(str(tmp_path / "texts" / "checkpoints"))


def test_stdin_is_read_as_bytes(write, monkeypatch):
    with Path(write("any", "é\r\n")).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert read(["-"]) == "é\r\n"


def test_a_stdin_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    with (tmp_path / "written").open("w") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert "cannot read -" in message("-")


def test_bytes_are_latin_1_and_nothing_is_dropped(write):
    data = b"\xef\xbb\xbf\x00\xff\r\n"
    assert read([write("a.bin", data)], as_bytes=True).encode("latin-1") == data


def test_the_mark_at_a_files_start_is_dropped(write):
    path = write("a.txt", "\ufeffa\ufeffb")
    assert read([path, path]) == "a\ufeffba\ufeffb"


def test_other_encodings(write):
    assert read([write("a.txt", "é\n".encode("latin-1"))], encoding="latin-1") == "é\n"
    assert read([write("a.txt", "é\n".encode("utf-16"))], encoding="utf-16") == "é\n"


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "base64", "", "a\0b"])
def test_an_unknown_encoding(write, encoding):
    with pytest.raises(ConfigError, match="is unknown: use one that Python knows"):
        read([write("a.txt", "text")], encoding=encoding)


def test_the_encoding_does_not_matter_to_bytes(write):
    assert read([write("a.txt", "text")], as_bytes=True, encoding="klingon") == "text"


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
    assert read([path], encoding="latin-1") == "one\n\0"


def test_what_is_missing_is_named(write, tmp_path):
    missing = str(tmp_path / "missing.txt")
    assert message(missing) == f"cannot read {missing}: there is no such file or folder; check the path"
    below_a_file = write("a.txt", "text") + "/b"
    assert f"cannot read {below_a_file}: Not a directory" in message(below_a_file)


def test_a_folder_without_files(write, tmp_path):
    write("empty/.hidden", "text")
    assert f"the folder {tmp_path / 'empty'} holds no files" in message(str(tmp_path / "empty"))


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


@pytest.mark.parametrize("name", ["lone.txt", "folder"])
def test_lone_carriage_returns_and_other_line_ends_are_characters(write, tmp_path, name):
    write("folder/lone.txt", "a\rb\r\nc\u2028d\x85")
    assert read([str(tmp_path / "folder" / name).replace("folder/folder", "folder")]) == "a\rb\r\nc\u2028d\x85"


def test_a_line_of_100_mb_is_read_in_pieces(tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"x" * 10**8)
    tracemalloc.start()
    assert sum(len(piece.text) for piece in read_pieces([str(path)])) == 10**8
    assert tracemalloc.get_traced_memory()[1] < 2e7
    tracemalloc.stop()


def test_a_file_that_grows_while_it_is_read_is_an_error(write):
    path = write("a.txt", "x" * 3 * CHUNK)
    pieces = read_pieces([path])
    next(pieces)
    with open(path, "a") as file:  # noqa: PTH123
        file.write("more")
    with pytest.raises(CorpusError, match=r"a\.txt changed while it was read: wait until nobody writes it"):
        list(pieces)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_a_fifo_is_read_to_its_end(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("é" * CHUNK,))
    writer.start()
    assert versions([str(path)]) is None
    assert read([str(path)]) == "é" * CHUNK
    writer.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_a_fifo_in_a_folder_is_left_out(write, tmp_path):
    write("folder/a.txt", "text")
    os.mkfifo(tmp_path / "folder" / "pipe")
    assert read([str(tmp_path / "folder")]) == "text"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read")
def test_one_unreadable_file_in_a_folder_is_named(write, tmp_path):
    write("folder/a.txt", "text")
    (tmp_path / "folder" / "b.txt").symlink_to("/proc/self/mem")
    text = message(str(tmp_path / "folder"))
    assert text.startswith(f"cannot read {tmp_path / 'folder' / 'b.txt'}: ")


def test_loops_of_links_are_left_out_of_folders_and_named_alone(write, tmp_path):
    write("folder/a.txt", "text")
    (tmp_path / "folder" / "loop").symlink_to("loop")
    (tmp_path / "folder" / "up").symlink_to(tmp_path)
    assert read([str(tmp_path / "folder")]) == "text"
    loop = str(tmp_path / "folder" / "loop")
    assert f"cannot read {loop}: Too many levels of symbolic links" in message(loop)


def test_versions_tell_of_changes(write, tmp_path):
    write("folder/a.txt", "text")
    write("folder/b.txt", "text")
    before = versions([str(tmp_path / "folder")])
    assert [path for path, *_ in before] == [str(tmp_path / "folder" / name) for name in ("a.txt", "b.txt")]
    assert versions([str(tmp_path / "folder")]) == before
    write("folder/b.txt", "another")
    assert versions([str(tmp_path / "folder")]) != before
    assert versions([str(tmp_path / "folder"), "-"]) is None
    with pytest.raises(CorpusError, match="there is no such file"):
        versions([str(tmp_path / "missing")])


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (rb"\ud834\udd1e and \uDBFF\udffd", "unicode_escape"),
        (b"\\ud834\\udd1e and \\udbff\\udffd", "raw_unicode_escape"),
        ("𝄞 and \U0010fffd".encode("utf-7"), "utf-7"),
        ("𝄞 and \U0010fffd".encode("utf-16"), "utf-16"),
    ],
)
def test_a_pair_of_surrogates_is_one_character(write, data, encoding):
    assert read([write("a.txt", data)], encoding=encoding) == "𝄞 and \U0010fffd"


@pytest.mark.parametrize("gap", range(0, 12, 3))
def test_a_pair_may_lie_across_two_chunks(write, gap):
    data = b"x" * (CHUNK - gap) + rb"\ud834\udd1e" + b"y" * CHUNK
    assert read([write("a.txt", data)], encoding="unicode_escape") == "x" * (CHUNK - gap) + "𝄞" + "y" * CHUNK


@pytest.mark.parametrize(
    ("data", "half", "line", "character"),
    [
        (rb"a \ud834", "'\\ud834'", 1, 3),
        (b"one\ntwo \\udd1e", "'\\udd1e'", 2, 9),
        (rb"\udd1e\ud834", "'\\udd1e'", 1, 1),
        (rb"\ud834\udd1e\ud800 a", "'\\ud800'", 1, 2),
        (b"x\n" * CHUNK + rb"\ud834\u0041", "'\\ud834'", CHUNK + 1, 2 * CHUNK + 1),
    ],
)
def test_half_of_a_pair_is_refused_with_its_place(write, data, half, line, character):
    path = write("a.txt", data)
    text = message(path, encoding="unicode_escape")
    assert text.startswith(
        f"cannot read {path} as unicode_escape: {half} in line {line} (character {character}) is half"
    )
    assert "--encoding" in text
    assert "--bytes" in text


@pytest.mark.parametrize(
    ("text", "encoding", "guess"),
    [
        ("plain text\n", "utf-16-le", "utf-16-le"),
        ("plain text\n", "utf-16-be", "utf-16-be"),
        ("Привет, мир\nкак дела\n", "utf-16-le", "utf-16-le"),
        ("吾輩は猫である。\n名前はまだ無い。\n" * 9, "utf-16-be", "utf-16-be"),
        ("plain 🎵 text\n", "utf-32-le", "utf-32-le"),
        ("Grüße\nan alle\n" * 500, "utf-32-be", "utf-32-be"),
        ("plain text\n", "utf-16", "utf-16"),
        ("plain text\n", "utf-32", "utf-32"),
    ],
)
def test_utf_16_and_utf_32_are_recognised(write, text, encoding, guess):
    path = write("a.txt", text.encode(encoding))
    told = message(path)
    assert f"give its --encoding, perhaps {guess}" in told
    assert read([path], encoding=guess) == text


@pytest.mark.parametrize("data", [b"\x00", b"abc\x00def\x00\x01", b"\x7fELF\x02\x01\x01\x00" * 99, b"one\xe9two" * 9])
def test_what_is_no_utf_16_is_not_called_so(write, data):
    assert "perhaps" not in message(write("a.txt", data))
