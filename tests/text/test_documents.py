import numpy as np
import pytest

from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.text.corpus import Corpus
from charrnn.text.documents import Documents, in_documents, read_documents, split_corpus, to_beginning, with_labels
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import END, Vocabulary

FILES = {
    ("line", "one\ntwo\r\n\n\r\nthree\r"): ["one", "two", "three\r"],
    ("line", "\n\n"): [],
    ("line", "one\rtwo\r\rthree\r"): ["one", "two", "three"],
    ("line", "\ra\r"): ["a"],
    ("line", "a\r\nb\rc"): ["a", "b\rc"],
    (r"\n\n", "a\r\nb\r\n\r\n\r\n\r\nc\r\n"): ["a\r\nb", "c\r\n"],
    (r"\n\n", "a\rb\r\rc\rd"): ["a\rb", "c\rd"],
    (r"\n%\n", "a\r\n%\r\nb%\r\n%\r\n"): ["a", "b%"],
    (r"\r\n", "a\r\nb\nc"): ["a", "b\nc"],
    (r"%\n", "a\rb%\rc%"): ["a\rb", "c%"],
    ("file", "one\n\ntwo\n"): ["one\n\ntwo\n"],
    ("file", ""): [],
    (r"\n%\n", "one\n%\n%\n%\ntwo\n%three"): ["one", "%", "two\n%three"],
    ("aab", "aaab aabaab.aa"): ["a", " ", ".aa"],
    (r"\\n\t", "one\\n\ttwo"): ["one", "two"],
    (".*", "a.*b.c"): ["a", "b.c"],
}
"""From the way of splitting and a file to its documents."""


@pytest.mark.parametrize(("documents", "text"), FILES)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_documents_are_split_whatever_the_pieces(documents, text, size):
    parts = [text[i : i + size] for i in range(0, len(text), size)] or [""]
    pieces = [Piece(name, i * size, part) for name in "ab" for i, part in enumerate(parts)]
    split_corpus = list(in_documents(pieces, documents))
    wanted = "".join(document + END for document in FILES[documents, text])
    for name in "ab":
        own = [piece for piece in split_corpus if piece.origin == name]
        assert "".join(piece.text for piece in own) == wanted
        assert [piece.start for piece in own] == [sum(len(p.text) for p in own[:i]) for i in range(len(own))]
        assert own[0].text or not wanted


def test_what_stands_for_an_end_cannot_be_in_a_text():
    with pytest.raises(CorpusError, match=r"a holds U\+10FFFF"):
        list(in_documents([Piece("a", 0, f"one{END}two")], "line"))


@pytest.mark.parametrize(("unit", "text"), [("character", "a☙b"), ("byte", "a☙b".encode().decode("latin-1"))])
def test_a_separator_is_read_as_the_text_is(unit, text):
    assert "".join(piece.text for piece in in_documents([Piece("", 0, text)], "☙", unit)) == f"a{END}b{END}"


def test_a_text_of_no_documents_stays_as_it_is():
    pieces = [Piece("a", 0, "one\n"), Piece("a", 4, ""), Piece("b", 0, END)]
    assert list(in_documents(pieces, "")) == pieces


def corpus_of(*documents):
    text = END + "".join(document + END for document in documents)
    vocabulary = Vocabulary("".join(sorted(set(text))), documents="line")
    return Corpus(vocabulary.encode(text).astype(np.uint8), vocabulary, "")


def text_of(corpus, documents):
    return corpus.vocabulary.decode(documents[:])


def test_shuffled_documents_are_whole_and_their_order_is_a_function_of_the_seed(random):
    names = ["".join(chr(97 + i) for i in random.integers(0, 26, length)) for length in random.integers(1, 9, 50)]
    corpus = corpus_of(*names)
    documents = Documents.of(corpus.ids, len(corpus.vocabulary) - 1)
    assert text_of(corpus, documents) == END + "".join(name + END for name in names)
    orders = [text_of(corpus, documents.shuffled(seed, epoch)) for seed, epoch in [(0, 0), (0, 1), (1, 0), (0, 0)]]
    assert len(set(orders)) == 3
    assert orders[0] == orders[3]
    for order in orders:
        assert sorted(order[1:-1].split(END)) == sorted(names)
    shuffled = documents.shuffled(7)
    whole = shuffled[:]
    assert len(shuffled) == len(corpus.ids) == len(whole)
    at = random.integers(0, len(whole), (3, 40))
    np.testing.assert_array_equal(shuffled[at], whole[at])
    np.testing.assert_array_equal(shuffled[17:60], whole[17:60])


def test_validation_documents_are_some_of_all_and_the_same_in_each_run():
    names = [f"{number:03}" for number in range(200)]
    corpus = corpus_of(*names)
    parts = [text_of(corpus, part)[1:-1].split(END) for part in split_corpus(corpus, 0.1)]
    assert [len(part) for part in parts] == [180, 20]
    assert sorted(parts[0] + parts[1]) == names
    assert all(part == sorted(part) for part in parts)
    assert min(parts[1]) < "050"
    assert max(parts[1]) > "150"


@pytest.mark.parametrize(("count", "fraction", "held_out"), [(1, 0.1, 0), (2, 0.1, 1), (2, 0.99, 1), (30, 0, 0)])
def test_each_part_has_a_document_where_there_are_two(count, fraction, held_out):
    train, validate = split_corpus(corpus_of(*"a" * count), fraction)
    assert (train.count, validate.count) == (count - held_out, held_out)
    assert len(validate) == (2 * held_out + 1 if held_out else 0)


