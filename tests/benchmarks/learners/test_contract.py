import math

import numpy as np
import pytest

from benchmarks.learners.contract import VAL_FRACTION, Lesson, find_learner, learner_names

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


@pytest.mark.torch
@pytest.mark.parametrize("name", learner_names())
def test_learning_takes_its_time_and_gets_somewhere(lesson, name):
    learner = find_learner(name)
    if learner.absent():
        pytest.skip(learner.absent())
    options = next(iter(learner.settings.values()))
    points = list(learner.learn(Lesson(lesson.text, lesson.seconds, lesson.threads, 0, options)))
    seconds, losses = zip(*points, strict=True)
    assert list(seconds) == sorted(seconds)
    assert losses[-1] < math.log(len(set(TEXT)))
