"""N texts that a model goes on with, each with a random generator of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.draw import Rules
from charrnn.kernels.matmul import Packed, packed_zeros
from charrnn.model.network import Network, flat
from charrnn.model.workers import share
from charrnn.model.workspace import State, Workspace, copy_state
from charrnn.sampling import loop
from charrnn.sampling.loop import Drawn, Weights

WINDOW = 128
"""Characters of a text that are read at once."""

Ids = npt.NDArray[np.int32]
Generators = npt.NDArray[np.uint64]


class Sampler:
    """A network's weights as the compiled loop reads them; a copy, so that later updates do not reach it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        tensors, config = network.parameters, network.config
        H, G, layers = config.hidden_size, config.gate_width, range(1, config.num_layers)
        upper = network.tables[1:] or [tensors.row(f"rnn.bias_l{layer}") for layer in layers]
        products = zip(*(weights.w_hh for weights in network.recurrent), strict=True)
        self.weights = Weights(
            table=network.tables[0],
            upper=np.stack(upper) if upper else np.empty((0, 1, G), config.dtype),
            w_hh=tuple(stack(panels) for panels in products),
            vectors=np.stack([weights.vectors for weights in network.recurrent]),
            w_ih=stack(network.w_ih, packed_zeros(H, G, config.packed_dtype)),
            w_out=stack(network.w_out),
            head_bias=tensors.row("head.bias"),
        )
        self.generate: Callable[..., None] | None = None
        """The loop for the types that all streams of this network have; found by the first to draw."""


def stack(layers: Sequence[Packed], like: Packed | None = None) -> Packed:
    """The layers' matrices, each of the shape of ``like`` or of the first one, with their panels in one array."""
    like = like or layers[0]
    panels = aligned_zeros((len(layers), len(like.panels)), like.panels.dtype)
    for row, layer in zip(panels, layers, strict=True):
        row[:] = layer.panels
    return like._replace(panels=panels)


class Snapshot(NamedTuple):
    """All that decides what streams draw next."""

    state: State
    """After all characters but the last."""
    last: Ids
    """(N,) the last character of each."""
    generators: Generators
    """(N, 4)."""


class Streams:
    """N streams of characters.

    The last character of a stream has not been read yet: reading and drawing both begin with it.

    Attributes:
        now: where the streams are.
    """

    def __init__(self, sampler: Sampler, start: Snapshot) -> None:
        self.now = start
        self._sampler = sampler
        network = sampler.network
        config, count = network.config, len(start.last)
        rows = config.num_layers * count
        space = Workspace.allocate(replace(config, num_layers=1), 1, rows)
        self._trace = space.traces[0]
        outputs = flat(self._trace[1])
        scratch = aligned_zeros((count, padded(config.vocab_size, config.dtype.itemsize)), config.dtype)
        self._at_work = loop.Streams(
            ids=space.row_ids,
            upper_ids=space.no_ids,
            row_ids=space.row_ids.copy(),
            no_ids=np.zeros((1, count), np.int32),
            below=outputs[np.newaxis, rows - count : 2 * rows - count],
            outputs=outputs[rows:].reshape(config.num_layers, count, -1),
            generators=start.generators,
            logits=space.logits[:, :count],
            weights=scratch,
        )
        own = sampler.weights
        self._weights = own._replace(
            w_hh=tuple(map(space.bind, own.w_hh)), w_ih=space.bind(own.w_ih), w_out=space.bind(own.w_out)
        )

    @classmethod
    def beginning(cls, sampler: Sampler, text: Ids, generators: Generators) -> "Streams":
        """A stream for each of the ``generators`` (N, 4), after ``text`` of at least one character."""
        network = sampler.network
        state = network.initial_state(1)
        read(network, state, text[:-1])
        count = len(generators)
        states: State = [tuple(array.repeat(count, axis=0) for array in layer) for layer in state]
        return cls(sampler, Snapshot(states, text[-1:].repeat(count), generators.copy()))

    def snapshot(self) -> Snapshot:
        """A copy of ``now``."""
        return Snapshot(copy_state(self.now.state), self.now.last.copy(), self.now.generators.copy())

    def keep(self, places: list[int]) -> "Streams":
        """Only the streams at these places."""
        state: State = [tuple(array[places] for array in layer) for layer in self.now.state]
        return Streams(self._sampler, Snapshot(state, self.now.last[places], self.now.generators[places]))

    def read(self, text: Ids) -> None:
        """Go on with a given text instead of drawing; there must be one stream only."""
        read(self._sampler.network, self.now.state, np.concatenate([self.now.last, text[:-1]]) if len(text) else text)
        self.now.last[:] = text[-1:] if len(text) else self.now.last

    def draw(self, count: int, rules: Rules, rivals: int = 0) -> Drawn:
        """Draw ``count`` characters of each stream.

        Args:
            count: T, at least 1.
            rules: how.
            rivals: R, how many of the most probable characters to report with each; at most V.
        """
        network = self._sampler.network
        N = len(self.now.last)
        drawn = Drawn(
            np.empty((N, count), np.int32),
            np.empty((N, count)),
            np.empty((N, count, rivals), np.int32),
            np.empty((N, count, rivals)),
        )
        streams = self._at_work._replace(generators=self.now.generators)
        streams.ids[0, :N] = self.now.last
        H, states = network.config.hidden_size, len(network.cell.state)
        arrays = self._trace[1 : 1 + states]
        for layer, values in enumerate(self.now.state):
            for array, value in zip(arrays, values, strict=True):
                array[0, layer * N : (layer + 1) * N, :H] = value

        arguments = (self._weights, self._trace, states, streams, rules, drawn)
        generate = self._sampler.generate = self._sampler.generate or loop.generate_for(network.config, *arguments)

        def job(part: int, parts: int) -> None:
            first, last = share(N, part, parts)
            generate(*arguments, first, last)

        network.workers.run(job, most=N)
        self.now.last[:] = streams.ids[0, :N]
        for layer, values in enumerate(self.now.state):
            for array, value in zip(arrays, values, strict=True):
                value[:] = array[0, layer * N : (layer + 1) * N, :H]
        return drawn


def read(network: Network, state: State, text: Ids) -> None:
    """Read a text (T,) with one stream; ``state`` is advanced in place."""
    if not len(text):
        return
    space = Workspace.allocate(network.config, min(WINDOW, len(text)), 1)
    for start in range(0, len(text), WINDOW):
        x = text[start : start + WINDOW, np.newaxis]
        network.run(x, None, state, space.shortened(len(x), len(network.cell.state)))
