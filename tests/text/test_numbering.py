import hashlib
import random

import numpy as np
import pytest

from charrnn.text.numbering import Numbering, smallest_type
from charrnn.text.vocabulary import LOOKED_UP, Vocabulary

SAMPLES = {
    "ascii": "the cat sat on the mat\n" * 50,
    "mixed": "the cat\n" + "café ☃ 🎵 \ufffd" * 20 + "sat on the mat\n" * 9,
    "of 300 characters": "".join(map(chr, range(40, 340))) * 2 + "plain text",
    "of 70,000 characters": "plain text" + "".join(map(chr, (*range(1, 0xD800), *range(0xE000, 70_001)))) * 2,
    "over two chunks": "".join(random.Random(1).choices("abcé", k=2 * LOOKED_UP + 5)),
}


def numbered(pieces):
    numbering = Numbering()
    numbers = [numbering.add(piece) for piece in pieces]
    return numbering, numbers


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("length", [7, 1000, 10**6])
def test_the_final_numbers_are_those_of_the_vocabulary(text, length):
    pieces = [text[start : start + length] for start in range(0, len(text), length)]
    if len(pieces) > 10_000:
        pytest.skip("many pieces show nothing that a few do not")
    numbering, numbers = numbered(pieces)
    vocabulary = Vocabulary.of(text)
    assert numbering.vocabulary("character") == vocabulary
    final = numbering.final(vocabulary)
    got = np.concatenate([final[part] for part in numbers])
    assert got.dtype == smallest_type(len(vocabulary))
    assert vocabulary.decode(got) == text
    assert numbering.characters == len(text)
    assert numbering.fingerprint() == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@pytest.mark.parametrize(("count", "wanted"), [(1, "u1"), (256, "u1"), (257, "u2"), (65536, "u2"), (65537, "i4")])
def test_the_smallest_type_holds_all_numbers(count, wanted):
    assert smallest_type(count) == np.dtype(wanted)
    assert np.iinfo(smallest_type(count)).max >= count - 1


def test_pieces_have_the_smallest_type_so_far():
    _, numbers = numbered(["abc", "".join(map(chr, range(300, 700))), "abc"])
    assert [part.dtype.itemsize for part in numbers] == [1, 2, 2]


@pytest.mark.parametrize(
    ("text", "known", "read"),
    [
        ("aébéa b", " ab", "a b a b"),
        ("x“a”x", 'ax"', 'x"a"x'),
        ("日a日 本", "a ", " a   "),
        ("a日b", "ab", "ab"),
        ("ﬁn ﬁ", " fin", "fin fi"),
        ("e\u0301e", "e", "ee"),
        ("plain", "ailnp", "plain"),
    ],
)
def test_what_a_vocabulary_lacks_is_numbered_as_the_closest_that_it_has(text, known, read):
    numbering, [numbers] = numbered([text])
    vocabulary = Vocabulary("".join(sorted(known)))
    final = numbering.final(vocabulary)
    assert vocabulary.decode(final[numbers]) == read
    assert np.array_equal(np.concatenate([final[numbers[:2]], final[numbers[2:]]]), final[numbers])
    assert final.widths[numbers].sum() == len(read)


def test_some_numbers_can_be_left_out_of_the_vocabulary():
    numbering, _ = numbered(["cab", "xa"])
    assert numbering.vocabulary("character", without=numbering.numbers("bxy")).symbols == "ac"
