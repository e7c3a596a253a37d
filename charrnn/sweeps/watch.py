"""How a run comes along, read from its metrics."""

from collections.abc import Mapping
from typing import Any

from charrnn.errors import RunError
from charrnn.storage.metrics import read_metrics
from charrnn.storage.run import Run
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.training.settings import limits_in, parts_done


class Watch:
    """Follows the metrics of a run, from the first call of ``news``.

    Attributes:
        best: the best value of the run's metric so far.
        steps: at the last evaluation.
        seconds: at the last evaluation.
        progress: the part of the run that is done, 0 to 1.
    """

    def __init__(self, run: Run, planned: PlannedRun) -> None:
        self.best: float | None = None
        self.steps, self.seconds, self.progress = 0, 0.0, 0.0
        self._run, self._limits, self._metric = run, limits_in(planned.options), planned.metric
        self._size = -1

    def news(self) -> list[dict[str, Any]]:
        """The lines that have been written since the last call."""
        try:
            size = self._run.metrics.stat().st_size
        except OSError:
            return []
        if size == self._size:
            return []
        self._size = size
        try:
            records = read_metrics(self._run.metrics)
        except RunError:  # the run itself will fail over it
            return []
        new = [record for record in records if record["step"] > self.steps]
        if records:
            last = records[-1]
            self.best = self._metric.best(map(self._metric.of, records))
            self.steps, self.seconds, self.progress = last["step"], last["seconds"], self.progress_at(last)
        return new

    def progress_at(self, record: Mapping[str, Any]) -> float:
        """The part of the run that was done when it evaluated so."""
        return min(1.0, max(parts_done(self._limits, record["step"], record["epoch"], record["seconds"]).values()))
