"""A run's folder.

last.safetensors    the checkpoint to resume from
best.safetensors    the checkpoint to sample from
mixture.safetensors the same model together with counts and further networks, to score with
metrics.jsonl       a line for each evaluation
samples.jsonl       a line for each sample of the training
run.json            the text's sources, how often to save, the seconds taken, and why it ended
corpus.safetensors  the text as ids; can be read again from the sources
step-N.safetensors  the last checkpoints, if --keep asks for some
.new                the first files of a new run that replaces this one; see ``charrnn.storage.replacement``
member-N            the folder of a further network, a run of its own; see ``charrnn.member_runs``
.lock               the file that the training process locks
"""

import contextlib
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.errors import ConfigError, RunError
from charrnn.storage.atomic import leftovers, link_or_copy, reason, writing
from charrnn.storage.replacement import settle
from charrnn.storage.run_files import RunFiles
from charrnn.system import fits_everywhere, remove, scratch_file

if TYPE_CHECKING:
    from charrnn.storage.lock import FolderLock

KEPT = "step.safetensors"
"""Base of the names of temporary files of kept checkpoints."""

SWEEP_PLAN = "sweep.json"
"""A file that only a sweep's folder holds; see ``charrnn.sweeps.folder``."""

HERE = Path()

MOST_AHEAD = 300
"""Seconds by which the clock of a file server may be ahead of this machine's."""

PORTABLE = 'without any of <>:"|?*, a dot at its end, and names of devices such as CON, as Windows demands'
"""What a name must be that fits everywhere."""

NAMES_SHOWN = 5
"""How many runs an error message lists."""


