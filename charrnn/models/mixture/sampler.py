"""Sampling from a mixture."""

from typing import Any

import numpy as np

from charrnn.kernels.arrays import aligned_zeros, row_stride
from charrnn.kernels.draw import Rules
from charrnn.models.mixture.generate import MixedStreams, chained, generate_mixed
from charrnn.models.mixture.network import Mixture, joined_state
from charrnn.sampling.drawing import Drawn
from charrnn.sampling.streams import ModelSampler, Snapshot, SteppedMember, Streams
from charrnn.workers import share


class MixtureSampler:
    """A ``charrnn.sampling.streams.ModelSampler`` of a mixture."""

    def __init__(self, network: Mixture) -> None:
        self.network = network
        self.members: list[ModelSampler] = [one.config.kind.sampler(one) for one in network.members]

    def streams(self, start: Snapshot) -> Streams:
        """See ``ModelSampler``."""
        return MixtureStreams(self, start)

    def stepped(self, streams: int) -> SteppedMember:
        """Raise, as ``MixtureConfig`` lets no mixture be a member; see ``ModelSampler``."""
        raise NotImplementedError


class MixtureStreams(Streams):
    """The streams of a mixture; threads share the streams."""

    _sampler: MixtureSampler

    def __init__(self, sampler: MixtureSampler, start: Snapshot) -> None:
        super().__init__(sampler, start)
        self._loop: MixtureLoop | None = None

    def _generate(self, start: Snapshot, rules: Rules, drawn: Drawn) -> Snapshot:
        network, count = self._sampler.network, len(start.last)
        # After an interrupt a thread may still use these arrays, so they are kept only if none occurred.
        loop, self._loop = self._loop or MixtureLoop(self._sampler, count), None
        loop.enter(start, network)
        chain = loop.chain(rules, drawn)

        def job(part: int, parts: int) -> None:
            first, last = share(count, part, parts)
            generate_mixed(*chain, loop.streams, network.config.vocab_size, rules, drawn, first, last)

        network.workers.run(job, most=count)
        self._loop = loop
        return loop.leave()


class MixtureLoop:
    """The arrays of N streams and the compiled loop over the members."""

    def __init__(self, sampler: MixtureSampler, count: int) -> None:
        network, config = sampler.network, sampler.network.config
        self._members = [member.stepped(count) for member in sampler.members]
        self._chain: Any = None
        shape = (count, row_stride(config.vocab_size, config.dtype.itemsize))
        self.streams = MixedStreams(
            ids=np.zeros((1, count), np.int32),
            generators=np.zeros((count, 4), np.uint64),
            logits=aligned_zeros((1, *shape), config.dtype),
            weights=aligned_zeros(shape, config.dtype),
            heap=np.empty(shape, np.int32),
            gate=network.gate,
            normalisers=np.zeros((len(self._members), count)),
            entropies=np.zeros((len(self._members), count)),
            shares=np.zeros((len(self._members), count)),
        )

    def chain(self, rules: Rules, drawn: Drawn) -> Any:
        """The kernels of the loop and the chains of members; see ``chained``."""
        self._chain = self._chain or chained(self._members, self.streams, rules, drawn)
        return self._chain

    def enter(self, start: Snapshot, network: Mixture) -> None:
        """Copy in the streams' states, last characters and random generators."""
        self.streams.ids[0], self.streams.generators[:] = start.last, start.generators
        for member, state in zip(self._members, network.states_of(start.state), strict=True):
            member.enter(start._replace(state=state))

    def leave(self) -> Snapshot:
        """Copy out the streams' states, last characters and random generators."""
        state = joined_state([member.leave().state for member in self._members])
        return Snapshot(state, self.streams.ids[0].copy(), self.streams.generators.copy())
