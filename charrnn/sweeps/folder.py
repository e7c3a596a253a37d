"""A sweep's folder, which holds a folder for each run.

sweep.json     the planned runs
failures.json  the errors of failed runs
pruned.json    the runs that a search has ended early, with their last steps
study.log      the journal of a search; see ``charrnn.sweeps.search``
corpus-*.safetensors  texts as ids, to which the runs' files are hard links, so that each text is stored once
.lock          the file that the sweep's process locks
"""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from charrnn.errors import CheckpointError, ConfigError, RunError
from charrnn.kinds.header import config_of
from charrnn.storage.atomic import write_atomically, writing
from charrnn.storage.checkpoint import load_header
from charrnn.storage.lock import FolderLock
from charrnn.storage.run import SWEEP_PLAN, Run
from charrnn.storage.run_metadata import RunMetadata
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.spec import is_trial
from charrnn.sweeps.watch import Watch
from charrnn.system import remove
from charrnn.training.progress import Progress
from charrnn.training.settings import LIMITS, limits_in, parts_done

RunState = Literal["waiting", "cut", "done", "failed", "pruned"]
"""State of a run: not started, started and to be resumed, finished, ended by an error, or ended early by a search."""

TO_TRAIN = ("waiting", "cut")

FREE_ANEW = (*LIMITS, "eval-every", "save-every", "keep", "threads")
"""Options that may differ when a sweep is started again."""


class SweepFolder:
    """The folder of a sweep's runs.

    Attributes:
        folder: ``checkpoints/<sweep>``. No file is read or created before a method needs it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def begin(self) -> None:
        """Create and lock the folder.

        Raises:
            RunError: Another process runs the sweep, the folder is a run's, or it cannot be written.
        """
        if Run(self.folder).exists():
            raise RunError(f"{self.folder} is a run and cannot hold a sweep: give the sweep another name")
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(self.folder, "sweep")

    def end(self) -> None:
        """Release the lock."""
        self._lock.release()

    @property
    def study(self) -> Path:
        """Path of the journal of a search."""
        return self.folder / "study.log"

    def keep_plan(self, runs: Sequence[PlannedRun]) -> None:
        """Store the planned runs.

        Raises:
            ConfigError: A run that has started had other options, apart from ``FREE_ANEW``.
        """
        before = {run.name: run for run in self.plan()} if (self.folder / SWEEP_PLAN).exists() else {}
        for run in runs:
            if run != before.get(run.name, run) and self.run(run).last.is_file():
                _check_same(before[run.name], run)
        self._write(SWEEP_PLAN, {"runs": [asdict(run) for run in runs]})

    def plan(self) -> list[PlannedRun]:
        """Read the planned runs.

        Raises:
            RunError: There is no sweep here, or its plan is damaged.
        """
        plan = self._read(SWEEP_PLAN)
        if plan is None:
            raise RunError(f"no sweep in {self.folder}: start one with: charrnn sweep SPEC.toml")
        try:
            return [PlannedRun(**{**run, "sources": tuple(run["sources"])}) for run in plan["runs"]]
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.folder / SWEEP_PLAN} is damaged: start the sweep again") from error

    def trials(self) -> list[PlannedRun]:
        """Read the planned runs that a search has chosen so far; none without a sweep."""
        return [run for run in self.plan() if is_trial(run.name)] if self.study.exists() else []

    def failures(self) -> dict[str, str]:
        """Read the errors of failed runs, by name."""
        return self._read("failures.json") or {}

    def fail(self, name: str, why: str) -> None:
        """Store the error of a failed run."""
        self._write("failures.json", {**self.failures(), name: why})

    def forget_failures(self) -> None:
        """Remove all errors, so that failed runs are tried again."""
        self._write("failures.json", {})

    def pruned(self) -> dict[str, int]:
        """Read the last steps of runs that were ended early, by name."""
        return self._read("pruned.json") or {}

    def prune(self, name: str, step: int) -> None:
        """End a run early for good, after ``step``; on whichever machine it trains, it saves and stops."""
        self._write("pruned.json", {**self.pruned(), name: step})

    def lend_text(self, planned: PlannedRun) -> None:
        """Link the cached text that an earlier run has left into a new run with the same text, which checks it."""
        run, text = self.run(planned), self._text(planned)
        if text.is_file() and not run.corpus.exists():
            with contextlib.suppress(OSError):  # without hard links, each run reads its text itself
                run.folder.mkdir(exist_ok=True)
                run.corpus.hardlink_to(text)

    def keep_text(self, planned: PlannedRun) -> None:
        """Keep a run's cache of its text for other runs."""
        made, text = self.run(planned).corpus, self._text(planned)
        with contextlib.suppress(OSError):
            if not (text.exists() and text.samefile(made)):
                if text.exists():
                    remove(text)
                text.hardlink_to(made)

    def _text(self, planned: PlannedRun) -> Path:
        options = planned.options
        how = [options[name] for name in ("documents", "min-count") if name in options]
        key = repr((planned.sources, options.get("encoding"), options.get("bytes"), *how))
        return self.folder / f"corpus-{hashlib.sha256(key.encode()).hexdigest()[:8]}.safetensors"

    def progress(self, planned: PlannedRun) -> float:
        """Return the fraction of a run that was done at its last evaluation."""
        watch = Watch(self.run(planned), planned)
        watch.news()
        return watch.progress

    def run(self, planned: PlannedRun) -> Run:
        """Return the run in its folder."""
        return Run(self.folder / planned.name)

    def states(self, runs: Sequence[PlannedRun]) -> dict[str, RunState]:
        """Return the state of each run, by name."""
        failures, pruned, begun = self.failures(), self.pruned(), {path.name for path in self.folder.glob("*")}
        states: dict[str, RunState] = {}
        for run in runs:
            at_rest: RunState = "failed" if run.name in failures else "waiting"
            state = _state(self.run(run), run) if at_rest == "waiting" and run.name in begun else at_rest
            states[run.name] = "pruned" if run.name in pruned and state in TO_TRAIN else state
        return states

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        with writing(path), contextlib.suppress(FileNotFoundError):
            try:
                values = json.loads(path.read_bytes())
            except ValueError:
                values = None
            if not isinstance(values, dict):
                raise RunError(f"{path} is damaged: remove it")
            return values
        return None

    def _write(self, name: str, values: dict[str, Any]) -> None:
        path = self.folder / name
        with writing(path):
            write_atomically(path, json.dumps(values, indent=1).encode() + b"\n")


