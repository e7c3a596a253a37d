"""Sampling from a recurrent network."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array, FloatArray, aligned_zeros, padded
from charrnn.kernels.draw import Rules
from charrnn.kernels.jit import by_address
from charrnn.kernels.matmul import adds_start_last
from charrnn.kernels.packing import Packed, packed_zeros
from charrnn.kernels.team import Team
from charrnn.kernels.waiting import spins_in
from charrnn.layers.products import Rows, flat
from charrnn.layers.recurrent import StackBuffers
from charrnn.layers.softmax import Softmax
from charrnn.models.language import generate as loop
from charrnn.models.language.generate import SamplingWeights
from charrnn.models.language.network import Network
from charrnn.sampling.drawing import Drawn
from charrnn.sampling.streams import Snapshot, SteppedMember, Streams
from charrnn.sampling.thread_tuner import TEAM_PATIENCE, ThreadTuner
from charrnn.text.windows import Int32Ids
from charrnn.workers import share

IN_CACHE = 2**20
"""Bytes of weights that fit the L2 cache of most processors, so that their order of reading has no effect."""

FEW_STREAMS = 16
"""Largest number of streams for which reading the weights takes longer than multiplying them."""


class Sampler:
    """A ``charrnn.sampling.streams.ModelSampler`` of a recurrent network.

    It copies part of the weights; make a new sampler after an update of the network.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        tensors, config, layers = network.parameters, network.config, network.stack
        H, G, tables = config.hidden_size, config.stack.gate_width, network.inputs.tables
        upper = tables[1:] or [tensors.row(f"rnn.bias_l{layer}") for layer in range(1, config.num_layers)]
        products = zip(*layers.w_hh, strict=True)
        self.weights = SamplingWeights(
            table=tables[0],
            upper=np.stack(upper) if upper else np.empty((0, 1, G), config.dtype),
            w_hh=tuple(stack([matrix.forward for matrix in product]) for product in products),
            vectors=layers.vectors,
            w_ih=stack([matrix.forward for matrix in layers.w_ih], packed_zeros(H, G, config.packed_dtype)),
            w_out=stack([matrix.forward for matrix in network.projection.packed]),
            head_bias=network.projection.bias,
            zeros=aligned_zeros((1, padded(G, config.dtype.itemsize)), config.dtype),
        )
        self.generate: Callable[..., None] | None = None
        """The compiled sampling loop, which all streams of this network share; set at the first draw."""
        self._tuners: dict[int, ThreadTuner] = {}

    def streams(self, start: Snapshot) -> Streams:
        """Make streams that continue from ``start``."""
        return RecurrentStreams(self, start)

    def stepped(self, streams: int) -> SteppedMember:
        """Allocate arrays for another loop; see ``ModelSampler``."""
        return LoopBuffers(self, streams)

    def tuner(self, count: int) -> ThreadTuner:
        """The tuner of the number of threads in a team that draws ``count`` streams.

        With at least as many streams as threads, no team is needed, and the tuner always chooses one thread.
        """
        threads = self.network.workers.threads
        return self._tuners.setdefault(count, ThreadTuner(threads if count < threads else 1))


def stack(layers: Sequence[Packed], like: Packed | None = None) -> Packed:
    """Stack the layers' matrices, with their panels in one array; ``like`` gives the shape if there are no layers."""
    like = like or layers[0]
    panels = aligned_zeros((len(layers), len(like.panels)), like.panels.dtype)
    for row, layer in zip(panels, layers, strict=True):
        row[:] = layer.panels
    return like._replace(panels=panels)


class RecurrentStreams(Streams):
    """The streams of a recurrent network.

    Either each thread draws some of the streams, or the threads work as a team on all of them.
    """

    _sampler: Sampler

    def __init__(self, sampler: Sampler, start: Snapshot) -> None:
        super().__init__(sampler, start)
        self._buffer_sets: list[LoopBuffers] = []

    def _generate(self, start: Snapshot, rules: Rules, drawn: Drawn) -> Snapshot:
        count, length = drawn.ids.shape
        tuner = self._sampler.tuner(count)
        threads = tuner.threads(length)
        # After an interrupt a thread may still use these buffers, so they are kept only if none occurred.
        buffer_sets, self._buffer_sets = self._buffer_sets, []
        while len(buffer_sets) < threads:
            buffer_sets.append(LoopBuffers(self._sampler, count))
        began = time.perf_counter()
        if threads == 1:
            self._draw_some_each(buffer_sets[0], start, rules, drawn)
        else:
            self._draw_together(buffer_sets[:threads], start, rules, drawn)
        tuner.took(threads, time.perf_counter() - began, length)
        self._buffer_sets = buffer_sets
        return buffer_sets[0].leave()

    def _draw_some_each(self, buffers: "LoopBuffers", start: Snapshot, rules: Rules, drawn: Drawn) -> None:
        """Let each thread draw some of the streams."""
        buffers.enter(start)
        draw, count = buffers.drawing(rules, drawn), len(drawn.ids)
        self._sampler.network.workers.run(lambda part, parts: draw(*share(count, part, parts)), most=count)

    def _draw_together(self, buffer_sets: list["LoopBuffers"], start: Snapshot, rules: Rules, drawn: Drawn) -> None:
        """Let a team draw all streams; each member has its own buffers, and only the first one fills ``drawn``."""
        config, (count, length, top), draw = self._sampler.network.config, drawn.top_ids.shape, []
        widest = max(config.stack.gate_width, config.vocab_size)
        team = Team(len(buffer_sets), count, widest, config.dtype, spins_in(TEAM_PATIENCE))
        for number, buffers in enumerate(buffer_sets):
            buffers.enter(start)
            own = Drawn.allocate(count, length, top) if number else drawn
            draw.append(buffers.drawing(rules, own, team.member(number)))

        self._sampler.network.workers.run_team(team, lambda member: draw[member](0, count))


