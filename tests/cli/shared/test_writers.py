import numpy as np
import pytest

from charrnn.cli.shared.writers import JsonWriter
from charrnn.sampling.growth import Piece, Step
from charrnn.text.vocabulary import Vocabulary

SYMBOLS = "abba" * 50


def written(cuts, nats, capsys):
    """What is printed of a text that was drawn in pieces."""
    whole = Piece(SYMBOLS, nats, np.empty((len(nats), 0), "int32"), np.empty((len(nats), 0)))
    writer = JsonWriter(Vocabulary("ab"), "b", [3], {}, probabilities=False)
    writer.begin(0)
    for first, last in zip((0, *cuts), (*cuts, len(nats)), strict=True):
        step = Step(0, whole.part(first, last), last - first, "length")
        writer.step(step)
    writer.end(step)
    return capsys.readouterr().out


@pytest.mark.parametrize("cuts", [(1, 3, 7, 15), (100,), tuple(range(1, 200))])
def test_json_does_not_depend_on_where_the_text_was_cut(random, capsys, cuts):
    nats = random.exponential(size=len(SYMBOLS))
    assert written(cuts, nats, capsys) == written((), nats, capsys)