def _check_same(before: PlannedRun, run: PlannedRun) -> None:
    old, new = ({"corpus": list(run.sources), **run.options} for run in (before, run))
    for key in dict.fromkeys((*old, *new)):
        if key not in FREE_ANEW and old.get(key) != new.get(key):
            raise ConfigError(
                f"{key} of {run.name!r} was {_said(old, key)} when it was begun and is now {_said(new, key)}: "
                "leave it as it was, remove the run's folder, or give the sweep another name"
            )


def _said(options: dict[str, Any], key: str) -> str:
    return repr(options[key]) if key in options else "not given"


def _state(run: Run, planned: PlannedRun) -> RunState:
    """Read a run's state from its files; a run without an evaluation of its end counts as cut.

    A limit that has ended the run counts as reached until it is raised. The seconds in the last checkpoint cannot show
    that a time limit was reached, as the time may have run out during the evaluation before the save. A model that only
    counts the text saves no checkpoint before it is done.
    """
    if not run.last.is_file():
        return "waiting"
    try:
        header = load_header(run.last)
        if "steps" in config_of(header).kind.lacks:
            return "done"
        progress, metadata = Progress.from_dict(header["progress"]), RunMetadata.read(run.metadata)
        limits = limits_in(
            planned.options if planned.options.keys() & LIMITS else header["settings"]
        )  # else the limits came from environment variables
        parts = parts_done(limits, progress.step, header["epoch"], metadata.seconds if metadata else 0.0)
        before = limits_in(header["settings"])
        reached = any(metadata and name == metadata.ended and limits[name] <= before.get(name, 0) for name in limits)
    except (CheckpointError, KeyError, TypeError):
        return "cut"  # the run itself reports it
    waited = progress.has_waited({"patience": 0, **header["settings"], **planned.options}["patience"])
    ended = (waited or reached or max(parts.values()) >= 1) and progress.evaluated_step == progress.step
    return "done" if ended else "cut"
