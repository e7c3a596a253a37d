"""Turns what a run tells into its files.

What cannot be written is held, and written before anything that comes later, so that the files never tell of a later
moment than their metrics do.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from charrnn.errors import CheckpointError, RunError
from charrnn.storage.atomic import writing
from charrnn.storage.checkpoint import Checkpoint, load_header, save_checkpoint
from charrnn.storage.metrics import append_metrics, truncate_metrics
from charrnn.storage.replacement import replace, settle
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata


class Recorder:
    """Writes a run's checkpoints and metrics.

    Attributes:
        failure: why something could not be written; None when all is on the disk.

    Args:
        run: where to; locked by this process.
        keep: how many checkpoints before the last one are kept.
        resumed: whether the files are of this run. If not, all that is there stays until there is something to resume:
            what comes before goes into the folder of the run that is to replace it.
    """

    def __init__(self, run: Run, *, keep: int, resumed: bool) -> None:
        self.failure: RunError | None = None
        self._run, self._keep = run, keep
        self._files = run if resumed else run.new
        self._records: list[Mapping[str, Any]] = []
        self._best: Checkpoint | None = None

    def record(self, record: Mapping[str, Any]) -> None:
        """Add a line to the metrics; it tells its ``step``."""
        self._records.append(record)
        self._try(self._write_held)

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Save what is to be sampled from."""
        self._best = checkpoint
        self._try(self._write_held)
        if self._best:  # training goes on and changes the tensors
            self._best = Checkpoint({name: t.copy() for name, t in checkpoint.tensors.items()}, checkpoint.header)

    def save_last(self, checkpoint: Checkpoint, metadata: RunMetadata, step: int) -> None:
        """Save what is to be resumed from."""

        def write() -> None:
            self._write_held()
            metadata.write(self._files.metadata)
            save_checkpoint(self._files.last, checkpoint)
            if self._files != self._run:
                with writing(self._run.folder):
                    replace(self._run, self._files)
                    self._files = self._run
                    settle(self._run, self._run.new)
            if self._keep:
                self._run.keep_last(step, self._keep)

        self._try(write)

    def _write_held(self) -> None:
        if self._records and self.failure:  # what was appended may be there in part, or even all of it
            truncate_metrics(self._files.metrics, self._records[0]["step"] - 1)
        while self._records:
            append_metrics(self._files.metrics, self._records[0])
            del self._records[0]
        if self._best:
            save_checkpoint(self._files.best, self._best)
            self._best = None

    def _try(self, write: Callable[[], None]) -> None:
        try:
            self._run.check_lock()
            if self._files != self._run:
                with writing(self._run.folder):
                    self._files.folder.mkdir(exist_ok=True)
            write()
            self.failure = None
        except RunError as error:
            self.failure = error


def go_back(run: Run, step: int) -> None:
    """Forget what a run has told after ``step``, from which it goes on: lines of its metrics, and a later best model.

    That comes again if the run goes on as before. If not, no line of the metrics would tell of it.

    Raises:
        RunError: A file cannot be read, written or removed.
    """
    truncate_metrics(run.metrics, step)
    with contextlib.suppress(CheckpointError, KeyError, TypeError):  # missing or damaged: it is no later model
        if load_header(run.best)["progress"]["step"] > step:
            with writing(run.folder):
                run.best.unlink()
