"""Writing a run's events to its files.

Data that cannot be written is kept in memory, and the next call writes it first. So the metrics are never older than a
checkpoint.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from charrnn.errors import CheckpointError, RunError
from charrnn.storage.atomic import writing
from charrnn.storage.checkpoint import Checkpoint, load_header, save_checkpoint
from charrnn.storage.metrics import append_metrics, truncate_metrics
from charrnn.storage.replacement import replace, settle
from charrnn.storage.run import Run
from charrnn.storage.run_metadata import RunMetadata
from charrnn.system import remove

METRICS, SAMPLES = "metrics", "samples"
"""The files of lines."""


class Recorder:
    """The writer of a run's checkpoints and metrics.

    Attributes:
        failure: the error of the last write; None if everything is on the disk.

    Args:
        run: the run, locked by this process.
        keep: how many checkpoints before the last one are kept.
        resumed: whether the existing files belong to this run. If not, they stay until the new run has a last
            checkpoint; until then, the new run's files go into the folder of ``run.new``.
    """

    def __init__(self, run: Run, *, keep: int, resumed: bool) -> None:
        self.failure: RunError | None = None
        self._run, self._keep = run, keep
        self._files = run if resumed else run.new
        self._records: dict[str, list[Mapping[str, Any]]] = {METRICS: [], SAMPLES: []}
        self._best: Checkpoint | None = None

    def record(self, record: Mapping[str, Any], file: str = METRICS) -> None:
        """Append a line, which holds its ``step``, to the metrics or to the SAMPLES."""
        self._records[file].append(record)
        self._try(self._write_held)

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Save the best checkpoint."""
        self._best = checkpoint
        self._try(self._write_held)
        if self._best:  # not written yet: copy the tensors, as training changes them
            self._best = Checkpoint({name: t.copy() for name, t in checkpoint.tensors.items()}, checkpoint.header)

    def save_last(self, checkpoint: Checkpoint, metadata: RunMetadata, step: int) -> None:
        """Save the last checkpoint and the metadata."""

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

    def end(self, metadata: RunMetadata) -> None:
        """Save the metadata of a run that has ended, unless it has no checkpoint yet."""
        if self._files == self._run and RunMetadata.read(self._run.metadata) != metadata:
            self._try(lambda: metadata.write(self._run.metadata))

    def _write_held(self) -> None:
        for path, records in ((self._files.metrics, METRICS), (self._files.samples, SAMPLES)):
            self._write_records(path, self._records[records])
        if self._best:
            self._files.drop_mixture()
            save_checkpoint(self._files.best, self._best)
            self._best = None

    def _write_records(self, path: Path, records: list[Mapping[str, Any]]) -> None:
        if records and self.failure:  # a failed append may have written a part, or even all
            truncate_metrics(path, records[0]["step"] - 1)
        while records:
            append_metrics(path, records[0])
            del records[0]

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
    """Remove a run's metrics, samples and best model after ``step``, from which it resumes.

    A run that continues as before writes them again. For one that continues differently, the metrics would not show the
    best model.

    Raises:
        RunError: A file cannot be read, written or removed.
    """
    truncate_metrics(run.metrics, step)
    truncate_metrics(run.samples, step)
    with contextlib.suppress(CheckpointError, KeyError, TypeError):  # a missing or damaged model is not a later one
        if load_header(run.best)["progress"]["step"] > step:
            run.drop_mixture()
            with writing(run.folder):
                remove(run.best)
