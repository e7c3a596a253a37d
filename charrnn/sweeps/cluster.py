"""Training of runs on a Dask cluster, whose workers reach the sweep's folder and the texts under the same paths.

A worker trains each run in its own process. If a worker dies, its processes save and stop, and Dask gives its runs to
other workers, which resume them.
"""

import hashlib
import logging
import os
import re
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from charrnn.errors import ConfigError, RunError
from charrnn.storage.atomic import reason
from charrnn.sweeps.child import RunResult, train_run
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.workers import available_threads

LOCAL = "local"

CONNECT_SECONDS = 5

WORKERLESS_SECONDS = 60
"""Seconds for which a cluster may have no worker, such as while one restarts."""


class Cluster:
    """An executor that trains runs on a running Dask cluster, or on one that is started here for the sweep.

    Args:
        where: address of the scheduler, path of its scheduler file, or "local".
        jobs: number of workers of a local cluster.
        threads: number of threads of each run; by default a worker's cores divided by its number of parallel tasks.

    Raises:
        ConfigError: ``where`` is invalid, or Dask is not installed.
        RunError: No scheduler answers.
    """

    def __init__(self, where: str, jobs: int, threads: int | None) -> None:
        is_file = Path(where).is_file()
        if where != LOCAL and not is_file and not re.fullmatch(r"(\w+://)?\S+:\d+", where):
            raise ConfigError(
                f"--dask must be {LOCAL!r}, an address such as tcp://10.0.0.1:8786, or a scheduler file, not {where!r}"
            )
        try:
            from distributed import Client, Event, LocalCluster
        except ImportError:
            raise ConfigError("--dask needs Dask: install it with pip install 'charrnn-cpu[dask]'") from None
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # this class reports a lost scheduler
        self._where, self._threads = where, threads
        self._local: Any = None
        if where == LOCAL:
            self._threads = threads or max(1, available_threads() // jobs)
            self._local = LocalCluster(  # workers are threads, as runs are processes; so only this process gets Ctrl-C
                n_workers=jobs, threads_per_worker=1, processes=False, dashboard_address=":0"
            )
        address = {"scheduler_file": where} if is_file else {"address": self._local or where}
        try:
            self._client = Client(**address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RunError(f"no Dask scheduler answers at {where}: {reason(error)}; start one, or check it") from None
        self._executor = self._client.get_executor(pure=False)
        self._event = Event
        self._stopped: Any = None
        self._stopping = False
        self._last_worker: float | None = None

    def submit(self, run: PlannedRun, folder: SweepFolder) -> "Future[RunResult]":
        """Train a run as soon as a worker is free; returns its future result."""
        where = folder.folder.resolve()
        if self._stopped is None:
            self._stopped = self._event(f"charrnn-stop-{_digest(where)}", client=self._client)
            self._stopped.clear()
        future: Future[RunResult] = self._executor.submit(
            _train_on_worker, run, where, self._threads, self._stopped, key=_key(run, where)
        )
        return future

    def room(self) -> int:
        """Return how many runs can train at once.

        Raises:
            RunError: The scheduler is gone.
        """
        try:
            threads: dict[str, int] = self._client.nthreads()
            return max(1, sum(threads.values()))
        except OSError:
            raise RunError(self.lost()) from None

    def check(self) -> None:
        """Check that the cluster has workers, or may still get some.

        Raises:
            RunError: All workers are gone, or there is none to stop the runs.
        """
        now = time.monotonic()
        try:
            workers = self._client.nthreads()
        except OSError:  # Dask tries to reconnect, and cancels the runs if it cannot
            return
        if workers:
            self._last_worker = now
        elif self._stopping or (self._last_worker is not None and now - self._last_worker > WORKERLESS_SECONDS):
            raise RunError(
                f"no worker is left on the Dask cluster at {self._where}: start one, and the sweep again, which goes on"
            )

    def stop(self) -> None:
        """Let the current runs save and stop, and start no other."""
        self._stopping = True
        if self._stopped is not None and self._client.status == "running":
            self._stopped.set()

    def lost(self) -> str:
        """Build the error message for a run that Dask has cancelled because its scheduler is gone."""
        return (
            f"lost the Dask scheduler at {self._where}: the runs save and stop; start the sweep again once it is back"
        )

    def close(self) -> None:
        """Wait for the current runs."""
        self._client.close()
        if self._local:
            self._local.close()


def _train_on_worker(run: PlannedRun, folder: Path, threads: int | None, stopped: Any) -> RunResult:
    """Train a run on the worker that executes this task."""
    from distributed import get_worker

    at_once = get_worker().state.nthreads
    return train_run(run, folder, threads or max(1, available_threads() // at_once), stopped.is_set)


def _key(run: PlannedRun, folder: Path) -> str:
    """Return the task's key; Dask's dashboard shows the part before the dash that a digit follows."""
    return f"{folder.name}: {run.name}".replace("-", "_") + f"-0{_digest(folder)}"


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
