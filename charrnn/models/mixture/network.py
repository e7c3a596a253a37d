"""Several models of one vocabulary that predict together; see ``charrnn.models.mixture.mixing``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array, FloatArray, aligned_zeros, row_stride
from charrnn.kinds.contract import Buffers, LanguageModel
from charrnn.layers.state import State
from charrnn.models.mixture import mixing
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.mixture.tensors import check_members, loaded_members, prefix_of, prefixed_tensors
from charrnn.workers import Workers, share

Gate = npt.NDArray[np.float64]

GATE, CACHE_GATE = "gate", "cache_gate"
"""Names of the gates in a checkpoint."""


@dataclass
class MixtureBuffers:
    """Arrays for T steps of B streams of M members.

    Attributes:
        members: the members' own buffers; after ``Mixture.run`` those that hold its steps.
        logits: (T, B, at least V) logarithms of the mixed probabilities.
        losses: (T, B) nats.
        normalisers: (M, T, B) logarithms of the sum of exp(logits) of each member.
        entropies: (M, T, B) nats.
        weights: (M, T, B) of the members.
    """

    members: list[Any]
    logits: FloatArray
    losses: npt.NDArray[np.float64]
    normalisers: npt.NDArray[np.float64]
    entropies: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]

    def part(self, steps: int, members: list[Buffers]) -> "MixtureBuffers":
        """The arrays of the first steps, beside these buffers of the members."""
        own = (self.logits[:steps], self.losses[:steps])
        return MixtureBuffers(
            members, *own, self.normalisers[:, :steps], self.entropies[:, :steps], self.weights[:, :steps]
        )


class Mixture:
    """A ``charrnn.kinds.contract.LanguageModel`` that mixes others.

    Args:
        config: the mixture's shape.
        members: the models.
        gate: (M, 1 + 2 M) float64; see ``charrnn.models.mixture.mixing``.
        workers: the threads that share the work.
        cache_gate: the gate of M + 1 members, for a mixture that adapts with a cache as the last one; None without.
    """

    def __init__(
        self,
        config: MixtureConfig,
        members: Sequence[LanguageModel],
        gate: Gate,
        workers: Workers,
        cache_gate: Gate | None = None,
    ) -> None:
        self.config, self.members, self.workers = config, list(members), workers
        self.gate, self.cache_gate = gate, cache_gate

    @classmethod
    def load(cls, config: MixtureConfig, tensors: Mapping[str, Array], workers: Workers) -> "Mixture":
        """Make the mixture of a checkpoint's tensors; see ``Kind.load``."""
        check_mixture(config, tensors)
        members = loaded_members(config, tensors, workers)
        cache_gate = np.array(tensors[CACHE_GATE], np.float64) if CACHE_GATE in tensors else None
        return cls(config, members, np.array(tensors[GATE], np.float64), workers, cache_gate)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the arrays of all members' states, which are one layer."""
        return tuple(
            f"{prefix_of(place)}l{layer}.{name}"
            for place, member in enumerate(self.members)
            for layer in range(len(member.initial_state(1)))
            for name in member.state_names
        )

    def initial_state(self, streams: int) -> State:
        """The initial states of all members; see ``LanguageModel``."""
        return joined_state([member.initial_state(streams) for member in self.members])

    def states_of(self, state: State) -> list[State]:
        """The states of the members, which share the arrays of ``state``."""
        arrays = iter(state[0])
        shapes = [(len(member.state_names), len(member.initial_state(1))) for member in self.members]
        return [[tuple(next(arrays) for _ in range(names)) for _ in range(layers)] for names, layers in shapes]

    def reset(self, state: State, streams: Array | slice) -> None:
        """See ``LanguageModel``."""
        for member, own in zip(self.members, self.states_of(state), strict=True):
            member.reset(own, streams)

    def check_state(self, state: State) -> None:
        """See ``LanguageModel``."""
        for member, own in zip(self.members, self.states_of(state), strict=True):
            member.check_state(own)

    def buffers(self, steps: int, streams: int) -> MixtureBuffers:
        """Allocate buffers; see ``LanguageModel``."""
        config, shape = self.config, (len(self.members), steps, streams)
        logits = aligned_zeros((steps, streams, row_stride(config.vocab_size, config.dtype.itemsize)), config.dtype)
        own = [member.buffers(steps, streams) for member in self.members]
        return MixtureBuffers(own, logits, np.zeros(shape[1:]), *(np.zeros(shape) for _ in range(3)))

    def run(self, x: Array, state: State, buffers: MixtureBuffers) -> MixtureBuffers:
        """Read ids (T, B); see ``LanguageModel``."""
        states = self.states_of(state)
        run = zip(self.members, states, buffers.members, strict=True)
        part = buffers.part(len(x), [member.run(x, own, arrays) for member, own, arrays in run])
        V = self.config.vocab_size

        def streams(thread: int, threads: int) -> None:
            first, last = share(x.shape[1], thread, threads)
            for place, member in enumerate(part.members):
                mixing.measure(member.logits, V, part.normalisers[place], part.entropies[place], first, last)
            mixing.begin_mix(self.gate, part.entropies, part.weights, part.logits, first, last)
            for place, member in enumerate(part.members):
                weights = part.weights[place]
                mixing.add_member(member.logits, V, part.normalisers[place], weights, part.logits, first, last)
            mixing.end_mix(part.logits, V, first, last)

        self.workers.run(streams, most=x.shape[1])
        return part

    def to_tensors(self) -> dict[str, Array]:
        """The members' tensors under prefixed names, and the gate."""
        gates = {GATE: self.gate} | ({} if self.cache_gate is None else {CACHE_GATE: self.cache_gate})
        return {**gates, **prefixed_tensors(self.members)}


def joined_state(states: Sequence[State]) -> State:
    """The state of a mixture of members with these states, whose arrays it shares."""
    return [tuple(array for state in states for layer in state for array in layer)]


def check_mixture(config: MixtureConfig, tensors: Mapping[str, Array]) -> None:
    """Check that a checkpoint's tensors fit a config.

    Raises:
        CheckpointError: a tensor is missing or does not fit.
    """
    check_members(config, tensors)
    members = len(config.members)
    for name, count in ((GATE, members), (CACHE_GATE, members + 1)):
        shape, tensor = (count, 1 + 2 * count), tensors.get(name)
        if tensor is None and name == CACHE_GATE:
            continue
        if tensor is None or tensor.shape != shape or tensor.dtype.kind != "f":
            raise CheckpointError(f"the checkpoint has no tensor {name} of shape {shape}: use another checkpoint")
