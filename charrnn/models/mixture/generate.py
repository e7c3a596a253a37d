"""The compiled sampling loop of a mixture, which draws a chunk of characters for many streams.

Each member advances by a kernel of its own, which the loop calls by address. Members differ in the types of their
arrays, so they form a chain of links: a kernel that advances the first member calls one that advances the rest. Each
link is compiled once for a type of chain.

The weights of several networks rarely fit in one core's cache. So threads may share the members of the same text, as a
``charrnn.kernels.team.Team`` that exchanges turns only: each thread advances its members by a step, and the first one
mixes and draws. If a thread does not arrive in time, the others leave, and the first one advances all members.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.draw import Rules
from charrnn.kernels.intrinsics import load_acquire, pause, store_release
from charrnn.kernels.jit import addressable, by_address, inlined, jit
from charrnn.kernels.team import MEMBER, MEMBERS, arrives, give_up, record_of, turn_of
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
    mine: npt.NDArray[np.bool_]
    """(threads, M) whether each thread advances each member."""


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

    advance: Any
    add: Any
    choose: Any


HAS_LEFT = 1
"""Index, in a thread's line of turns, of the word that is 1 once the thread has left the team."""


@addressable
def advance_none(rest, streams, classes, mine, second, ahead, first, last):
    """End a chain."""


@addressable
def add_none(rest, streams, classes, first, last):
    """End a chain."""


@addressable
def advance_link(link, streams, classes, mine, second, ahead, first, last):
    """Let members of a chain read the last characters of the streams ``first`` to ``last``; measures their logits.

    Args:
        link: Link.
        streams: MixedStreams.
        classes: V.
        mine: (M,) whether to advance each member.
        second: see ``SteppedMember``, like the next one.
        ahead: see there.
        first: the first stream.
        last: one beyond the last stream.
    """
    if mine[link.place]:
        for n in range(first, last):
            link.ids[0, n] = streams.ids[0, n]
        link.advance(link.own, second, ahead, first, last)
        for n in range(first, last):
            found = measure_row(link.logits[0, n], classes)
            streams.normalisers[link.place, n], streams.entropies[link.place, n] = found
    link.advance_rest(link.rest, streams, classes, mine, second, ahead, first, last)


@addressable
def add_link(link, streams, classes, first, last):
    """Add the weighted probabilities of all members of a LogitsLink to ``streams.logits``; see ``advance_link``."""
    for n in range(first, last):
        normaliser, weight = streams.normalisers[link.place, n], streams.shares[link.place, n]
        add_row(link.logits[0, n], classes, normaliser, weight, streams.logits[0, n])
    link.add_rest(link.rest, streams, classes, first, last)


@inlined
def place_in_pair(t, length):
    """Whether step ``t`` of ``length`` is the second of a pair, and whether it is the first and the second follows."""
    second = t % 2 == 1
    return second, not second and t + 1 < length


@jit
def generate_mixed(kernels, link, logits, streams, classes, owners, team, rules, drawn, first, last):
    """Fill ``drawn`` for the streams ``first`` to ``last``, as ``charrnn.models.language.generate``.

    Args:
        kernels: MixedKernels.
        link: the first Link.
        logits: the first LogitsLink.
        streams: MixedStreams, advanced.
        classes: V.
        owners: (M,) the number of the thread that advances each member.
        team: address of the first thread's record in a Team; 0 for a thread that advances all members.
        rules: ``charrnn.kernels.draw.Rules``.
        drawn: Drawn, written.
        first: the first stream.
        last: one beyond the last stream.
    """
    length = drawn.ids.shape[1]
    mine = streams.mine[0]
    for m in range(len(mine)):
        mine[m] = team == 0 or owners[m] == 0
    together = team != 0
    for t in range(length):
        second, ahead = place_in_pair(t, length)
        kernels.advance(link, streams, classes, mine, second, ahead, first, last)
        if together:
            together = all_arrive(team, t + 1)
            if not together:
                find_behind(team, t + 1, owners, mine)
                kernels.advance(link, streams, classes, mine, second, ahead, first, last)
                mine[:] = True
        for n in range(first, last):
            weigh_row(streams.gate, streams.entropies, streams.shares, n)
            streams.logits[0, n] = 0
        kernels.add(logits, streams, classes, first, last)
        for n in range(first, last):
            log_row(streams.logits[0, n], classes)
            kernels.choose(streams, classes, rules, drawn, n, t)
        if together:
            record = record_of(team)
            store_release(turn_of(record, 0), t + 1)


@jit
def accompany(advance, link, streams, classes, owners, team, length, first, last):
    """Advance a thread's members for the first thread of a team, ``length`` times; see ``generate_mixed``.

    Args:
        advance: ``MixedKernels.advance``.
        link: see ``generate_mixed``, like the next four.
        streams: see there.
        classes: see there.
        owners: see there.
        team: address of this thread's record.
        length: T.
        first: the first stream.
        last: one beyond the last stream.
    """
    record = record_of(team)
    member = record[MEMBER]
    mine, turn = streams.mine[member], turn_of(record, member)
    for m in range(len(mine)):
        mine[m] = owners[m] == member
    for t in range(length):
        if not arrives(record, turn_of(record, 0), t):
            give_up(record)
            break
        second, ahead = place_in_pair(t, length)
        advance(link, streams, classes, mine, second, ahead, first, last)
        store_release(turn, t + 1)
    store_release(turn[HAS_LEFT:], 1)


@inlined
def all_arrive(team, steps):
    """Wait for all threads of a team to do so many steps; if one does not, wait until all have left, and return False.

    A thread leaves between two steps, or after the last one. A thread that has not begun yet leaves when it begins.
    """
    record = record_of(team)
    for member in range(1, record[MEMBERS]):
        if not arrives(record, turn_of(record, member), steps):
            give_up(record)
            for other in range(1, record[MEMBERS]):
                while load_acquire(turn_of(record, other)[HAS_LEFT:]) == 0:
                    pause()
            return False
    return True


@inlined
def find_behind(team, steps, owners, mine):
    """Fill ``mine`` (M,): whether each member belongs to a thread that has left before it did so many steps."""
    record = record_of(team)
    for m in range(len(mine)):
        mine[m] = owners[m] > 0 and load_acquire(turn_of(record, owners[m])) < steps


def chained(members: Sequence[SteppedMember], streams: MixedStreams, rules: Rules, drawn: Drawn) -> tuple[Any, ...]:
    """The kernels of the loop, the first Link and the first LogitsLink."""
    link: Any = 0
    logits: Any = 0
    advance = by_address(advance_none, link, streams, 0, streams.mine[0], False, False, 0, 0)
    add = by_address(add_none, logits, streams, 0, 0, 0)
    for place in range(len(members) - 1, -1, -1):
        member = members[place]
        link = Link(*member.advancing(), member.ids, member.logits, place, advance, link)
        logits = LogitsLink(member.logits, place, add, logits)
        advance = by_address(advance_link, link, streams, 0, streams.mine[0], False, False, 0, 0)
        add = by_address(add_link, logits, streams, 0, 0, 0)
    return MixedKernels(advance, add, by_address(choose, streams, 0, rules, drawn, 0, 0)), link, logits