@dataclass(frozen=True)
class Run(RunFiles):
    """A run's folder; files there are read or created only when a method is called."""

    _lock: "FolderLock | None" = field(default=None, compare=False, repr=False)
    _made: tuple[Path, ...] = field(default=(), compare=False, repr=False)
    """Folders that ``create`` made, the outermost first."""

    @classmethod
    def create(cls, checkpoints: Path, name: str, *, overwrite: bool = False) -> "Run":
        """Create and lock the folder of a new run, and check that files can be written there.

        With ``overwrite``, the files of an older run stay until those of ``new`` replace them.

        Raises:
            ConfigError: ``name`` is not a plain folder name on every system.
            RunError: The run exists already, its folder is a sweep's or cannot be written, or another job trains it.
        """
        folder = checkpoints / _checked(name)
        if not (fits_everywhere(name) or os.path.isdir(folder)):  # noqa: PTH112 - too long a name is no folder
            raise ConfigError(f"a run's name must be {PORTABLE}, not {name!r}: choose another --name")
        if _is_file(folder / SWEEP_PLAN):
            raise RunError(f"{folder} is a sweep and cannot hold a run: choose another --name")
        with writing(folder):
            made = tuple(path for path in (*reversed(folder.parents), folder) if not path.exists())
            folder.mkdir(parents=True, exist_ok=True)
        run = cls._locked(folder, made)
        if not overwrite and run.exists():
            run.release()
            raise RunError(
                f"a run called {name!r} exists already in {checkpoints}: continue it with --resume, "
                "replace it with --overwrite, or choose another --name"
            )
        return run

    @classmethod
    def open(cls, checkpoints: Path, name: str) -> "Run":
        """Find and lock the run to resume.

        Raises:
            ConfigError: ``name`` is neither a plain folder name nor SWEEP/RUN.
            RunError: The run or its ``last.safetensors`` is missing, its folder cannot be written, or another job
                trains it.
        """
        run = cls(checkpoints / (name if _is_below(name) else _checked(name)))
        if not (_is_file(run.last) or _is_file(run.new.last)):
            if _is_file(run.corpus):  # a process that trains it has not saved yet
                cls._locked(run.folder).release()
            raise run._nothing_to_resume(checkpoints, name)
        return cls._locked(run.folder)

    def _nothing_to_resume(self, checkpoints: Path, name: str) -> RunError:
        if others := [path.name for _, path in reversed(self.kept())]:
            return RunError(
                f"cannot resume the run: {self.last} is missing; copy another of its checkpoints to that name: "
                f"{' or '.join(others)}"
            )
        if _is_file(self.best):
            return RunError(
                f"cannot resume the run: {self.last} is missing; start a new run from {self.best.name} with --init-from"
            )
        if _is_file(self.corpus):
            return RunError(f"run {name!r} stopped before its first save: train it again")
        return RunError(f"no run called {name!r} to resume in {checkpoints}; {_runs_there(checkpoints, name)}")

    @classmethod
    def _locked(cls, folder: Path, made: tuple[Path, ...] = ()) -> "Run":
        """Lock a run's folder and clean up after killed processes."""
        from charrnn.storage.lock import FolderLock  # reading a run needs no lock

        with writing(folder):
            scratch_file(folder).close()
        run = cls(folder, FolderLock(folder), made)
        with writing(folder):
            for path in (
                run.last,
                run.best,
                run.mixture,
                run.metrics,
                run.samples,
                run.metadata,
                run.corpus,
                run.folder / KEPT,
            ):
                for leftover in leftovers(path):
                    with contextlib.suppress(FileNotFoundError):
                        remove(leftover)
            settle(run, run.new)
        return run

    def check_lock(self) -> None:
        """Check that the folder is still the one that this process has locked.

        Raises:
            RunError: The folder was removed or replaced.
        """
        if self._lock:
            self._lock.check()

    @property
    def lacks_locks(self) -> bool:
        """Whether the file system has no locks, so that another process might train the run at the same time."""
        return self._lock is not None and not self._lock.keeps_others_out

    def release(self) -> None:
        """Release the lock."""
        if self._lock:
            self._lock.release()

    def abandon(self) -> None:
        """Release a new run that failed to start; remove its files, and its folder if ``create`` made it."""
        with contextlib.suppress(OSError):
            settle(self, self.new)
        made = self._made if self.folder in self._made and not self.exists() else ()
        _remove_folders(made)
        self.release()
        _remove_folders(made)  # on Windows, the lock's file could not be removed before

    def drop_mixture(self) -> None:
        """Remove the mixture, such as one of an older best model.

        Raises:
            RunError: It cannot be removed.
        """
        if _is_file(self.mixture):
            with writing(self.folder):
                remove(self.mixture)

    def exists(self) -> bool:
        """Whether the run has checkpoints or metrics."""
        return any(_is_file(path) for path in (self.last, self.best, self.metrics))

    @property
    def new(self) -> "Run":
        """The new run that replaces this one."""
        return Run(self.folder / ".new")

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint to sample from: the best, else the last, else None."""
        return next((path for path in (self.best, self.last) if _is_file(path)), None)

    def checkpoint_for(self, mixed: bool | None) -> Path | None:
        """The checkpoint of the model together with counts, if ``mixed`` and there is one; else ``checkpoint``.

        None means that it is for models that answer, as only those that write copy what they have counted.
        """
        if mixed is False or not _is_file(self.mixture):
            return self.checkpoint
        return self.mixture if mixed or _answers(self.mixture) else self.checkpoint

    def keep_last(self, step: int, older: int) -> None:
        """Keep the last checkpoint and up to ``older`` ones before it, under names with their steps.

        Checkpoints of later steps are removed, as the run has gone back since.

        Raises:
            RunError: A file cannot be written or removed.
        """
        with writing(self.folder):
            link_or_copy(self.last, self.folder / f"step-{step:09d}.safetensors", beside=self.folder / KEPT)
            kept = [path for at, path in self.kept() if at <= step][-older - 1 :]
            for _, path in self.kept():
                if path not in kept:
                    with contextlib.suppress(FileNotFoundError):
                        remove(path)


def list_runs(checkpoints: Path) -> list[Run]:
    """List the runs in ``checkpoints`` that have a checkpoint, newest first; none if the folder is missing.

    Runs dated in the future come last, as the clock that dated them was wrong.

    Raises:
        RunError: The folder cannot be read.
    """
    try:
        folders = list(checkpoints.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RunError(
            f"cannot read {checkpoints}: {reason(error)}; choose another folder with --checkpoints"
        ) from error
    dated = [(_saved_at(Run(folder)), folder) for folder in folders if is_plain(folder.name)]
    now = time.time_ns() + MOST_AHEAD * 10**9
    newest_first = sorted((saved > now, -saved, folder) for saved, folder in dated if saved is not None)
    return [Run(folder) for *_, folder in newest_first]


def list_sweeps(checkpoints: Path) -> list[str]:
    """List the names of the sweeps in ``checkpoints``; none if the folder is missing."""
    return sorted(path.parent.name for path in checkpoints.glob(f"*/{SWEEP_PLAN}"))


def find_checkpoint(target: str | None, checkpoints: Path, *, beside: Path = HERE, mixed: bool | None = False) -> Path:
    """Find the checkpoint file that a user means.

    A run in ``checkpoints`` is preferred to a file or folder of the same name, such as a corpus without a suffix. For
    the latter, give ``./NAME``.

    Args:
        target: A run's name, SWEEP/RUN, a checkpoint file or a run's folder; None means the newest run.
        checkpoints: The folder that holds the runs.
        beside: The folder from which a relative path starts.
        mixed: Whether the model together with counts is meant, where a run has one; see ``Run.checkpoint_for``.

    Returns:
        The file itself, or a run's best or else last checkpoint.

    Raises:
        RunError: There is nothing with that name, or no run at all.
    """
    if target is None:
        for run in list_runs(checkpoints):
            if found := run.checkpoint_for(mixed):
                return found
        raise RunError(f"no run in {checkpoints} yet: train one with: charrnn train FILE")
    if _is_below(target) and (found := Run(checkpoints / target).checkpoint_for(mixed)):
        return found
    if target:  # an empty path, as of an unset variable, would be the current folder
        path = beside / target
        if _is_file(path):
            return path
        if found := Run(path).checkpoint_for(mixed):
            return found
    raise RunError(
        f"no run or checkpoint {target!r}: not a run in {checkpoints}, not a file, not a run's folder; "
        f"{_runs_there(checkpoints, target)}"
    )


def _answers(checkpoint: Path) -> bool:
    from charrnn.kinds.header import config_of
    from charrnn.storage.checkpoint import load_header

    return bool(config_of(load_header(checkpoint)).kind.answers)


def _runs_there(checkpoints: Path, wanted: str) -> str:
    """Build the end of an error message: the existing runs, newest first, and how to train one."""
    names: list[str] = []
    if _is_below(wanted):
        sweep = wanted.partition("/")[0]
        with contextlib.suppress(RunError):  # no folder can have such a name
            names = [f"{sweep}/{run.name}" for run in list_runs(checkpoints / sweep)]
    names = names or [run.name for run in list_runs(checkpoints)]
    shown = ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
    return f"runs there: {shown or 'none'}; train one with: charrnn train FILE"


def _saved_at(run: Run) -> int | None:
    """Return when the run's last or else best checkpoint was written, in ns; None if there is neither."""
    for path in (run.last, run.best):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime_ns
    return None


def _remove_folders(folders: Sequence[Path]) -> None:
    """Remove the files of the last of some nested folders, and the folders, as far as possible."""
    with contextlib.suppress(OSError):
        for path in folders[-1].iterdir() if folders else ():
            path.unlink()
        for folder in reversed(folders):
            folder.rmdir()


def _checked(name: str) -> str:
    if not isinstance(name, str) or not is_plain(name):
        raise ConfigError(
            f"a run's name must be a plain folder name such as 'shakespeare', not {name!r}: choose one with --name"
        )
    return name


def is_plain(name: str) -> bool:
    """Whether ``name`` is a folder name without separators, leading dot, control characters, or spaces at its ends."""
    return re.fullmatch(r"(?![.\s])[^/\\\x00-\x1f\x7f]+(?<!\s)", name) is not None


def _is_below(name: str) -> bool:
    """Whether ``name`` is a plain folder name, or SWEEP/RUN of two such names."""
    return name.count("/") <= 1 and all(map(is_plain, name.split("/")))


def _is_file(path: Path) -> bool:
    """Whether ``path`` is a file; False for paths that the system refuses, such as too long ones."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
