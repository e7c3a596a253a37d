"""Several networks of a run, trained one after the other and mixed."""

from contextlib import closing

import pytest
from jobs import SMALL, train

from charrnn.api import Model
from charrnn.errors import ConfigError
from charrnn.starting import open_job
from charrnn.storage.checkpoint import load_header
from charrnn.training.events import CheckpointDue, Finished, MemberEvent, Mixed, StepDone

OPTIONS = {"steps": 40, "eval_every": 20, "save_every": 7, "learning_rate": 0.02, "members": 3}
TEXT = "".join(f"the {a} sat on the {b}, and the {c} saw {a}\n" for a in "abcd" for b in "efgh" for c in "ijkl") * 2


@pytest.fixture
def text(tmp_path):
    (tmp_path / "cat.txt").write_text(TEXT)
    return str(tmp_path / "cat.txt")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a run that was never interrupted, and its events."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "cat.txt").write_text(TEXT)
    _, events = train(str(folder / "cat.txt"), checkpoints=folder, counts=True, **OPTIONS)
    return folder / "cat", events


def files(run):
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*.safetensors")
        if "corpus" not in path.name
    }


def test_they_are_trained_after_the_first_and_mixed(whole):
    run, events = whole
    members = [event for event in events if isinstance(event, MemberEvent)]
    steps = [event.member for event in members if isinstance(event.event, StepDone)]
    assert steps == [2] * 40 + [3] * 40
    seeds = [load_header(run / name / "best.safetensors")["settings"]["rng_seed"] for name in ("", "member-2")]
    assert seeds == [0, 1]
    mixed, finished = events[-2:]
    assert isinstance(mixed, Mixed)
    assert isinstance(finished, Finished)
    assert len(mixed.further_nats) == 2
    assert mixed.mixed_nats < min(mixed.nats, *mixed.further_nats)
    assert finished.seconds >= members[-1].event.seconds
    assert mixed.size == (run / "mixture.safetensors").stat().st_size
    model = Model.load(run / "mixture.safetensors")
    assert model.score(TEXT[-300:]).nats < Model.load(run / "best.safetensors").score(TEXT[-300:]).nats


def killed_at(text, checkpoints, number):
    """Train until event ``number``, and leave the files as a process that is killed then."""
    job = open_job([text], checkpoints=checkpoints, counts=True, **SMALL, **OPTIONS)
    with closing(job.events()) as events:
        for _ in range(number):
            next(events)


@pytest.mark.parametrize("part", [0.2, 0.36, 0.5, 0.66, 0.9, 0.999])
def test_a_run_that_is_killed_anywhere_ends_with_the_same_files(whole, text, runs, part):
    run, events = whole
    killed_at(text, runs, int(part * len(events)))
    train(text, checkpoints=runs, resume=True)
    assert files(runs / "cat") == files(run)


def test_a_stopped_member_resumes(whole, text, runs):
    run, _ = whole
    job = open_job([text], checkpoints=runs, counts=True, **SMALL, **OPTIONS)
    for event in job.events():
        if isinstance(event, MemberEvent) and event.member == 2 and isinstance(event.event, StepDone):
            job.trainer.stop()
    assert isinstance(event, Finished)
    assert event.reason == "interrupted"
    assert not (runs / "cat" / "member-3").exists()
    _, events = train(text, checkpoints=runs, resume=True)
    assert not any(isinstance(event, StepDone) for event in events)
    assert files(runs / "cat") == files(run)
    _, events = train(text, checkpoints=runs, resume=True)
    assert not any(isinstance(event, Mixed) for event in events)
    assert files(runs / "cat") == files(run)


def test_a_run_that_replaces_it_has_none_of_its_members(whole, text, runs):
    train(text, checkpoints=runs, **OPTIONS)
    train(text, checkpoints=runs, **{**OPTIONS, "members": 1}, overwrite=True)
    assert not list((runs / "cat").glob("member-*"))


def test_they_share_the_minutes(text, runs):
    job, events = train(text, checkpoints=runs, minutes=0.06, members=2)
    assert any("2 networks one after the other" in reason for reason in job.plan.reasons)
    assert job.trainer.settings.minutes == 0.06
    assert any(isinstance(event, MemberEvent) for event in events)
    job, events = train(text, checkpoints=runs, minutes=0.02, members=1, name="one")
    assert not any(isinstance(event, MemberEvent) for event in events)


def test_what_cannot_be_mixed_has_one_network(text, runs):
    with pytest.raises(ConfigError, match="several models ngram"):
        train(
            text, checkpoints=runs, model="ngram", members=2, threads=1, hidden_size=512, batch_size=32, seq_length=64
        )
    train(text, checkpoints=runs, steps=3)
    with pytest.raises(ConfigError, match="leave --members out"):
        train(text, checkpoints=runs, init_from="cat", name="other", members=2)


def test_checkpoints_are_told_of_members_too(whole):
    _, events = whole
    assert {e.member for e in events if isinstance(e, MemberEvent) and isinstance(e.event, CheckpointDue)} == {2, 3}
