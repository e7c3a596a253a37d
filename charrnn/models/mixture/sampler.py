"""Sampling from a mixture."""

import time
from functools import partial
from typing import Any

import numpy as np

from charrnn.kernels.arrays import aligned_zeros, row_stride
from charrnn.kernels.draw import Rules
from charrnn.kernels.team import Team
from charrnn.kernels.waiting import spins_in
from charrnn.models.mixture.generate import MixedStreams, accompany, chained, generate_mixed
from charrnn.models.mixture.network import Mixture, joined_state
from charrnn.sampling.drawing import Drawn
from charrnn.sampling.streams import ModelSampler, Snapshot, SteppedMember, Streams
from charrnn.sampling.thread_tuner import TEAM_PATIENCE, ThreadTuner
from charrnn.workers import share


class MixtureSampler:
    """A ``charrnn.sampling.streams.ModelSampler`` of a mixture."""

    def __init__(self, network: Mixture) -> None:
        self.network = network
        self.members: list[ModelSampler] = [one.config.kind.sampler(one) for one in network.members]
        self._tuners: dict[int, ThreadTuner] = {}

    def streams(self, start: Snapshot) -> Streams:
        """See ``ModelSampler``."""
        return MixtureStreams(self, start)

    def tuner(self, count: int) -> ThreadTuner:
        """The tuner of the number of threads that share the members of ``count`` streams.

        With at least as many streams as threads, the threads share the streams instead.
        """
        threads = self.network.workers.threads
        together = min(threads, len(self.members)) if count < threads else 1
        return self._tuners.setdefault(count, ThreadTuner(together))

    def stepped(self, streams: int) -> SteppedMember:
        """Raise, as ``MixtureConfig`` lets no mixture be a member; see ``ModelSampler``."""
        raise NotImplementedError


class MixtureStreams(Streams):
    """The streams of a mixture; threads share the streams, or the members if there are fewer streams than threads."""

    _sampler: MixtureSampler

    def __init__(self, sampler: MixtureSampler, start: Snapshot) -> None:
        super().__init__(sampler, start)
        self._loop: MixtureLoop | None = None

    def _generate(self, start: Snapshot, rules: Rules, drawn: Drawn) -> Snapshot:
        count, length = drawn.ids.shape
        tuner = self._sampler.tuner(count)
        threads = tuner.threads(length)
        # After an interrupt a thread may still use these arrays, so they are kept only if none occurred.
        loop, self._loop = self._loop or MixtureLoop(self._sampler, count), None
        loop.enter(start, self._sampler.network)
        began = time.perf_counter()
        draw = loop.draw_some_each if threads == 1 else partial(loop.draw_together, threads)
        draw(rules, drawn)
        tuner.took(threads, time.perf_counter() - began, length)
        self._loop = loop
        return loop.leave()


class MixtureLoop:
    """The arrays of N streams and the compiled loop over the members."""

    def __init__(self, sampler: MixtureSampler, count: int) -> None:
        network, config = sampler.network, sampler.network.config
        self._workers, self._count = network.workers, count
        self._members = [member.stepped(count) for member in sampler.members]
        self._classes, self._chain = config.vocab_size, ()
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
            mine=np.zeros((network.workers.threads, len(self._members)), np.bool_),
        )

    def draw_some_each(self, rules: Rules, drawn: Drawn) -> None:
        """Let each thread draw some of the streams."""
        kernels, *links = self.chain(rules, drawn)
        owners = np.zeros(len(self._members), np.int64)

        def job(part: int, parts: int) -> None:
            first, last = share(self._count, part, parts)
            generate_mixed(kernels, *links, self.streams, self._classes, owners, 0, rules, drawn, first, last)

        self._workers.run(job, most=self._count)

    def draw_together(self, threads: int, rules: Rules, drawn: Drawn) -> None:
        """Let threads share the members of all streams."""
        kernels, link, logits = self.chain(rules, drawn)
        owners = np.arange(len(self._members)) * threads // len(self._members)
        team = Team(threads, 1, 1, np.float32, spins_in(TEAM_PATIENCE))
        shared = (self.streams, self._classes, owners)

        def job(part: int, parts: int) -> None:
            address = team.member(part) if parts == threads else 0  # the other threads are busy for another caller
            if part:
                accompany(kernels.advance, link, *shared, address, drawn.ids.shape[1], 0, self._count)
            else:
                generate_mixed(kernels, link, logits, *shared, address, rules, drawn, 0, self._count)

        self._workers.run(job, most=threads)

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
