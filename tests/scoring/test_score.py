import math

import numpy as np
import pytest

from charrnn.scoring.score import Score, ScoredText, joined, total_of
from charrnn.text.sources import Piece


def test_units():
    result = Score(nats=math.log(8) * 10, characters=10)
    assert result.bits_per_character == pytest.approx(3)
    assert result.nats_per_character == pytest.approx(math.log(8))
    assert result.perplexity == pytest.approx(8)


def test_scores_add_up():
    assert Score(1.0, 2) + Score(3.0, 4) == Score(4.0, 6)


def test_where_nothing_is_predicted_there_is_no_mean():
    assert math.isnan(Score(0.0, 0).bits_per_character)
    assert math.isnan(Score(0.0, 0).perplexity)


def test_only_what_has_a_rank_counts():
    losses = np.array([np.nan, 1.5, 2.0])
    assert total_of(losses, np.array([0, 1, 7], np.int32)) == Score(3.5, 2)
    assert math.isnan(total_of(losses, np.array([1, 1, 7], np.int32)).nats)


def test_parts_of_a_text_are_joined():
    parts = [
        ScoredText(nats, 1, Piece("a", start, text), np.array([nats]), np.array([start + 1], np.int32), start)
        for start, (text, nats) in enumerate([("x", 0.5), ("y", 1.5)])
    ]
    whole = joined(parts)
    assert (whole.plain, whole.text, whole.piece.start, whole.unknown) == (Score(2.0, 2), "xy", 0, 1)
    assert whole.losses.tolist() == [0.5, 1.5]
    assert whole.ranks.tolist() == [1, 2]
    assert whole.bits.tolist() == [0.5 / math.log(2), 1.5 / math.log(2)]
