"""Synchronous training: each process has some rows of each batch, and gradients are added up at each step.

With weights w of the predictions, the mean loss of a batch is the sum of the processes' mean losses times their shares
of the weights, and so is its gradient:

    loss = sum over r of (W_r / W) loss_r        W_r = sum of the weights in the rows of process r, W = sum of all

Sums are added in the order of the processes. So a result depends on their number, by rounding, but not on which of them
is slow. Each process updates its own copy of the parameters with the same gradient.
"""

import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from charrnn.distributed.communicator import Communicator
from charrnn.errors import ConfigError
from charrnn.kernels.arrays import Array
from charrnn.kernels.dropout import seed_of_streams
from charrnn.text.batches import Batch
from charrnn.training.together import TensorMap, Together, Wishes
from charrnn.workers import share

_T = TypeVar("_T")


class Synchronous(Together):
    """The processes of a run that add up their gradients at each step; see ``Together`` for its methods.

    Args:
        communicator: the processes.
    """

    def __init__(self, communicator: Communicator) -> None:
        self._communicator = communicator
        self.processes, self.rank = communicator.size, communicator.rank
        self._whole: dict[str, Array] = {}

    def each(self, work: Callable[[], _T]) -> _T:
        """Let each process do ``work``, and raise the first failure in all."""
        failure: Exception | None = None
        try:
            result = work()
        except Exception as error:
            failure = error
        failed = self._communicator.exchange([failure is not None])[:, 0]
        if failed.any():
            first = self._communicator.broadcast(_sendable(failure), int(failed.argmax()))
            raise failure or first
        return result

    def first(self, work: Callable[[], _T]) -> _T:
        """Let process 0 do ``work``, and give the result or the failure to all."""
        result: Any = None
        failure: Exception | None = None
        if self.rank == 0:
            try:
                result = work()
            except Exception as error:
                failure = error
        result, other = self._communicator.broadcast((result, _sendable(failure)))
        if failure or other:
            raise failure or other
        return result  # type: ignore[no-any-return]

    def streams(self, batch_size: int) -> int:
        """Number of rows of this process.

        Raises:
            ConfigError: a process would have no row.
        """
        if batch_size < self.processes:
            raise ConfigError(
                f"batch_size must be at least the number of processes, {self.processes}, not {batch_size}: "
                "raise it, or start fewer processes"
            )
        first, last = share(batch_size, self.rank, self.processes)
        return last - first

    def rows(self, batch: Batch) -> Batch:
        """This process's rows of a batch."""
        return batch.rows(*share(batch.targets.shape[1], self.rank, self.processes))

    def dropout_seed(self, seed: int, batch_size: int) -> int:
        """The seed for the rows of this process."""
        first, _ = share(batch_size, self.rank, self.processes)
        return seed_of_streams(seed, first)  # type: ignore[no-any-return, no-untyped-call]

    def mean(self, loss: float, gradient: Array, own: Batch, batch: Batch) -> float:
        """Turn loss and gradient of the own rows into those of the whole batch."""
        weight = own.weight / (batch.weight or 1.0)
        losses = self._communicator.exchange([loss * weight])[:, 0]
        gradient *= gradient.dtype.type(weight)
        self._communicator.add_up(gradient)
        return float(sum(losses))

    def agree(self, step: int, wishes: Wishes, ends: bool, parameters: Array) -> tuple[Wishes, bool]:
        """Follow the clock of process 0, and stop if any process was asked to."""
        return self._decision(wishes), False

    def _decision(self, wishes: Wishes) -> Wishes:
        every = self._communicator.exchange(wishes)
        return Wishes(float(every[0, 0]), bool(every[0, 1]), bool(every[:, 2].any()))

    def gather(self, tensors: TensorMap) -> None:
        """Collect the state's rows of all processes in process 0; everything else is the same in all."""
        whole = {name: self._joined(array) if _is_of_rows(name) else array for name, array in tensors.items()}
        self._whole = {} if self.rank else whole

    def gathered(self, tensors: TensorMap) -> dict[str, Array]:
        """What was gathered last."""
        return dict(self._whole)

    def _joined(self, rows: Array) -> Array:
        """Join the rows of all processes in process 0; other processes get their own."""
        communicator = self._communicator
        counts = communicator.exchange([len(rows)])[:, 0].astype(int)
        if self.rank:
            communicator.finish(communicator.send(rows, 0))
            return rows
        joined = np.empty((counts.sum(), *rows.shape[1:]), rows.dtype)
        joined[: len(rows)] = rows
        ends = counts.cumsum()
        for sender in range(1, self.processes):
            communicator.receive(joined[ends[sender - 1] : ends[sender]], sender)
        return joined

    def scatter(self, tensors: TensorMap) -> TensorMap:
        """The own part of the tensors of process 0."""
        communicator = self._communicator
        forms = communicator.broadcast({name: (array.shape, array.dtype) for name, array in tensors.items()})
        own = {}
        for name, (shape, dtype) in forms.items():
            array = np.ascontiguousarray(tensors[name]) if self.rank == 0 else np.empty(shape, dtype)
            communicator.broadcast_array(array)
            own[name] = self._part(name, array)
        return own

    def _part(self, name: str, array: Array) -> Array:
        """This process's part of a tensor of the whole run."""
        return array[slice(*share(len(array), self.rank, self.processes))] if _is_of_rows(name) else array

    def header(self) -> dict[str, Any]:
        """The number of processes."""
        return {"processes": self.processes}


def _is_of_rows(name: str) -> bool:
    """Whether a tensor has a row for each row of a batch, as the model's state has."""
    return name.startswith("state.")


def _sendable(failure: Exception | None) -> Exception | None:
    """The failure, or one with its text if it cannot be sent to other processes."""
    try:
        pickle.loads(pickle.dumps(failure))
    except Exception:
        return RuntimeError(f"{type(failure).__name__}: {failure}")
    return failure
