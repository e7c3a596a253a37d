"""The compiled sampling loop of a mixture, which draws a chunk of characters for many streams.

Each member advances by a kernel of its own, which the loop calls by address. Members differ in the types of their
arrays, so they form a chain of links: a kernel that advances the first member calls one that advances the rest. Each
link is compiled once for a type of chain.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.draw import Rules
from charrnn.kernels.jit import addressable, by_address, inlined, jit
from charrnn.models.mixture.mixing import add_row, log_row, measure_row, weigh_row
from charrnn.sampling.drawing import Drawn, choose
from charrnn.sampling.streams import SteppedMember


class MixedStreams(NamedTuple):
    """Arrays of N streams that are drawn from M members."""

    ids: npt.NDArray[np.int32]
    """(1, N): the last character of each stream, drawn but not read yet."""
    generators: npt.NDArray[np.uint64]
    """(N, 4) states of the random generators."""
    logits: FloatArray
    """(1, N, at least V): logarithms of the mixed probabilities."""
    weights: FloatArray
    """(N, at least V), a buffer."""
    heap: npt.NDArray[np.int32]
    """(N, at least V), a buffer."""
    gate: npt.NDArray[np.float64]
    """(M, 1 + 2 M)."""
    normalisers: npt.NDArray[np.float64]
    """(M, N), like the two after it; see ``charrnn.models.mixture.network.MixtureBuffers``."""
    entropies: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]


class Link(NamedTuple):
    """A member, and the members after it."""

    advance: Any
    """The member's kernel; see ``SteppedMember``."""
    own: Any
    """Its first argument."""
    ids: npt.NDArray[np.int32]
    logits: FloatArray
    place: int
    """The member's place among all."""
    advance_rest: Any
    """``advance_link``, or ``advance_none`` after the last member."""
    rest: Any
    """The next link, or 0."""


class LogitsLink(NamedTuple):
    """The logits of a member and those after it; apart from ``Link``, as a call copies its arguments."""

    logits: FloatArray
    place: int
    add_rest: Any
    """``add_link``, or ``add_none`` after the last member."""
    rest: Any
    """The next link, or 0."""


class MixedKernels(NamedTuple):
    """The kernels that the loop calls by address."""

    add: Any
    choose: Any


@addressable
def advance_none(rest, streams, classes, second, ahead, first, last):
    """End a chain."""


@addressable
def add_none(rest, streams, classes, first, last):
    """End a chain."""


@inlined
def advance_all(link, streams, classes, second, ahead, first, last):
    """Let all members of a chain read the last characters of the streams ``first`` to ``last``; measures their logits.

    Args:
        link: Link.
        streams: MixedStreams.
        classes: V.
        second: see ``SteppedMember``, like the next one.
        ahead: see there.
        first: the first stream.
        last: one beyond the last stream.
    """
    for n in range(first, last):
        link.ids[0, n] = streams.ids[0, n]
    link.advance(link.own, second, ahead, first, last)
    for n in range(first, last):
        found = measure_row(link.logits[0, n], classes)
        streams.normalisers[link.place, n], streams.entropies[link.place, n] = found
    link.advance_rest(link.rest, streams, classes, second, ahead, first, last)


@addressable
def advance_link(link, streams, classes, second, ahead, first, last):
    """See ``advance_all``."""
    advance_all(link, streams, classes, second, ahead, first, last)


@addressable
def add_link(link, streams, classes, first, last):
    """Add the weighted probabilities of all members of a LogitsLink to ``streams.logits``; see ``advance_all``."""
    for n in range(first, last):
        normaliser, weight = streams.normalisers[link.place, n], streams.shares[link.place, n]
        add_row(link.logits[0, n], classes, normaliser, weight, streams.logits[0, n])
    link.add_rest(link.rest, streams, classes, first, last)


@jit
def generate_mixed(kernels, link, logits, streams, classes, rules, drawn, first, last):
    """Fill ``drawn`` for the streams ``first`` to ``last``, as ``charrnn.models.language.generate``.

    Args:
        kernels: MixedKernels.
        link: the first Link.
        logits: the first LogitsLink.
        streams: MixedStreams, advanced.
        classes: V.
        rules: ``charrnn.kernels.draw.Rules``.
        drawn: Drawn, written.
        first: the first stream.
        last: one beyond the last stream.
    """
    length = drawn.ids.shape[1]
    for t in range(length):
        second = t % 2 == 1
        ahead = not second and t + 1 < length
        advance_all(link, streams, classes, second, ahead, first, last)
        for n in range(first, last):
            weigh_row(streams.gate, streams.entropies, streams.shares, n)
            streams.logits[0, n] = 0
        kernels.add(logits, streams, classes, first, last)
        for n in range(first, last):
            log_row(streams.logits[0, n], classes)
            kernels.choose(streams, classes, rules, drawn, n, t)


def chained(members: Sequence[SteppedMember], streams: MixedStreams, rules: Rules, drawn: Drawn) -> tuple[Any, ...]:
    """The kernels of the loop, the first Link and the first LogitsLink."""
    link: Any = 0
    logits: Any = 0
    advance = by_address(advance_none, link, streams, 0, False, False, 0, 0)
    add = by_address(add_none, logits, streams, 0, 0, 0)
    for place in range(len(members) - 1, -1, -1):
        member = members[place]
        link = Link(*member.advancing(), member.ids, member.logits, place, advance, link)
        logits = LogitsLink(member.logits, place, add, logits)
        if place:  # the loop itself advances the first member
            advance = by_address(advance_link, link, streams, 0, False, False, 0, 0)
        add = by_address(add_link, logits, streams, 0, 0, 0)
    return MixedKernels(add, by_address(choose, streams, 0, rules, drawn, 0, 0)), link, logits
