import numpy as np
import pytest

from charrnn.cli.sample.writers import JsonWriter, ProbabilityWriter
from charrnn.sampling.growth import DrawnPiece, Step
from charrnn.text.vocabulary import Vocabulary

SYMBOLS = "abba" * 50


def written(cuts, nats, capsys):
    """What is printed of a text that was drawn in pieces."""
    whole = DrawnPiece(SYMBOLS, nats, np.empty((len(nats), 0), "int32"), np.empty((len(nats), 0)))
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


def test_drawn_characters_are_shown_as_they_are_but_for_those_that_a_terminal_may_obey(capsys):
    symbols = 'é\u00a0\u3000\u200d\u0301漢"\n\x1b\x9b\u202e\u2028\ue000'
    drawn = DrawnPiece(
        symbols, np.zeros(len(symbols)), np.empty((len(symbols), 0), "int32"), np.empty((len(symbols), 0))
    )
    ProbabilityWriter(Vocabulary("".join(sorted(symbols))), [3]).step(Step(0, drawn, len(symbols), "length"))
    shown = [line.split("\t")[0] for line in capsys.readouterr().out.split("\n")[:-1]]
    assert shown[:6] == [f'"{c}"' for c in symbols[:6]]
    assert shown[6:] == [r'"\""', r'"\n"', r'"\u001b"', r'"\u009b"', r'"\u202e"', r'"\u2028"', r'"\ue000"']
