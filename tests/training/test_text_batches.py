import numpy as np
import pytest

from charrnn.errors import CorpusError
from charrnn.training.settings import TrainingSettings
from charrnn.training.text_batches import TextBatches

IDS = np.arange(200, dtype=np.int32) % 7


def batches(vocab_size=7, documents=False, **options):
    settings = TrainingSettings(batch_size=4, seq_length=8, **options)
    return TextBatches(IDS, settings, vocab_size, documents=documents)


def test_streams_forget_at_the_start_of_the_text_and_otherwise_by_chance():
    made = batches(reset_probability=0.5)
    assert made.batch(0, 5).reset.all()
    resets = [made.batch(3, step).reset for step in range(20)]
    assert 20 < np.sum(resets) < 60
    assert np.array_equal(made.batch(3, 7).reset, resets[7])
    assert not batches(reset_probability=0.5, documents=True).batch(3, 0).reset.any()


def test_only_the_last_steps_are_predicted_where_updates_come_more_often_than_gradients_reach():
    batch = batches(update_every=3).batch(5, 0)
    assert (len(batch.inputs), len(batch.targets), batch.burn_in, batch.predictions) == (8, 3, 5, 12)
    assert np.array_equal(batch.targets[:-1], batch.inputs[-2:])
    assert batch.advance == 3


def test_ids_that_no_vocabulary_has_are_refused():
    with pytest.raises(CorpusError):
        batches(vocab_size=6).batch(0, 0)
