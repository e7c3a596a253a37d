"""Drawing from a recurrent network."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.draw import Rules
from charrnn.kernels.matmul import Packed, packed_zeros
from charrnn.model.network import Network, flat
from charrnn.model.workers import share
from charrnn.model.workspace import Workspace
from charrnn.sampling import loop
from charrnn.sampling.loop import Drawn, Weights
from charrnn.sampling.streams import Snapshot, Streams


class Sampler:
    """A ``charrnn.sampling.streams.ModelSampler`` of a network.

    Its weights as the compiled loop reads them, partly a copy: after an update of the network, make another one.
    """

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

    def streams(self, start: Snapshot) -> Streams:
        """See ``ModelSampler``."""
        return RecurrentStreams(self, start)


def stack(layers: Sequence[Packed], like: Packed | None = None) -> Packed:
    """The layers' matrices, each of the shape of ``like`` or of the first one, with their panels in one array."""
    like = like or layers[0]
    panels = aligned_zeros((len(layers), len(like.panels)), like.panels.dtype)
    for row, layer in zip(panels, layers, strict=True):
        row[:] = layer.panels
    return like._replace(panels=panels)


class RecurrentStreams(Streams):
    """The streams of a recurrent network."""

    _sampler: Sampler

    def __init__(self, sampler: Sampler, start: Snapshot) -> None:
        super().__init__(sampler, start)
        config, count = sampler.network.config, len(start.last)
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
            heap=np.empty(scratch.shape, np.int32),
        )
        own = sampler.weights
        self._weights = own._replace(
            w_hh=tuple(map(space.bind, own.w_hh)), w_ih=space.bind(own.w_ih), w_out=space.bind(own.w_out)
        )

    def _generate(self, rules: Rules, drawn: Drawn) -> None:
        network, N = self._sampler.network, len(self.now.last)
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
