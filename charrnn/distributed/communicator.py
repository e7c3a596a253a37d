"""Messages between the processes that MPI has started.

All processes call the same methods in the same order. While it waits, a process spins only for a moment: there may be
more processes than cores, and Python handles signals only between two of its own instructions.
"""

import os
import pickle
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError
from charrnn.kernels.arrays import Array
from charrnn.workers import share

ASKING_SECONDS = 0.002
"""Seconds for which a waiting process asks again and again before it sleeps."""

NAP_SECONDS = 0.0002
"""Seconds for which a waiting process sleeps at a time."""


class Communicator:
    """The processes that MPI has started.

    Attributes:
        size: number of processes.
        rank: number of this process, from 0.
        crowded: whether this machine may have more processes than cores; then a waiting process lets others go first.

    Raises:
        ConfigError: mpi4py or MPI is missing.
    """

    def __init__(self) -> None:
        try:
            import mpi4py

            mpi4py.rc.thread_level = "funneled"  # helper threads send no messages
            from mpi4py import MPI
        except (ImportError, RuntimeError) as error:  # RuntimeError: there is no library of MPI
            raise ConfigError(
                f"--distributed needs mpi4py and MPI ({error}): install them with pip install 'charrnn-cpu[mpi]'"
            ) from None
        self.crowded = True
        self._world: Any = MPI.COMM_WORLD
        self._in_place: Any = MPI.IN_PLACE
        self._finalize: Any = MPI.Finalize
        self.size, self.rank = int(self._world.size), int(self._world.rank)

    def exchange(self, numbers: Sequence[float]) -> npt.NDArray[np.float64]:
        """Give each process the numbers of all: an array (processes, numbers)."""
        own, every = np.array(numbers, np.float64), np.empty((self.size, len(numbers)))
        self._wait(self._world.Iallgather(own, every))
        return every

    def broadcast(self, value: Any, root: int = 0) -> Any:
        """Give each process a copy of the object of process ``root``."""
        message = np.frombuffer(pickle.dumps(value), np.uint8) if self.rank == root else np.empty(0, np.uint8)
        size = int(self.exchange([len(message)])[root, 0])
        if self.rank != root:
            message = np.empty(size, np.uint8)
        self.broadcast_array(message, root)
        return value if self.rank == root else pickle.loads(message.data)

    def broadcast_array(self, array: Array, root: int = 0) -> None:
        """Copy the array of process ``root`` into those of the others, which have its shape and type."""
        self._wait(self._world.Ibcast(array, root))

    def send(self, array: Array, to: int) -> Any:
        """Begin to send an array; returns the request, for ``finish``."""
        return self._world.Isend(np.ascontiguousarray(array), to)

    def receive(self, array: Array, sender: int) -> None:
        """Receive into a contiguous array of the same shape and type."""
        self._wait(self._world.Irecv(array, sender))

    def finish(self, request: Any) -> None:
        """Wait until an array has been sent."""
        self._wait(request)

    def add_up(self, vector: Array) -> None:
        """Replace a vector (N,) by the sum of all processes' vectors, added in the order of the processes.

        Each process adds up its N / processes elements, which the others send, and sends them the sum. So it sends and
        receives 2 (processes - 1) / processes N elements, the least that is possible (Patarasuk and Yuan 2009).
        """
        segments = [share(len(vector), part, self.size) for part in range(self.size)]
        counts, starts = [last - first for first, last in segments], [first for first, _ in segments]
        own = counts[self.rank]
        parts = np.empty((self.size, own), vector.dtype)
        rows = [own] * self.size, [own * part for part in range(self.size)]
        self._wait(self._world.Ialltoallv([vector, (counts, starts)], [parts, rows]))
        total = vector[slice(*segments[self.rank])]
        total[:] = parts[0]
        for part in parts[1:]:
            total += part
        self._wait(self._world.Iallgatherv(self._in_place, [vector, (counts, starts)]))

    def close(self) -> None:
        """Leave MPI; all processes do so at the same time, and send nothing afterwards."""
        self._finalize()

    def abort(self) -> None:
        """End all processes at once, with exit code 1; MPI's own message is left out, as ours came before it."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        self._world.Abort(1)

    def _wait(self, request: Any) -> None:
        """Wait until an operation of MPI is done."""
        end = time.monotonic() + ASKING_SECONDS
        while not request.Test():
            if time.monotonic() > end:
                time.sleep(NAP_SECONDS)
            elif self.crowded and hasattr(os, "sched_yield"):
                os.sched_yield()
