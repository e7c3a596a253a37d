"""The progress of a run, as its metrics show it."""

from collections.abc import Mapping
from typing import Any

from charrnn.errors import RunError
from charrnn.storage.metrics import read_metrics
from charrnn.storage.run import Run
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.training.settings import limits_in, parts_done


class Watch:
    """The metrics of a run as far as ``news`` has read them.

    Attributes:
        best: the best value of the run's metric so far.
        steps: the steps at the last evaluation.
        seconds: the seconds at the last evaluation.
        progress: the fraction of the run that is done, 0 to 1.
    """

    def __init__(self, run: Run, planned: PlannedRun) -> None:
        self.best: float | None = None
        self.steps, self.seconds, self.progress = 0, 0.0, 0.0
        self._run, self._limits, self._metric = run, limits_in(planned.options), planned.metric
        self._size = -1

    def news(self) -> list[dict[str, Any]]:
        """Read the lines written since the last call."""
        try:
            size = self._run.metrics.stat().st_size
        except OSError:
            return []
        if size == self._size:
            return []
        self._size = size
        try:
            records = read_metrics(self._run.metrics)
        except RunError:  # the run itself reports it
            return []
        new = [record for record in records if record["step"] > self.steps]
        if records:
            last = records[-1]
            self.best = self._metric.best(map(self._metric.of, records))
            self.steps, self.seconds, self.progress = last["step"], last["seconds"], self.progress_at(last)
        return new

    def progress_at(self, record: Mapping[str, Any]) -> float:
        """Return the fraction of the run that was done at an evaluation."""
        return min(1.0, max(parts_done(self._limits, record["step"], record["epoch"], record["seconds"]).values()))