@pytest.mark.parametrize(
    ("documents", "text", "read"),
    [
        ("line", "ann\n", "ann"),
        ("line", "ann\r\n", "ann"),
        ("line", "ann\n\r\n\n", "ann"),
        ("line", "\n", ""),
        (r"\n\n", "a\nb\n", "a\nb\n"),
        (r"\n\n", "a\nb\n\n", "a\nb"),
        (r"---\n", "a\nb\n---\n---\n", "a\nb\n"),
        ("file", "a\nb\n", "a\nb\n"),
        ("", "a\n\n", "a\n\n"),
    ],
)
@pytest.mark.parametrize("unit", ["character", "byte"])
def test_what_ends_a_document_is_dropped_where_one_begins(documents, text, read, unit):
    vocabulary = Vocabulary("".join(sorted("\r\nabn-")) + END * bool(documents), unit, documents)
    assert to_beginning(text, vocabulary) == read


@pytest.mark.parametrize(
    ("documents", "text", "place", "skipped", "replaced"),
    [
        ("line", "ann\nben", r"'\\n' at position 4", "annben", "ann ben"),
        ("line", "\r\nann\n", r"'\\r\\n' at position 1", "ann", " ann"),
        (r"\n\n", "a\n\nb\n\n", r"'\\n\\n' at position 2", "ab", "a b"),
        ("-", "a-b", "'-' at position 2", "ab", "a b"),
    ],
)
def test_a_beginning_is_of_one_document(documents, text, place, skipped, replaced):
    vocabulary = Vocabulary("".join(sorted("\r\n aben-")) + END, documents=documents)
    with pytest.raises(VocabularyError, match=f"must begin one document, but {place} ends it: take it out"):
        to_beginning(text, vocabulary)
    assert to_beginning(text, vocabulary, "skip") == skipped
    assert to_beginning(text, vocabulary, "replace") == replaced


def test_a_byte_order_mark_is_dropped_unless_the_model_knows_it():
    assert to_beginning("\ufeffa", Vocabulary("a\ufeff")) == "\ufeffa"
    assert to_beginning("\ufeffa\n", Vocabulary(f"a{END}", documents="line")) == "a"
    assert to_beginning("\ufeffa", Vocabulary("a\xbb\xbf\xef", "byte")) == "\xef\xbb\xbfa"
    assert to_beginning("\ufeffa", Vocabulary("a\xbb\xc3", "byte")) == "a"


@pytest.mark.parametrize(
    ("documents", "symbols", "text", "read"),
    [
        (r"\n\n", "ab", "a\n", "a"),
        ("%", "ab", "a%\r\n", "a"),
        ("", "ab", "a\r\n", "a"),
        ("", "\rab", "a\r\n", "a\r"),
        ("", "ab", "\n", ""),
    ],
)
@pytest.mark.parametrize("unit", ["character", "byte"])
def test_the_end_of_the_last_line_is_dropped_unless_the_model_knows_it(documents, symbols, text, read, unit):
    vocabulary = Vocabulary(symbols + END * bool(documents), unit, documents)
    assert to_beginning(text, vocabulary) == read
    with pytest.raises(VocabularyError, match=r"('\\n'|0x0a) at position 2"):
        to_beginning("a\nb", vocabulary)


@pytest.mark.parametrize(
    ("documents", "text", "old"),
    [
        (r"\n\n", "a\r\n\r\nb\n\nc", ["a\r\n\r\nb", "c"]),
        ("line", "a\rb\r", ["a\rb\r"]),
        (r"%\n", "a%\r\nb%\nc", ["a%\r\nb", "c"]),
    ],
)
def test_a_text_is_split_as_it_was_before_all_line_ends_counted(documents, text, old):
    split_corpus = in_documents([Piece("a", 0, text)], documents, old_split=True)
    assert "".join(piece.text for piece in split_corpus) == END.join([*old, ""])


def test_the_lines_of_a_folders_text_files_are_rows_with_their_names(tmp_path):
    folder = tmp_path / "labels"
    (folder / "deep").mkdir(parents=True)
    (folder / "Irish.txt").write_text("Byrne\n\nDaly", "utf-8")
    (folder / "deep" / "Old Irish.txt").write_text("\r\nAed\r\n", "utf-8")
    (folder / "empty.txt").touch()
    (folder / "more.tsv").write_text("Kelly\tIrish\n", "utf-8")
    alone = tmp_path / "alone.txt"
    alone.write_text("Rossi\tItalian\n", "utf-8")
    for column, wanted in (
        (1, ["Byrne\tIrish", "Daly\tIrish", "Aed\tOld Irish", "Kelly\tIrish", "Rossi\tItalian"]),
        (0, ["Irish\tByrne", "Irish\tDaly", "Old Irish\tAed", "Kelly\tIrish", "Rossi\tItalian"]),
        (-1, ["Byrne", "Daly", "Aed", "Kelly\tIrish", "Rossi\tItalian"]),
    ):
        sources = [str(folder), str(alone)]
        pieces = read_documents(sources, "line", encoding="utf-8", unit="character", label_column=column)
        assert "".join(piece.text for piece in pieces) == "".join(row + END for row in wanted)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_rows_with_labels_do_not_depend_on_the_pieces(tmp_path, size):
    path, text = tmp_path / "A.txt", "one\ntwo\n\nthree"
    path.write_text(text)
    cut = [Piece(str(path), at, text[at : at + size]) for at in range(0, len(text), size)]
    for column, wanted in ((1, "one\tA|two\tA|three\tA|"), (0, "A\tone|A\ttwo|A\tthree|")):
        pieces = with_labels(in_documents(cut, "line"), [str(tmp_path)], column)
        assert "".join(piece.text for piece in pieces) == wanted.replace("|", END)
    with pytest.raises(ConfigError, match=r"columns must be 1,2 or 2,1 to read .*A\.txt"):
        list(with_labels(in_documents(cut, "line"), [str(tmp_path)], 2))
