"""Counts join a run's best model at its end."""

import pytest
from jobs import train

from charrnn.api import Model
from charrnn.errors import ConfigError
from charrnn.storage.run import find_checkpoint
from charrnn.training import adaptation
from charrnn.training.events import AdaptationChosen, Finished, Mixed

OPTIONS = {"steps": 30, "eval_every": 10, "counts": True}
TEXT = "".join(f"the {a} sat on the {b}, and the {c} saw {a}\n" for a in "abcd" for b in "efgh" for c in "ijkl") * 2


@pytest.fixture
def text(tmp_path):
    (tmp_path / "cat.txt").write_text(TEXT)
    return str(tmp_path / "cat.txt")


def files(run):
    return {name: (run / f"{name}.safetensors").read_bytes() for name in ("last", "best", "mixture")}


def test_they_join_and_are_told(text, runs):
    _, events = train(text, checkpoints=runs, **OPTIONS)
    mixed, finished = events[-2:]
    assert isinstance(mixed, Mixed)
    assert isinstance(finished, Finished)
    assert mixed.path == str(runs / "cat" / "mixture.safetensors")
    assert mixed.mixed_nats < mixed.nats - 0.005
    assert find_checkpoint("cat", runs).name == "best.safetensors"
    path = find_checkpoint("cat", runs, mixed=True)
    model, alone = Model.load(path), Model.load(runs / "cat" / "best.safetensors")
    assert model.score(TEXT[-300:]).nats < alone.score(TEXT[-300:]).nats
    assert path.stat().st_size < 2 * (runs / "cat" / "last.safetensors").stat().st_size


def test_an_interrupted_and_resumed_run_ends_with_the_same_files(text, runs, tmp_path):
    train(text, checkpoints=runs, **OPTIONS)
    others = tmp_path / "others"
    train(text, checkpoints=others, stop_after=13, **OPTIONS)
    assert not (others / "cat" / "mixture.safetensors").exists()
    train(text, checkpoints=others, resume=True, threads=1)
    assert files(others / "cat") == files(runs / "cat")
    (others / "cat" / "mixture.safetensors").unlink()  # as if the process had been killed before it was written
    train(text, checkpoints=others, resume=True, threads=2)
    assert files(others / "cat") == files(runs / "cat")


def test_a_run_that_replaces_another_loses_its_mixture(text, runs):
    train(text, checkpoints=runs, **OPTIONS)
    _, events = train(text, checkpoints=runs, **{**OPTIONS, "counts": False}, overwrite=True)
    assert not any(isinstance(event, Mixed) for event in events)
    assert not (runs / "cat" / "mixture.safetensors").exists()


def test_a_run_of_minutes_has_them_unless_switched_off(text, runs):
    short = {"minutes": 0.02, "checkpoints": runs}
    _, events = train(text, name="with", **short)
    assert any(isinstance(event, Mixed) for event in events)
    _, events = train(text, name="without", counts=False, **short)
    assert not any(isinstance(event, Mixed) for event in events)
    _, events = train(text, name="steps", steps=3, checkpoints=runs)
    assert not any(isinstance(event, Mixed) for event in events)


def test_counts_cannot_join_counts(text, runs):
    with pytest.raises(ConfigError, match="counts cannot join a model ngram"):
        train(
            text, checkpoints=runs, model="ngram", counts=True, threads=1, hidden_size=512, batch_size=32, seq_length=64
        )


def test_a_run_of_minutes_chooses_how_its_model_adapts(text, runs, monkeypatch):
    monkeypatch.setattr(adaptation, "LEAST_MINUTES", 0.0)
    monkeypatch.setattr(adaptation, "FEWEST", 100)
    options = {"minutes": 1.0, "steps": 30, "eval_every": 10, "counts": True}
    _, events = train(text, checkpoints=runs, **options)
    (chosen,) = (event for event in events if isinstance(event, AdaptationChosen))
    assert chosen.nats < chosen.default_nats
    for name in ("best", "mixture"):
        model = Model.load(runs / "cat" / f"{name}.safetensors")
        assert model.adaptation == (chosen.rate, chosen.segment, chosen.decay)
    before = files(runs / "cat")
    stopped = train(text, checkpoints=runs, name="other", stop_after=30, **options)[1][-1]
    assert stopped.reason == "interrupted"
    train(text, checkpoints=runs, name="other", resume=True)
    assert files(runs / "other") == before
    _, events = train(text, checkpoints=runs, resume=True)
    assert not any(isinstance(event, AdaptationChosen) for event in events)
