from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.kernels.draw import generator
from charrnn.models.language.network import Network
from charrnn.models.language.sampler import Sampler
from charrnn.sampling.growth import DrawnPiece, Step, StopTexts, grow
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import Streams
from charrnn.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary("abc")


def piece(symbols, first=0):
    """Symbols whose ``nats`` count them."""
    n = len(symbols)
    return DrawnPiece(symbols, np.arange(first, first + n, dtype=float), np.zeros((n, 1), np.int32), np.zeros((n, 1)))


@pytest.mark.parametrize(("count", "portion"), [(0, 3), (1, 3), (3, 3), (7, 3), (7, 0), (7, 7), (7, 100)])
@pytest.mark.parametrize("ended", [False, True])
def test_the_parts_of_a_step_are_the_step(count, portion, ended):
    whole = piece(("abc" * 3)[:count])
    step = Step(2, whole, 9, "end" if ended else "length", int(ended), piece("c", count) if ended else None)
    parts = list(step.parts(portion))
    assert "".join(part.piece.symbols for part in parts) == whole.symbols
    assert np.concatenate([part.predicted.nats for part in parts]).tolist() == step.predicted.nats.tolist()
    assert [part.stop_reason for part in parts[:-1]] == [""] * (len(parts) - 1)
    assert parts[-1]._replace(piece=whole) == step
    if portion:
        assert all(len(part.predicted.symbols) <= portion for part in parts)


def before_stop(text, stops):
    """What comes before the stop text that is complete first, the longest of those; and that stop text."""
    for end in range(1, len(text) + 1):
        ended = [stop for stop in stops if text[:end].endswith(stop)]
        if ended:
            longest = max(ended, key=len)
            return text[: end - len(longest)], longest
    return text, ""


texts = st.text("abc", max_size=30)
stop_texts = st.lists(st.text("abc", min_size=1, max_size=5), max_size=4).map(tuple)


@settings(max_examples=300)
@given(texts, stop_texts, st.lists(st.integers(0, 30), max_size=6))
def test_a_text_ends_before_the_first_complete_stop_text_whatever_its_pieces(text, stops, cuts):
    cuts = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    growing = StopTexts(stops, top=1)
    shown, stop = growing.feed(piece(""))
    for first, last in pairwise(cuts):
        new, stop = growing.feed(piece(text[first:last], first))
        shown = shown.joined(new)
        if stop.symbols:
            break
        assert before_stop(text, stops)[0].startswith(shown.symbols)
        held = last - len(shown.symbols)
        assert held == 0 or any(stop.startswith(text[last - held : last]) for stop in stops)
    else:
        shown = shown.joined(growing.rest())
    assert (shown.symbols, stop.symbols) == before_stop(text, stops)
    assert shown.nats.tolist() == list(range(len(shown.symbols)))
    assert growing.rest().symbols == ""


@pytest.fixture(scope="module")
def sampler():
    from charrnn.kinds.config import make_config
    from charrnn.models.language.parameters import LanguageParameters

    return Sampler(Network(LanguageParameters(make_config(vocab_size=3, hidden_size=8)).initialise(0)))


def streams(sampler, *seeds):
    return Streams.beginning(sampler, np.zeros(1, np.int32), np.stack([generator(seed) for seed in seeds]))


def collected(steps):
    texts, reasons = {}, {}
    for step in steps:
        assert step.text not in reasons
        texts[step.text] = texts.get(step.text, "") + step.piece.symbols
        assert len(step.piece.symbols) == len(step.piece.nats) == len(step.piece.top_ids)
        if step.stop_reason:
            reasons[step.text] = step.stop_reason, step.stop_length
    assert texts.keys() == reasons.keys()
    return texts, reasons


@settings(max_examples=60)
@given(length=st.integers(0, 90), stops=stop_texts, count=st.integers(1, 4))
def test_texts_are_one_long_draw_cut_at_stop_texts(sampler, length, stops, count):
    drawn = streams(sampler, *range(count)).draw(max(1, length), SamplingSettings().rules)
    whole = [VOCABULARY.decode(row)[:length] for row in drawn.ids]
    chosen = SamplingSettings(length=length, stop=stops)
    texts, reasons = collected(grow(streams(sampler, *range(count)), VOCABULARY, chosen, top=2))
    for n in range(count):
        text, stop = before_stop(whole[n], stops)
        assert texts[n] == text
        assert reasons[n] == ("stop" if stop else "length", len(stop))


def test_the_first_character_comes_alone_and_chunks_grow(sampler):
    steps = list(grow(streams(sampler, 1), VOCABULARY, SamplingSettings(length=5000)))
    assert steps[0].drawn == 1
    assert max(step.drawn for step in steps) > 50
    assert sum(step.drawn for step in steps) == 5000


def test_an_interrupt_ends_all_texts_after_a_chunk(sampler):
    steps = grow(
        streams(sampler, 1, 2), VOCABULARY, SamplingSettings(length=10**9, stop=("abca",)), interrupted=lambda: True
    )
    texts, reasons = collected(steps)
    assert reasons == {0: ("interrupted", 0), 1: ("interrupted", 0)}
    assert [len(text) for text in texts.values()] == [1, 1]
