import numpy as np
import pytest

from charrnn.errors import CheckpointError, CorpusError
from charrnn.kinds.config import make_config
from charrnn.models.ngram.counts import NGram
from charrnn.scoring.streams import score
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.counting import CountingTrainer
from charrnn.training.events import Finished
from charrnn.training.settings import TrainingSettings

TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 40
VOCABULARY = Vocabulary.of(TEXT)
IDS = VOCABULARY.encode(TEXT)
CONFIG = make_config(len(VOCABULARY), model="ngram", order=4)


def make(val_ids=IDS[1800:]):
    return CountingTrainer(CONFIG, TrainingSettings(), VOCABULARY, IDS[:1800], val_ids)


def names(events):
    return [type(event).__name__ for event in events]


def test_one_step_counts_scores_and_saves():
    trainer = make()
    events = list(trainer.run())
    assert names(events) == ["Evaluated", "Sampled", "CheckpointDue", "CheckpointDue", "Finished"]
    model = NGram.count(CONFIG, IDS[:1800])
    assert events[0].val_bpc == score(model, IDS[1800:]).bits_per_character < 0.5
    assert len(events[1].text) == 120
    assert [events[2].kind, events[3].kind] == ["best", "last"]
    assert (events[4].step, events[4].epoch, events[4].best) == (1, 1, events[0].val_bpc)
    assert trainer.parameter_count == model.size
    tensors, header = trainer.snapshot()
    assert all(np.array_equal(tensor, model.to_tensors()[name]) for name, tensor in tensors.items())
    assert header["parameters"] == model.size


def test_without_a_text_to_validate_there_is_no_best():
    events = list(make(IDS[:0]).run())
    assert names(events) == ["Evaluated", "Sampled", "CheckpointDue", "Finished"]
    assert events[0].val_bpc is None


def test_a_resumed_run_has_nothing_to_do():
    first = make()
    list(first.run())
    again = make()
    again.restore(*first.snapshot())
    (event,) = again.run()
    assert isinstance(event, Finished)
    assert event.best == first.progress.best
    (tensors, header), (before, wanted) = again.snapshot(), first.snapshot()
    assert header == wanted
    assert all(np.array_equal(tensor, before[name]) for name, tensor in tensors.items())


def test_a_snapshot_without_progress_is_refused():
    trainer = make()
    tensors, header = trainer.snapshot()
    with pytest.raises(CheckpointError, match="its progress is missing"):
        make().restore(tensors, {name: value for name, value in header.items() if name != "progress"})


def test_ids_that_are_none_are_refused():
    with pytest.raises(CorpusError, match="ids of a text must be"):
        list(CountingTrainer(CONFIG, TrainingSettings(), VOCABULARY, IDS + 9, IDS[:0]).run())


def test_stopped_while_it_scores(monkeypatch):
    trainer = make()
    monkeypatch.setattr(trainer.model, "run", lambda *_: pytest.fail("it went on"))
    monkeypatch.setattr(trainer.model, "buffers", lambda *_: trainer.stop())
    (event,) = trainer.run()
    assert (event.reason, event.step) == ("interrupted", 0)


def test_stopped_before_it_began():
    trainer = make()
    trainer.stop()
    (event,) = trainer.run()
    assert (event.reason, event.step) == ("interrupted", 0)
