"""Running a sweep: a generator of events that prints nothing."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from charrnn.errors import RunError
from charrnn.sweeps.child import RunResult, train_run
from charrnn.sweeps.folder import TO_TRAIN, SweepFolder
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.search import Study
from charrnn.sweeps.spec import Spec
from charrnn.sweeps.watch import Watch

LOOK_SECONDS = (0.5, 5.0)
"""Shortest and longest time between two readings of all runs' metrics, in seconds."""

LOOK_SHARE = 0.01
"""Fraction of the time that reading metrics may take; with many runs, they are read less often."""


@dataclass(frozen=True)
class SweepStarted:
    """Event: the sweep is about to start."""

    sweep: str
    """The sweep's folder."""
    runs: int
    """Number of all runs."""
    to_train: int
    """Number of runs that will be trained."""
    failed: int
    """Number of runs that failed before and are not tried again."""


@dataclass(frozen=True)
class RunEvaluated:
    """Event: a run has evaluated its model; ``metrics`` is the new line of its metrics.jsonl."""

    run: str
    metrics: dict[str, Any]
    progress: float
    """The fraction of the sweep that is done, 0 to 1."""
    value: float | None = field(repr=False)
    """The value of the run's metric."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, without the value, which is one of the metrics."""
        return {name: value for name, value in vars(self).items() if name != "value"}


@dataclass(frozen=True)
class RunEnded:
    """Event: a run is done, was cut or pruned after saving, or has failed."""

    run: str
    state: str
    why: str
    metric: str
    """The name of the run's metric."""
    best: float | None
    """The metric's best value."""
    steps: int
    seconds: float
    progress: float
    """The fraction of the sweep that is done, 0 to 1."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, with the best value under the name of its metric."""
        values = {name: value for name, value in vars(self).items() if name != "metric"}
        return {f"best_{self.metric}" if name == "best" else name: value for name, value in values.items()}


@dataclass(frozen=True)
class SweepEnded:
    """Event: the sweep has ended, and no run is training."""

    done: int
    failed: int
    pruned: int
    """Number of runs that a search has ended early."""
    interrupted: bool
    """Whether the sweep was stopped before all runs had ended."""


SweepEvent = SweepStarted | RunEvaluated | RunEnded | SweepEnded


class Executor(Protocol):
    """An executor, which trains runs on this machine or on a cluster."""

    def submit(self, run: PlannedRun, folder: SweepFolder) -> "Future[RunResult]":
        """Train a run as soon as a place is free; return a future of its result."""

    def room(self) -> int:
        """Return how many runs can train at once."""

    def check(self) -> None:
        """Check that the current runs can still be trained and stopped."""

    def stop(self) -> None:
        """Let the current runs save and stop, and start no other."""

    def lost(self) -> str:
        """Build the error message after a future was cancelled."""

    def close(self) -> None:
        """Wait for the current runs."""


class LocalExecutor:
    """An executor that trains runs on this machine.

    Args:
        jobs: number of runs at once.
        threads: number of threads of each run.
    """

    def __init__(self, jobs: int, threads: int) -> None:
        self._jobs, self._threads = jobs, threads
        self._executor = ThreadPoolExecutor(jobs)
        self._stopped = threading.Event()

    def submit(self, run: PlannedRun, folder: SweepFolder) -> "Future[RunResult]":
        """Train a run as soon as a place is free; return a future of its result."""
        return self._executor.submit(train_run, run, folder.folder, self._threads, self._stopped.is_set)

    def room(self) -> int:
        """Return how many runs can train at once."""
        return self._jobs

    def check(self) -> None:
        """Do nothing, as this machine stays available."""

    def stop(self) -> None:
        """Let the current runs save and stop, and start no other."""
        self._stopped.set()

    def lost(self) -> str:
        """Raise NotImplementedError, as this machine cancels no run."""
        raise NotImplementedError

    def close(self) -> None:
        """Wait for the current runs."""
        self._executor.shutdown()


