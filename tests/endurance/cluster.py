"""A Dask cluster on loopback, each part of it a process."""

import os
import signal
import socket
import subprocess
import sys
import time

from endurance.sweeps import children


class LoopbackCluster:
    """A scheduler and workers that can be killed; to be closed.

    Attributes:
        address: of the scheduler.
        workers: their processes.
    """

    def __init__(self, workers=2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.address = f"tcp://127.0.0.1:{port}"
        self._scheduler = _start("scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", ":0")
        self.workers = [self._worker() for _ in range(workers)]

    def _worker(self):
        return _start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def kill_worker(self, index):
        """Kill a worker and its run, as a machine that goes away."""
        worker = self.workers[index]
        worker.send_signal(signal.SIGSTOP)  # so that it starts no other run meanwhile
        for pid in (*children(worker.pid), worker.pid):
            os.kill(pid, signal.SIGKILL)
        worker.wait()

    def replace_worker(self, index):
        """Kill a worker that is at work, if it can be the one of that index, and its run; and start another."""
        deadline = time.monotonic() + 60
        while not (busy := [i for i, worker in enumerate(self.workers) if children(worker.pid)]):
            assert time.monotonic() < deadline, "no worker is at work"
            time.sleep(0.05)
        index = index if index in busy else busy[0]
        self.kill_worker(index)
        self.workers[index] = self._worker()

    def close(self):
        """Kill all of it."""
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()


def _start(kind, *options):
    words = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
