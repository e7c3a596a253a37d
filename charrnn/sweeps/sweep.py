"""The sweep itself: a generator of events that prints nothing."""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from charrnn.errors import RunError
from charrnn.storage.metrics import read_metrics
from charrnn.storage.run import Run
from charrnn.sweeps.child import Outcome, train_run
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.spec import PlannedRun, Spec
from charrnn.training.settings import limits_in, parts_done

LOOK_SECONDS = (0.5, 5.0)
"""The shortest and the longest time between two looks at the metrics of all runs."""

LOOK_SHARE = 0.01
"""The part of the time that goes into looking, where there are so many runs that it matters."""


@dataclass(frozen=True)
class SweepStarted:
    """What is about to be done."""

    sweep: str
    """The sweep's folder."""
    runs: int
    """In all."""
    to_train: int
    """That are neither done nor, without a retry, failed."""
    failed: int
    """Before, and not tried again."""


@dataclass(frozen=True)
class RunEvaluated:
    """A run has evaluated; ``metrics`` is the new line of its metrics.jsonl."""

    run: str
    metrics: dict[str, Any]
    progress: float
    """The part of the sweep that is done, 0 to 1."""


@dataclass(frozen=True)
class RunEnded:
    """A run is done, was cut after saving, or has failed."""

    run: str
    state: str
    why: str
    best_bpc: float | None
    steps: int
    seconds: float
    progress: float
    """The part of the sweep that is done, 0 to 1."""


@dataclass(frozen=True)
class SweepEnded:
    """No run is at work any more."""

    done: int
    failed: int
    interrupted: bool
    """Before all were done or had failed."""


Event = SweepStarted | RunEvaluated | RunEnded | SweepEnded


class Place(Protocol):
    """Where runs are trained."""

    def submit(self, run: PlannedRun, folder: SweepFolder) -> "Future[Outcome]":
        """Train a run, as soon as there is room."""

    def stop(self) -> None:
        """Let the runs at work save and stop, and begin no other."""

    def lost(self) -> str:
        """Why the place is gone, after a future has been cancelled."""

    def close(self) -> None:
        """Wait for the runs at work."""


class ThisMachine:
    """Runs at once on this machine.

    Args:
        jobs: how many at once.
        threads: of each.
    """

    def __init__(self, jobs: int, threads: int) -> None:
        self._threads = threads
        self._executor: Executor = ThreadPoolExecutor(jobs)
        self._stopped = threading.Event()

    def submit(self, run: PlannedRun, folder: SweepFolder) -> "Future[Outcome]":
        """Train a run, as soon as there is room."""
        return self._executor.submit(train_run, run, folder.folder, self._threads, self._stopped.is_set)

    def stop(self) -> None:
        """Let the runs at work save and stop, and begin no other."""
        self._stopped.set()

    def lost(self) -> str:
        """This machine cancels nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Wait for the runs at work."""
        self._executor.shutdown()


class Sweep:
    """Trains the runs of a spec that are not done yet.

    Args:
        spec: what to train.
        folder: where to; this process has begun it.
        place: where the runs are trained, to be closed by the caller.
    """

    def __init__(self, spec: Spec, folder: SweepFolder, place: Place) -> None:
        self._spec, self._folder, self._place = spec, folder, place
        self._stopping = False

    def stop(self) -> None:
        """Let the runs at work save and stop. Safe to call from a signal handler."""
        self._stopping = True

    def events(self) -> Generator[Event, None, None]:
        """Train.

        Raises:
            RunError: the place where runs are trained is gone.
        """
        states = self._folder.states(self._spec.runs)
        runs = [run for run in self._spec.runs if states[run.name] in ("waiting", "cut")]
        failed = sum(state == "failed" for state in states.values())
        yield SweepStarted(str(self._folder.folder), len(states), len(runs), failed)
        self._watches = {run.name: Watch(self._folder.run(run), run) for run in runs}
        self._at_rest = len(states) - len(runs)
        outcomes: list[Outcome] = []
        try:
            for run, outcome in self._outcomes(runs):
                if not isinstance(outcome, Outcome):
                    yield RunEvaluated(run.name, outcome, self._progress())
                    continue
                outcomes.append(outcome)
                if outcome.state == "failed":
                    self._folder.fail(run.name, outcome.why)
                if outcome.state != "waiting":
                    yield self._ended(run, outcome)
        finally:
            self._place.stop()
        failed += sum(outcome.state == "failed" for outcome in outcomes)
        done = sum(state == "done" for state in states.values()) + sum(o.state == "done" for o in outcomes)
        yield SweepEnded(done, failed, interrupted=done + failed < len(states))

    def _outcomes(self, runs: Sequence[PlannedRun]) -> Iterator[tuple[PlannedRun, Outcome | dict[str, Any]]]:
        """What becomes of each run, and between that each new line of metrics."""
        futures = {self._place.submit(run, self._folder): run for run in runs}
        told, look_at = False, 0.0
        while futures:
            ended, _ = wait(futures, max(0.0, look_at - time.monotonic()), FIRST_COMPLETED)
            if self._stopping and not told:
                self._place.stop()
                told = True
            began = time.monotonic()
            for run in list(futures.values()) if began >= look_at else [futures[future] for future in ended]:
                for record in self._watches[run.name].news():
                    yield run, record
            if began >= look_at:
                shortest, longest = LOOK_SECONDS
                now = time.monotonic()
                look_at = now + min(longest, max(shortest, (now - began) / LOOK_SHARE))
            for future in ended:
                yield futures.pop(future), self._result(future)

    def _result(self, future: "Future[Outcome]") -> Outcome:
        try:
            return future.result()
        except CancelledError:
            raise RunError(self._place.lost()) from None
        except Exception as error:  # no process could be started, or its workers died again and again
            return Outcome("failed", " ".join(str(error).split()) or type(error).__name__)

    def _ended(self, run: PlannedRun, outcome: Outcome) -> RunEnded:
        watch = self._watches[run.name]
        if outcome.state != "cut":
            watch.progress = 1.0
        return RunEnded(
            run.name, outcome.state, outcome.why, watch.best_bpc, watch.steps, watch.seconds, self._progress()
        )

    def _progress(self) -> float:
        at_work = sum(watch.progress for watch in self._watches.values())
        return (self._at_rest + at_work) / (self._at_rest + len(self._watches))


class Watch:
    """Follows the metrics of a run.

    Attributes:
        best_bpc: the lowest so far; of the training where nothing validates.
        steps: at the last evaluation.
        seconds: at the last evaluation.
        progress: the part of the run that is done, 0 to 1.
    """

    def __init__(self, run: Run, planned: PlannedRun) -> None:
        self.best_bpc: float | None = None
        self.steps, self.seconds, self.progress = 0, 0.0, 0.0
        self._run, self._limits = run, limits_in(planned.options)
        self._size = -1
        self.news()

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
            self.best_bpc = best_bpc(records)
            self.steps, self.seconds = last["step"], last["seconds"]
            parts = parts_done(self._limits, self.steps, last["epoch"], self.seconds)
            self.progress = min(1.0, max(parts.values()))
        return new


def best_bpc(records: Sequence[dict[str, Any]]) -> float | None:
    """The lowest bits per character of the validation text, or else of the training."""
    values = [record["train_bpc"] if record["val_bpc"] is None else record["val_bpc"] for record in records]
    return min((value for value in values if value is not None), default=None)
