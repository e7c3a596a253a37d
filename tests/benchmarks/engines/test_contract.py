import math
from itertools import islice

import pytest

from benchmarks.engines.contract import OURS, engine_names, find_engine, random_text, usable_engines
from benchmarks.shared.shape import Shape

SHAPE = Shape(12, 2, 4, 6, 7)


def test_ours_is_the_first_of_the_files():
    assert engine_names()[0] == OURS
    assert "pytorch" in engine_names()


@pytest.mark.parametrize("name", engine_names())
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_an_engine_trains(name, precision):
    engine = find_engine(name)
    if reason := engine.absent(precision):
        pytest.skip(reason)
    losses = list(islice(engine.train(SHAPE, precision, 1), 100))
    assert losses[0] == pytest.approx(math.log(7), abs=0.2)
    assert sum(losses[-30:]) < sum(losses[:30])  # the text is short enough to learn by heart
    assert losses == list(islice(engine.train(SHAPE, precision, 1), 100))


def test_what_is_not_there_is_named(without_torch):
    usable, left_out = usable_engines(engine_names(), ["float32", "float7"])
    assert usable == [(OURS, "float32")]
    assert left_out == [
        "PyTorch float32 left out: is not installed (pip install '.[benchmark]')",
        "charrnn float7 left out: has no precision float7",
        "PyTorch float7 left out: is not installed (pip install '.[benchmark]')",
    ]


def test_the_text_has_every_character_and_whole_windows():
    text = random_text(SHAPE)
    assert set(text) == set(range(7))
    assert (len(text) - 1) % SHAPE.characters == 0
