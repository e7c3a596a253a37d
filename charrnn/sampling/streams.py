"""N texts that a model goes on with, each with a random generator of its own."""

from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.draw import Rules
from charrnn.kernels.matmul import Packed
from charrnn.model.contract import LanguageModel
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

    network: Network

    def __init__(self, network: Network) -> None:
        self.network = network
        tensors, config = network.parameters, network.config
        biases = [tensors[f"rnn.bias_l{layer}"] for layer in range(1, config.num_layers)]
        self.weights = Weights(
            network.table,
            stack(network.w_hh, network.w_hh[0]),
            stack(network.w_ih, network.w_hh[0]),
            np.array(biases, config.dtype).reshape(-1, config.gate_width),
            network.w_head,
            tensors.row("head.bias"),
        )

    def streams(self, start: "Snapshot") -> "Streams":
        """See ``ModelSampler``."""
        return RecurrentStreams(self, start)


def stack(layers: list[Packed], like: Packed) -> Packed:
    """The layers' matrices, each of the shape of ``like``, with their panels in one array."""
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


class ModelSampler(Protocol):
    """A model that is ready to draw."""

    @property
    def network(self) -> LanguageModel:
        """The model."""

    def streams(self, start: Snapshot) -> "Streams":
        """Streams that go on from there."""


class Streams:
    """N streams of characters.

    The last character of a stream has not been read yet: reading and drawing both begin with it.

    Attributes:
        now: where the streams are.
    """

    def __init__(self, sampler: ModelSampler, start: Snapshot) -> None:
        self.now = start
        self._sampler = sampler

    @classmethod
    def beginning(cls, sampler: ModelSampler, text: Ids, generators: Generators) -> "Streams":
        """A stream for each of the ``generators`` (N, 4), after ``text`` of at least one character."""
        network = sampler.network
        state = network.initial_state(1)
        read(network, state, text[:-1])
        count = len(generators)
        states: State = [tuple(array.repeat(count, axis=0) for array in layer) for layer in state]
        return sampler.streams(Snapshot(states, text[-1:].repeat(count), generators.copy()))

    def snapshot(self) -> Snapshot:
        """A copy of ``now``."""
        return Snapshot(copy_state(self.now.state), self.now.last.copy(), self.now.generators.copy())

    def keep(self, places: list[int]) -> "Streams":
        """Only the streams at these places."""
        state: State = [tuple(array[places] for array in layer) for layer in self.now.state]
        return self._sampler.streams(Snapshot(state, self.now.last[places], self.now.generators[places]))

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
        N = len(self.now.last)
        drawn = Drawn(
            np.empty((N, count), np.int32),
            np.empty((N, count)),
            np.empty((N, count, rivals), np.int32),
            np.empty((N, count, rivals)),
        )
        self._generate(rules, drawn)
        return drawn

    def _generate(self, rules: Rules, drawn: Drawn) -> None:
        """Fill ``drawn``, and advance the streams."""
        raise NotImplementedError


class RecurrentStreams(Streams):
    """The streams of a recurrent network."""

    def __init__(self, sampler: Sampler, start: Snapshot) -> None:
        super().__init__(sampler, start)
        self._network = sampler.network
        network = sampler.network
        config, count = network.config, len(start.last)
        rows = config.num_layers * count
        space = Workspace.allocate(replace(config, num_layers=1), 1, rows)
        self._trace = space.traces[0]
        outputs = flat(self._trace[1])[rows - count :][np.newaxis]
        scratch = aligned_zeros((count, padded(config.vocab_size, config.dtype.itemsize)), config.dtype)
        self._at_work = loop.Streams(
            ids=space.row_ids,
            no_ids=space.no_ids,
            below=outputs[:, :rows],
            top=outputs[:, rows:],
            generators=start.generators,
            logits=space.logits[:, :count],
            weights=scratch,
        )
        own = sampler.weights
        self._weights = own._replace(
            w_hh=space.bind(own.w_hh), w_ih=space.bind(own.w_ih), w_head=space.bind(own.w_head)
        )
        self._kernels: loop.Kernels | None = None

    def _generate(self, rules: Rules, drawn: Drawn) -> None:
        network, N = self._network, len(self.now.last)
        streams = self._at_work._replace(generators=self.now.generators)
        streams.ids[0, :N] = self.now.last
        kernels = self._kernels = self._kernels or loop.kernels_for(
            network.cell, self._weights, self._trace, streams, rules, drawn
        )
        H, states = network.config.hidden_size, len(network.cell.state)
        arrays = self._trace[1 : 1 + states]
        for layer, values in enumerate(self.now.state):
            for array, value in zip(arrays, values, strict=True):
                array[0, layer * N : (layer + 1) * N, :H] = value

        def job(part: int, parts: int) -> None:
            first, last = share(N, part, parts)
            loop.generate(kernels, self._weights, self._trace, states, streams, rules, drawn, first, last)

        network.workers.run(job, most=N)
        self.now.last[:] = streams.ids[0, :N]
        for layer, values in enumerate(self.now.state):
            for array, value in zip(arrays, values, strict=True):
                value[:] = array[0, layer * N : (layer + 1) * N, :H]


def read(network: LanguageModel, state: State, text: Ids) -> None:
    """Read a text (T,) with one stream; ``state`` is advanced in place."""
    if not len(text):
        return
    space = network.space(min(WINDOW, len(text)), 1)
    for start in range(0, len(text), WINDOW):
        network.run(text[start : start + WINDOW, np.newaxis], None, state, space)
