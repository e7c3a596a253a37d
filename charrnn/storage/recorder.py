"""Turns what a run tells into its files.

What cannot be written is held, and written before anything that comes later, so that the files never tell of a later
moment than their metrics do.
"""

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.errors import RunError
from charrnn.storage.checkpoint import Checkpoint, save_checkpoint
from charrnn.storage.notes import Notes
from charrnn.storage.run import Run


class Recorder:
    """Writes a run's checkpoints and metrics.

    Attributes:
        failure: why something could not be written; None when all is on the disk.

    Args:
        run: where to; locked by this process.
        keep: how many checkpoints before the last one are kept.
        replaces: whether the folder holds an older run. All of that stays until this one has been saved.
    """

    def __init__(self, run: Run, *, keep: int, replaces: bool) -> None:
        self.failure: RunError | None = None
        self._run, self._keep, self._replaces = run, keep, replaces
        self._records: list[Mapping[str, Any]] = []
        self._best: Checkpoint | None = None

    def record(self, record: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        self._records.append(record)
        if not self._replaces:
            self._try(self._write_held)

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Save what is to be sampled from."""
        self._best = checkpoint

        def write() -> None:
            if self._replaces:
                self._replace(checkpoint)
            self._write_held()

        self._try(write)
        if self._best:  # training goes on and changes the tensors
            self._best = Checkpoint({name: t.copy() for name, t in checkpoint.tensors.items()}, checkpoint.header)

    def save_last(self, checkpoint: Checkpoint, step: int, notes: Notes) -> None:
        """Save what is to be resumed from."""

        def write() -> None:
            if self._replaces:
                self._replace(checkpoint)
            self._write_held()
            notes.write(self._run.notes)  # first: without them, the checkpoint's text would have to be given
            save_checkpoint(self._run.last, checkpoint)
            if self._keep:
                self._run.keep_last(step, self._keep)

        self._try(write)

    def _replace(self, checkpoint: Checkpoint) -> None:
        """Remove an older run as soon as there is something to resume of this one."""
        save_checkpoint(self._run.last, checkpoint)
        self._run.clear(keep_last=True)
        self._replaces = False

    def _write_held(self) -> None:
        while self._records:
            self._run.append_metrics(self._records[0])
            del self._records[0]
        if self._best:
            save_checkpoint(self._run.best, self._best)
            self._best = None

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
            self.failure = None
        except RunError as error:
            self.failure = error