def products_apart(network: Network, streams: int) -> int:
    """Number of the cell's products that ``loop.generate_recurrently`` precomputes, to read weights forward and back.

    Where precomputing could change the last bits of a result, the number does not depend on the number of streams.
    """
    stack, cell = network.stack, network.stack.shape.cell
    matrices = [*chain.from_iterable(stack.w_hh), *stack.w_ih, *network.projection.packed]
    if sum(matrix.forward.panels.nbytes for matrix in matrices) <= IN_CACHE:
        return 0
    if streams > FEW_STREAMS and adds_start_last(matrices[0].forward):
        return 0
    operands = [product.operand for product in cell.products]
    others = (place for place, operand in enumerate(operands) if operand != cell.state[0])
    return next(others, len(operands))


class LoopBuffers:
    """A thread's buffers for drawing N streams, and the weights that are bound to these buffers."""

    def __init__(self, sampler: Sampler, count: int) -> None:
        self._sampler, self._count = sampler, count
        config, apart = sampler.network.config, products_apart(sampler.network, count)
        dtype, itemsize = config.dtype, config.dtype.itemsize
        rows = config.num_layers * count
        numbers = Rows.allocate(1, rows, config.hidden_size, config.packed_dtype)
        buffers = StackBuffers.allocate(replace(config.stack, layers=1, skip_connections=False), numbers)
        self._activations = buffers.activations[0]
        outputs = flat(self._activations[1])
        buffer = aligned_zeros((count, padded(config.vocab_size, itemsize)), dtype)
        self._streams = loop.StreamArrays(
            ids=numbers.numbers,
            upper_ids=numbers.zeros,
            row_ids=numbers.numbers.copy(),
            no_ids=numbers.zeros.copy(),
            below=outputs[np.newaxis, rows - count : 2 * rows - count],
            outputs=outputs[rows:].reshape(config.num_layers, count, -1),
            generators=np.zeros((count, 4), np.uint64),
            precomputed=tuple(
                aligned_zeros((1, rows * (place < apart), padded(product.gates * config.hidden_size, itemsize)), dtype)
                for place, product in enumerate(sampler.network.stack.shape.cell.products)
            ),
            logits=Softmax.allocate(1, count, config.vocab_size, dtype).logits,
            weights=buffer,
            heap=np.empty(buffer.shape, np.int32),
        )
        self._bind = numbers.bind
        self._own_weights = self._bound(0)

    @property
    def ids(self) -> Int32Ids:
        """See ``charrnn.sampling.streams.SteppedMember``, like the next two."""
        return self._streams.ids

    @property
    def logits(self) -> FloatArray:
        """(1, N, at least V)."""
        return self._streams.logits

    def advancing(self) -> tuple[Any, Any]:
        """The kernel that advances these streams, and its first argument."""
        network, weights, arrays = self._sampler.network, self._own_weights, (self._activations, self._streams)
        kernels = loop.step_kernels(network.config, weights, *arrays)
        own = loop.Recurrence(kernels, weights, arrays[0], len(network.state_names), arrays[1])
        return by_address(loop.advance_recurrently, own, False, False, 0, 0), own

    def _states(self, layer: int) -> list[Array]:
        """Views of a layer's states, each (N, H)."""
        network, first = self._sampler.network, layer * self._count
        arrays = self._activations[1 : 1 + len(network.state_names)]
        return [array[0, first : first + self._count, : network.config.hidden_size] for array in arrays]

    def enter(self, start: Snapshot) -> None:
        """Copy in the streams' states, last characters and random generators."""
        self._streams.ids[0, : self._count] = start.last
        self._streams.generators[:] = start.generators
        for layer, values in enumerate(start.state):
            for here, value in zip(self._states(layer), values, strict=True):
                here[:] = value

    def leave(self) -> Snapshot:
        """Copy out the streams' states, last characters and random generators."""
        layers = range(self._sampler.network.config.num_layers)
        state = [tuple(array.copy() for array in self._states(layer)) for layer in layers]
        return Snapshot(state, self._streams.ids[0, : self._count].copy(), self._streams.generators.copy())

    def drawing(self, rules: Rules, drawn: Drawn, team: int = 0) -> Callable[[int, int], None]:
        """Return a function ``draw(first, last)`` that fills ``drawn`` for a range of streams.

        ``team`` is the address of a team's record, as in ``Packed``; 0 for a thread that draws alone.
        """
        sampler = self._sampler
        weights = self._bound(team) if team else self._own_weights
        arguments = (weights, self._activations, len(sampler.network.state_names), self._streams, rules, drawn)
        sampler.generate = sampler.generate or loop.generate_for(sampler.network.config, *arguments)
        return partial(sampler.generate, *arguments)

    def _bound(self, team: int) -> SamplingWeights:
        """The weights, set to use this thread's rounding buffer and team."""

        def bound(packed: Packed) -> Packed:
            return self._bind(packed)._replace(team=team)

        own = self._sampler.weights
        return own._replace(w_hh=tuple(map(bound, own.w_hh)), w_ih=bound(own.w_ih), w_out=bound(own.w_out))
