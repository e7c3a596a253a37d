import threading

import numpy as np
import pytest

from charrnn.models.language.network import Network
from charrnn.sampling.prefixes import MOST_REMEMBERED, PrefixReader
from charrnn.sampling.streams import READ_WINDOW, read

V = 11


class Counting(Network):
    """Counts the characters that it reads."""

    characters = 0

    def run(self, x, state, buffers):
        self.characters += x.size
        return super().run(x, state, buffers)


@pytest.fixture
def network(make_parameters):
    return Counting(make_parameters(vocab_size=V, hidden_size=16, num_layers=2))


@pytest.fixture
def text(random):
    return random.integers(0, V, 3 * READ_WINDOW + 17).astype(np.int32)


def bytes_of(state):
    return [array.tobytes() for layer in state for array in layer]


def wanted(network, text):
    state = network.initial_state(1)
    read(network, state, text)
    return bytes_of(state)


def read_by(reader, text):
    *_, state = reader.reading(text)
    return bytes_of(state)


def count(network, reader, text):
    """How many characters are read anew, once the state is seen to be right."""
    before = network.characters
    state = read_by(reader, text)
    taken = network.characters - before
    assert state == wanted(network, text)
    return taken


def test_a_text_is_read_from_where_it_differs_from_a_known_one(network, text, random):
    reader = PrefixReader(network, 1 << 20)
    more = np.concatenate([text, text[:9]])
    other = more.copy()
    other[2 * READ_WINDOW + 5] = (other[2 * READ_WINDOW + 5] + 1) % V
    assert count(network, reader, text) == len(text)
    assert count(network, reader, text) == 0
    assert count(network, reader, more) == 9
    assert count(network, reader, other) == len(other) - 2 * READ_WINDOW
    assert count(network, reader, more) == 0
    assert count(network, reader, text[: READ_WINDOW + 3]) == 3
    assert count(network, reader, text[:0]) == 0


def test_nothing_is_remembered_unless_asked(network, text):
    reader = PrefixReader(network)
    assert [count(network, reader, text) for _ in range(2)] == [len(text)] * 2


def test_what_was_not_used_for_longest_is_dropped(network, text):
    states = -(-len(text) // READ_WINDOW)
    size = text.nbytes + states * sum(array.nbytes for layer in network.initial_state(1) for array in layer)
    reader = PrefixReader(network, 2 * size + size // 2)
    texts = [(text + n) % V for n in range(3)]
    for each in (texts[0], texts[1], texts[0], texts[2]):
        read_by(reader, each)
    assert [count(network, reader, each) for each in (texts[0], texts[2])] == [0, 0]
    assert count(network, reader, texts[1]) == len(text)


def test_a_text_that_alone_takes_too_much_drops_no_other(network, text):
    short = text[:10]
    of_state = sum(array.nbytes for layer in network.initial_state(1) for array in layer)
    reader = PrefixReader(network, short.nbytes + of_state)
    read_by(reader, short)
    read_by(reader, (text + 1) % V)
    assert count(network, reader, short) == 0


def test_there_are_at_most_so_many_texts(network):
    reader = PrefixReader(network, 1 << 30)
    texts = [np.array([n // V, n % V, 3], np.int32) for n in range(MOST_REMEMBERED + 1)]
    for each in texts:
        read_by(reader, each)
    assert [count(network, reader, each) for each in texts[1:]] == [0] * MOST_REMEMBERED
    assert count(network, reader, texts[0]) == 3


def test_of_a_reading_that_is_given_up_the_part_that_was_read_is_remembered(network, text):
    reader = PrefixReader(network, 1 << 20)
    reading = reader.reading(text)
    next(reading)
    reading.close()
    assert count(network, reader, text) == len(text) - READ_WINDOW


def test_threads_share_it(network, text):
    reader = PrefixReader(network, 1 << 14)
    texts = [np.concatenate([text[: 40 * n], (text[: 40 * n + 7] + n) % V]) for n in range(8)]
    right = [wanted(network, each) for each in texts]
    failures = []

    def ask(first):
        for turn in range(40):
            place = (first + 3 * turn) % len(texts)
            if read_by(reader, texts[place]) != right[place]:
                failures.append(place)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
