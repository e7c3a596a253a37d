import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.learners.contract import (
    EVALUATIONS,
    OURS,
    VAL_FRACTION,
    Lesson,
    find_learner,
    learner_names,
    points,
)

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "cats.txt"
    path.write_text(TEXT)
    return Lesson(path, seconds=1.0, threads=1)


def test_the_text_is_parted_as_all_part_it(lesson):
    train, val, V = lesson.ids()
    assert len(set(TEXT)) == V
    assert len(val) == int(VAL_FRACTION * len(TEXT))
    symbols = sorted(set(TEXT))
    assert "".join(symbols[i] for i in np.concatenate([train, val])) == TEXT


@pytest.fixture
def hundredths(monkeypatch):
    """A clock on the wall that goes on by a hundredth of a second whenever it is read."""
    ticks = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks) / 100)


def test_steps_have_the_time_alone_and_their_rate_falls_within_it(lesson, hundredths):
    rates = []
    found = list(points(lesson, rates.append, lambda: float(len(rates))))
    seconds, steps = zip(*found, strict=True)
    assert seconds == pytest.approx([mark / EVALUATIONS for mark in range(1, EVALUATIONS + 1)], abs=0.011)
    assert steps == pytest.approx([100 * second for second in seconds])
    assert rates[0] == 1
    assert rates == sorted(rates, reverse=True)
    assert 0 <= rates[-1] < 0.001


@pytest.mark.torch
@pytest.mark.parametrize("name", learner_names())
def test_learning_gets_somewhere(lesson, name, hundredths):
    learner = find_learner(name)
    if learner.absent():
        pytest.skip(learner.absent())
    options = next(iter(learner.settings.values()))
    if name == OURS:  # whose clock is in another process
        lesson, options = replace(lesson, seconds=6000.0), {"steps": 60, "eval-every": 20, "hidden-size": 16}
    seconds, losses = zip(*learner.learn(replace(lesson, options=options)), strict=True)
    assert list(seconds) == sorted(seconds)
    assert losses[-1] < math.log(len(set(TEXT)))
