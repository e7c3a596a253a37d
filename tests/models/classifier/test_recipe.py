import pytest
from jobs import train
from labelled import labelled, write_tsv

from charrnn.models.classifier.recipe import CLASSIFIER_REGULARISATION, MANY_PASSES, MOST_PASSES, most_passes


def planned(tmp_path, monkeypatch, speed, **options):
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: speed)
    words = write_tsv(tmp_path / "words.tsv", labelled(300))
    options = {"task": "label", "threads": 1, "batch_size": None, "seq_length": None, "hidden_size": 8, **options}
    job, _ = train(words, checkpoints=tmp_path / "runs", minutes=1, stop_after=1, **options)
    return job


def test_a_run_of_many_passes_gets_all_of_the_regularisation_and_ends_when_no_more_is_learned(tmp_path, monkeypatch):
    job = planned(tmp_path, monkeypatch, 1e5)
    assert {name: job.plan.options[name] for name in CLASSIFIER_REGULARISATION} == CLASSIFIER_REGULARISATION
    rows = 285  # nineteen of twenty
    batches = -(-rows // job.trainer.settings.batch_size)
    assert job.plan.options["steps"] == pytest.approx(most_passes(job.started.characters) * batches, rel=0.01)
    assert "hidden_size" not in job.plan.options


def test_few_characters_need_more_passes():
    assert most_passes(94_000) == most_passes(10**7) == MOST_PASSES
    assert most_passes(94_000 // 4) == pytest.approx(2 * MOST_PASSES)


def test_fewer_passes_need_less_and_what_is_given_stays(tmp_path, monkeypatch):
    speed = MANY_PASSES / 2 * 1700 / 60  # ten passes of some 1,700 characters a minute
    job = planned(tmp_path, monkeypatch, speed, dropout=0.25)
    assert job.trainer.config.dropout == 0.25
    half = CLASSIFIER_REGULARISATION["symbol_dropout"] / 2
    assert job.trainer.config.symbol_dropout == pytest.approx(half, abs=0.02)
