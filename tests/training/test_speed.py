import itertools

import numpy as np
import pytest

from charrnn.kinds.config import kinds, make_config
from charrnn.starting import open_job
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.settings import TrainingSettings
from charrnn.training.speed import training_speed


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, 1), (0.4, 1), (2.0, 4), (2.2, 5)])
def test_the_speed_is_that_of_the_steps_in_the_time_given(monkeypatch, seconds, steps):
    now = itertools.count()  # half a second passes between two looks
    monkeypatch.setattr("charrnn.training.speed.running_seconds", lambda: next(now) / 2)
    config, settings = make_config(vocab_size=9, hidden_size=16), TrainingSettings(batch_size=4, seq_length=8)
    ids = np.zeros(100, np.int32)
    throughput = training_speed(config, settings, Vocabulary("abcdefghi"), ids, threads=1, seconds=seconds)
    assert throughput == pytest.approx(steps * 4 * 8 / ((steps + 1) / 2))


def test_windows_of_one_step_have_a_speed():
    settings = TrainingSettings(batch_size=1, seq_length=1)
    config = make_config(vocab_size=2, hidden_size=4)
    assert training_speed(config, settings, Vocabulary("ab"), np.zeros(9, np.int32), threads=1, seconds=0.0) > 0


PLANNED = sorted((task, name) for (task, name), kind in kinds().items() if "hidden_size" in kind.config.declared())


@pytest.mark.parametrize(("task", "model"), PLANNED)
def test_every_kind_that_is_planned_has_a_speed(tmp_path, task, model):
    kind = kinds()[task, model]
    text = tmp_path / "text"
    text.write_text(kind.example)
    job = open_job(
        [str(text)],
        checkpoints=tmp_path / "runs",
        task=task,
        model=model,
        minutes=0.001,
        threads=1,
        hidden_size=4,
        batch_size=8,
        preview=False,
    )
    assert job.plan.options["steps"] > 0
    job.close()
