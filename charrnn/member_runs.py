"""The further networks of a run, which are trained after the first one to be mixed with it.

Member K is a run of its own in the folder ``member-K`` of the run's folder, which differs in its seed only. So it is
saved, resumed and read like any other run.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple, Protocol

from charrnn.storage.checkpoint import Checkpoint, load_checkpoint
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata
from charrnn.training.events import Event, Finished, MemberEvent, Started
from charrnn.training.settings import TrainingSettings


class Job(Protocol):
    """What is needed of a ``charrnn.job.TrainingJob``."""

    @property
    def started(self) -> Started:
        """The job's first event."""

    def events(self) -> Generator[Event, None, None]:
        """Train."""


MakeJob = Callable[[Run, TrainingSettings, RunMetadata, Checkpoint | None], Job]
"""Makes the job of a member from its run, settings, metadata, and the checkpoint it resumes from."""


class Trained(NamedTuple):
    """What became of the members."""

    seconds: float
    """Seconds of the whole run after the last one."""
    steps: int
    """Updates of this session in all of them."""
    interrupted: bool


def train_members(
    run: Run, members: int, settings: TrainingSettings, metadata: RunMetadata, make: MakeJob
) -> Generator[Event, None, Trained]:
    """Train all members but the first, one after the other; yields a ``MemberEvent`` for each event of theirs.

    Args:
        run: the run, whose own network is member 1.
        members: how many members there are.
        settings: of the run. A member's time begins where that of the one before it has ended, so that all share the
            run's minutes.
        metadata: of the run, with the seconds that it has taken.
        make: makes the job of a member.
    """
    seconds, steps = metadata.seconds, 0
    for number in range(2, members + 1):
        run.check_lock()
        own, known = _opened(run, number)
        taken = RunMetadata.read(own.metadata) if known else None
        begun = replace(metadata, seconds=taken.seconds if taken else seconds, members=1, counts=False, ended="")
        try:
            job = make(own, replace(settings, rng_seed=settings.rng_seed + number - 1), begun, known)
        except BaseException:
            own.abandon()
            raise
        with closing(job.events()) as events:
            for event in events:
                yield MemberEvent(number, members, event)
        assert isinstance(event, Finished), event
        seconds, steps = max(seconds, event.seconds), steps + event.step - job.started.resumed_from
        if event.reason == "interrupted":
            return Trained(seconds, steps, interrupted=True)
    return Trained(seconds, steps, interrupted=False)


def further_members(run: Run, members: int) -> Iterator[Run]:
    """The runs of all members but the first that have a checkpoint."""
    runs = (Run(run.folder / f"member-{number}") for number in range(2, members + 1))
    return (member for member in runs if member.checkpoint)


def _opened(run: Run, number: int) -> tuple[Run, Checkpoint | None]:
    """The run of a member, locked, and the checkpoint to resume it from, if it has begun."""
    name = f"member-{number}"
    if Run(run.folder / name).last.is_file():
        own = Run.open(run.folder, name)
        try:
            return own, load_checkpoint(own.last)
        except BaseException:
            own.release()
            raise
    return Run.create(run.folder, name, overwrite=True), None