class Sweep:
    """The training of all runs of a spec that have not ended.

    Args:
        spec: the runs and the search.
        folder: the sweep's folder, locked by this process.
        place: the executor that trains the runs; the caller closes it.
        retry_failed: whether to try runs again that failed before.

    Raises:
        CharrnnError: The study of the spec's search cannot go on.
    """

    def __init__(self, spec: Spec, folder: SweepFolder, place: Executor, *, retry_failed: bool = False) -> None:
        self._folder, self._place, self._retry_failed = folder, place, retry_failed
        self._study = Study(spec.search, folder.study) if spec.search else None
        self._plan = [*spec.runs, *(self._study.runs() if self._study else ())]
        self._total = len(spec.runs) + (self._study.total if self._study else 0)
        self._watches: dict[str, Watch] = {}
        self._stopping = False

    def stop(self) -> None:
        """Let the current runs save and stop; can be called from a signal handler."""
        self._stopping = True

    def events(self) -> Generator[SweepEvent, None, None]:
        """Train the runs; yields events.

        Raises:
            RunError: The cluster or all of its workers are gone.
        """
        self._folder.keep_plan(self._plan)
        if self._retry_failed:
            self._folder.forget_failures()
        states = self._folder.states(self._plan)
        ends = Counter(states.values())
        runs = [run for run in self._plan if states[run.name] in TO_TRAIN]
        self._at_rest = len(self._plan) - len(runs)
        yield SweepStarted(str(self._folder.folder), self._total, self._total - self._at_rest, ends["failed"])
        for run in self._plan:
            if self._study and self._study.awaits(run.name) and states[run.name] not in TO_TRAIN:
                self._study.tell(run.name, states[run.name], self._watch(run).best)
        try:
            for run, result in self._results(runs):
                if not isinstance(result, RunResult):
                    yield RunEvaluated(run.name, result, self._progress(), run.metric.of(result))
                    continue
                ends[result.state] += 1
                if result.state == "failed":
                    self._folder.fail(run.name, result.why)
                if self._study:
                    self._study.tell(run.name, result.state, self._watches[run.name].best)
                if result.state != "waiting":
                    yield self._ended(run, result)
        finally:
            self._place.stop()
        done, failed, pruned = (ends[state] for state in ("done", "failed", "pruned"))
        yield SweepEnded(done, failed, pruned, interrupted=done + failed + pruned < self._total)

    def _results(self, runs: Iterable[PlannedRun]) -> Iterator[tuple[PlannedRun, RunResult | dict[str, Any]]]:
        """Yield each run's result and, in between, each new line of metrics."""
        futures: dict[Future[RunResult], PlannedRun] = {}
        told, look_at = False, 0.0
        while True:
            for run in itertools.chain(runs, self._asked(futures)):
                self._watches[run.name] = self._watch(run)
                futures[self._place.submit(run, self._folder)] = run
            if not futures:
                return
            runs = ()
            ended, _ = wait(futures, max(0.0, look_at - time.monotonic()), FIRST_COMPLETED)
            if self._stopping and not told:
                self._place.stop()
                told = True
            began = time.monotonic()
            for run in list(futures.values()) if began >= look_at else [futures[future] for future in ended]:
                for record in self._news(run):
                    yield run, record
            if began >= look_at:
                self._place.check()
                shortest, longest = LOOK_SECONDS
                now = time.monotonic()
                look_at = now + min(longest, max(shortest, (now - began) / LOOK_SHARE))
            for future in ended:
                yield futures.pop(future), self._result(future)

    def _asked(self, futures: Collection[object]) -> Iterator[PlannedRun]:
        """Yield new trials of the search, as many as can train beside the current runs."""
        while self._study and not self._stopping and len(futures) < self._place.room() and (run := self._study.ask()):
            self._plan.append(run)
            self._folder.keep_plan(self._plan)
            yield run

    def _watch(self, run: PlannedRun) -> "Watch":
        """Begin to follow a run, and report its earlier evaluations to the search."""
        watch = Watch(self._folder.run(run), run)
        self._report(run, watch, watch.news())
        return watch

    def _news(self, run: PlannedRun) -> list[dict[str, Any]]:
        """Read the new lines of a run's metrics."""
        watch = self._watches[run.name]
        news = watch.news()
        self._report(run, watch, news)
        return news

    def _report(self, run: PlannedRun, watch: "Watch", records: Sequence[dict[str, Any]]) -> None:
        """Report evaluations to the search, which may end the run."""
        for record in records:
            if self._study and self._study.evaluated(run.name, run.metric.of(record), watch.progress_at(record)):
                self._folder.prune(run.name, record["step"])

    def _result(self, future: "Future[RunResult]") -> RunResult:
        try:
            return future.result()
        except CancelledError:
            raise RunError(self._place.lost()) from None
        except Exception as error:  # no process could be started, or workers kept dying
            return RunResult("failed", " ".join(str(error).split()) or type(error).__name__)

    def _ended(self, run: PlannedRun, result: RunResult) -> RunEnded:
        watch = self._watches[run.name]
        if result.state != "cut":
            watch.progress = 1.0
        return RunEnded(
            run.name,
            result.state,
            result.why,
            run.metric.name,
            watch.best,
            watch.steps,
            watch.seconds,
            self._progress(),
        )

    def _progress(self) -> float:
        at_work = sum(watch.progress for watch in self._watches.values())
        return (self._at_rest + at_work) / self._total
