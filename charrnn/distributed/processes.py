"""What the processes of a run share before it starts: the text, the machines' speed, the settings."""

import atexit
import contextlib
import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from charrnn import __version__
from charrnn.distributed.communicator import Communicator
from charrnn.distributed.local_steps import LocalSteps
from charrnn.distributed.synchronous import Synchronous
from charrnn.errors import CharrnnError, CheckpointError, ConfigError, RunError, TrainingError
from charrnn.kernels.processor import compiled_for
from charrnn.storage.corpus import stored_corpus
from charrnn.text.corpus import Corpus
from charrnn.training.settings import TrainingSettings
from charrnn.workers import available_threads

SENT_AT_ONCE = 1 << 24
"""Number of ids that are sent at a time."""


ENDED = "ended"
"""What process 0 tells when the job has ended."""

SHARED_ERRORS = (ConfigError, CheckpointError, RunError, TrainingError)
"""Errors that all processes raise at the same time, or process 0 when the others have nothing left to do."""


@dataclass(frozen=True)
class Machine:
    """What a process knows about where it runs.

    Attributes:
        name: the machine's name.
        cores: the cores that the process may use; some number where the system does not tell.
        threads: how many of them at a time.
        processor: name and features for which kernels are compiled.
        version: of charrnn.
    """

    name: str
    cores: frozenset[int]
    threads: int
    processor: tuple[str, ...]
    version: str

    @classmethod
    def here(cls) -> "Machine":
        """Describe this process."""
        cores = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset({0})
        return cls(platform.node(), cores, available_threads(), compiled_for(), __version__)


class Processes(Synchronous):
    """All processes that MPI has started for a run.

    Raises:
        ConfigError: MPI is missing, has started only this process, or the processes differ in their version.
    """

    def __init__(self) -> None:
        super().__init__(Communicator())
        if self.processes == 1:
            raise ConfigError(
                "--distributed needs several processes, not one: start them with mpirun -n 4 charrnn train"
            )
        own = Machine.here()
        self._machines: list[Machine] = [self._communicator.broadcast(own, root) for root in range(self.processes)]
        versions = {machine.version for machine in self._machines}
        if len(versions) > 1:
            raise ConfigError(
                f"all machines must have the same charrnn, not {' and '.join(sorted(versions))}: update it"
            )
        self._own, self._training = own, False
        self._communicator.crowded = len(self._neighbours()) > own.threads

    def threads(self) -> int:
        """The cores of this process, divided among the processes of this machine that may use them, too."""
        return max(1, self._own.threads // len(self._neighbours()))

    def _neighbours(self) -> list[Machine]:
        """The processes that may use the same cores as this one, with itself."""
        own = self._own
        return [other for other in self._machines if other.name == own.name and other.cores & own.cores]

    def begin(self, settings: TrainingSettings) -> Synchronous:
        """Return the processes as they work together in a run with these settings."""
        self.streams(settings.batch_size)
        return LocalSteps(self._communicator, settings) if settings.sync_every else self

    def notes(self) -> tuple[str, ...]:
        """Notes on the machines."""
        names = {machine.name for machine in self._machines}
        where = f"{len(names)} machines" if len(names) > 1 else "this machine"
        together = f"{self.processes} processes on {where} train together"
        kinds = Counter(machine.processor for machine in self._machines)
        if len(kinds) == 1:
            return (together,)
        listed = ", ".join(f"{count} on {processor[1]}" for processor, count in sorted(kinds.items()))
        return (together, f"the processors differ ({listed}): only the same ones repeat this run exactly")

    @contextlib.contextmanager
    def leading(self) -> Iterator[None]:
        """Let the other processes end after the body, the job of process 0.

        After an error in the middle of training they may be waiting for this process. Then all end when it ends, with
        MPI's abort.
        """
        try:
            yield
        except Exception as error:
            if self._training and not isinstance(error, SHARED_ERRORS):
                atexit.register(self.abort)
            else:
                self._end()
            raise
        self._end()

    def _end(self) -> None:
        self.tell(ENDED)
        self._communicator.close()

    def tell(self, what: str, *facts: Any) -> None:
        """Tell the other processes what to take part in; only process 0 calls this."""
        self._training |= what == "train"
        self._communicator.broadcast((what, facts))

    def hear(self) -> tuple[str, tuple[Any, ...]]:
        """Wait for what process 0 tells; only the others call this."""
        what, facts = self._communicator.broadcast(None)
        if what == ENDED:
            self._communicator.close()
        return what, facts

    def share_corpus(self, caches: tuple[Path, ...], corpus: Corpus | None) -> Corpus:
        """Give each process the text: from the cache of process 0, where the others can read it, or else in messages.

        Args:
            caches: files of which one holds the text.
            corpus: the text; None in processes other than 0.
        """
        communicator = self._communicator
        if corpus:
            self.tell("read", caches)
        size = int(communicator.exchange([len(corpus.ids) if corpus else 0])[0, 0])
        whole: Corpus = communicator.broadcast(corpus and replace(corpus, ids=corpus.ids[:0]))
        found = corpus or _stored(caches, whole.fingerprint, size)
        ids = np.empty(0 if found else size, whole.ids.dtype)
        if communicator.exchange([found is None]).any():
            for first in range(0, size, SENT_AT_ONCE):
                last = min(size, first + SENT_AT_ONCE)
                piece = np.array(corpus.ids[first:last]) if corpus else np.empty(last - first, ids.dtype)
                communicator.broadcast_array(piece)
                if found is None:
                    ids[first:last] = piece
        return replace(whole, ids=found.ids if found else ids)

    def abort(self) -> None:
        """End all processes at once."""
        self._communicator.abort()


def _stored(caches: tuple[Path, ...], fingerprint: str, size: int) -> Corpus | None:
    """The text with this fingerprint in one of the caches; None if this machine has no such file."""
    for cache in caches:
        with contextlib.suppress(CharrnnError, KeyError, TypeError, ValueError, OSError):
            corpus = stored_corpus(cache)
            if (corpus.fingerprint, len(corpus.ids)) == (fingerprint, size):
                return corpus
    return None
