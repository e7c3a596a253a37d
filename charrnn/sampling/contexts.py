"""Compiled loop that draws from a model with a fixed context, which reads only the last characters."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import FloatArray, aligned_zeros, padded
from charrnn.kernels.draw import Rules
from charrnn.kernels.jit import addressable, by_address, inlined, jit
from charrnn.kinds.contexts import ContextModel
from charrnn.sampling.drawing import Drawn, choose
from charrnn.sampling.streams import Snapshot, SteppedMember, Streams
from charrnn.text.windows import Int32Ids
from charrnn.workers import share


class ContextKernels(NamedTuple):
    """Addresses of the kernels that the loop calls."""

    predict: Any
    choose: Any


class Work(NamedTuple):
    """Arrays of N streams: those of ``charrnn.models.language.generate.StreamArrays`` without the state."""

    ids: npt.NDArray[np.int32]
    generators: npt.NDArray[np.uint64]
    logits: npt.NDArray[np.floating]
    weights: npt.NDArray[np.floating]
    heap: npt.NDArray[np.int32]


class ContextStep(NamedTuple):
    """What ``advance_context`` works on: see ``generate_from_contexts``."""

    predict: Any
    weights: Any
    buffers: Any
    ids: npt.NDArray[np.int32]


@inlined
def read_last(buffers, ids, first, last):
    """Write the last characters (1, N) of the streams ``first`` to ``last`` behind the characters before them."""
    before = buffers.history.shape[0] - 1
    for n in range(first, last):
        buffers.history[before, n] = ids[0, n] + 1


@inlined
def forget_first(buffers, n):
    """Move a stream's history by a character."""
    for place in range(buffers.history.shape[0] - 1):
        buffers.history[place, n] = buffers.history[place + 1, n]


@addressable
def advance_context(own, second, ahead, first, last):
    """Advance a ContextStep; see ``charrnn.sampling.streams.SteppedMember``."""
    read_last(own.buffers, own.ids, first, last)
    own.predict(own.weights, own.buffers, first, last)
    for n in range(first, last):
        forget_first(own.buffers, n)


@jit
def generate_from_contexts(kernels, weights, buffers, streams, classes, rules, drawn, first, last):
    """Fill ``drawn`` for streams ``first`` to ``last``, as ``charrnn.models.language.generate.generate`` does.

    Args:
        kernels: the ContextKernels.
        weights: the model's weights.
        buffers: the model's ContextBuffers for one step, whose history holds the state.
        streams: the Work arrays, which are advanced.
        classes: V, the number of classes.
        rules: ``charrnn.kernels.draw.Rules``.
        drawn: the Drawn arrays, which are written.
        first: the first stream.
        last: one beyond the last stream.
    """
    for t in range(drawn.ids.shape[1]):
        read_last(buffers, streams.ids, first, last)
        kernels.predict(weights, buffers, first, last)
        for n in range(first, last):
            kernels.choose(streams, classes, rules, drawn, n, t)
            forget_first(buffers, n)


class ContextSampler:
    """The ``charrnn.sampling.streams.ModelSampler`` of a model with a fixed context."""

    def __init__(self, network: ContextModel) -> None:
        self.network = network

    def streams(self, start: Snapshot) -> Streams:
        """Create streams that continue from a snapshot; see ``ModelSampler``."""
        return ContextStreams(self, start)

    def stepped(self, streams: int) -> SteppedMember:
        """See ``ModelSampler``."""
        return ContextMember(self.network, streams)


class ContextMember:
    """A ``charrnn.sampling.streams.SteppedMember`` of a model of a fixed context."""

    def __init__(self, network: ContextModel, streams: int) -> None:
        self._network, self._buffers = network, network.buffers(1, streams)
        self._generators = np.zeros((streams, 4), np.uint64)
        self.ids: Int32Ids = np.zeros((1, streams), np.int32)

    @property
    def logits(self) -> FloatArray:
        """(1, N, at least V)."""
        return self._buffers.logits

    def advancing(self) -> tuple[Any, Any]:
        """The kernel that advances these streams, and its first argument."""
        network, buffers = self._network, self._buffers
        predict = by_address(network.predict, network.weights, buffers, 0, 0)
        own = ContextStep(predict, network.weights, buffers, self.ids)
        return by_address(advance_context, own, False, False, 0, 0), own

    def enter(self, start: Snapshot) -> None:
        """Copy in the streams' characters."""
        (context,) = start.state[0]
        self._buffers.history[: context.shape[1]] = context.T
        self.ids[0], self._generators = start.last, start.generators

    def leave(self) -> Snapshot:
        """Copy out the streams' characters."""
        history = self._buffers.history
        return Snapshot([(history[: len(history) - 1].T.copy(),)], self.ids[0].copy(), self._generators)


class ContextStreams(Streams):
    """The streams of a model with a fixed context."""

    def __init__(self, sampler: ContextSampler, start: Snapshot) -> None:
        super().__init__(sampler, start)
        self._network = sampler.network
        config, count = self._network.config, len(start.last)
        self._buffers = self._network.buffers(1, count)
        self._scratch = aligned_zeros((count, padded(config.vocab_size, config.dtype.itemsize)), config.dtype)
        self._heap = np.empty(self._scratch.shape, np.int32)
        self._kernels: ContextKernels | None = None

    def _generate(self, start: Snapshot, rules: Rules, drawn: Drawn) -> Snapshot:
        network, buffers, V = self._network, self._buffers, self._network.config.vocab_size
        (context,) = start.state[0]
        before = context.shape[1]
        buffers.history[:before] = context.T
        ids, generators = start.last[np.newaxis].copy(), start.generators.copy()
        streams = Work(ids, generators, buffers.logits, self._scratch, self._heap)
        kernels = self._kernels = self._kernels or ContextKernels(
            by_address(network.predict, network.weights, buffers, 0, 0),
            by_address(choose, streams, 0, rules, drawn, 0, 0),
        )

        def job(part: int, parts: int) -> None:
            first, last = share(len(context), part, parts)
            generate_from_contexts(kernels, network.weights, buffers, streams, V, rules, drawn, first, last)

        network.workers.run(job, most=len(context))
        return Snapshot([(buffers.history[:before].T.copy(),)], ids[0], generators)
