import threading
from functools import partial

import numpy as np
import pytest

from charrnn.kernels.jit import jit
from charrnn.kernels.matmul import matmul
from charrnn.kernels.operands import PAIRS
from charrnn.kernels.packing import pack, packed_zeros, rounding_buffer
from charrnn.kernels.simd import TILE
from charrnn.kernels.team import Team, may_leave
from charrnn.workers import Workers, available_threads

DEPTH, ENDLESS = 37, 2**60
may_leave = jit(may_leave.py_func)
teams = pytest.mark.parametrize("members", [2, 3])


class Products:
    """Products of rows with matrices of different widths, each added to what the one before left."""

    def __init__(self, random, columns, steps, rows, dtype, panels=None):
        self._widest, self._shape, self._dtype = max(columns), (steps, rows), np.dtype(dtype)
        self._a = random.normal(size=(steps, rows, DEPTH)).astype(dtype)
        self._c = random.normal(size=(steps, rows, self._widest)).astype(dtype)
        self._ids = np.arange(steps * rows, dtype=np.int32).reshape(steps, rows)
        self._bs = []
        for width in columns:
            b = packed_zeros(DEPTH, width, panels or dtype)
            pack(random.normal(size=(DEPTH, width)).astype(dtype), b, 0, 1)
            self._bs.append(b)

    def team(self, members, patience):
        return Team(members, self._shape[0] * self._shape[1], self._widest, self._dtype, patience)

    def run(self, team=0, first=0, last=None, count=None):
        """The first ``count`` of them, or all, on memory of its own, as a member of a team if any."""
        c, last = self._c.copy(), self._shape[1] if last is None else last
        for b in self._bs[:count]:
            buffer = rounding_buffer(DEPTH, self._shape[1], b.panels.dtype)
            matmul(
                self._a, b._replace(rounded=buffer, team=team), c.reshape(-1, self._widest), self._ids, c, first, last
            )
        return c


@teams
@pytest.mark.parametrize(("dtype", "panels"), [("float32", None), ("float64", None), ("float32", PAIRS)])
@pytest.mark.parametrize(("steps", "rows", "first", "last"), [(1, 1, 0, 1), (1, 4, 1, 3), (3, 2, 0, 2)])
def test_each_member_gets_the_products_to_the_last_bit(random, members, dtype, panels, steps, rows, first, last):
    columns = [1, 65, 16 * TILE.vectors * 7 + 3, 130, 8]
    products = Products(random, columns, steps, rows, dtype, panels)
    alone = products.run(0, first, last)
    workers = Workers(members)
    for _ in range(3):
        team, results = products.team(members, ENDLESS), [np.empty(0)] * members

        def job(part, parts, team=team, results=results):
            results[part] = products.run(team.member(part), first, last)

        workers.run(job)
        assert all(np.array_equal(result, alone) for result in results)
        assert not team.given_up


def test_no_member_overwrites_what_another_has_not_read(random):
    """Members that lose their cores while they wait: the others make the next product from this one meanwhile."""
    members, size = 3 * available_threads(), 16 * TILE.vectors * 3
    w = packed_zeros(size, size, "float32")
    pack(np.asarray(random.normal(size=(size, size)) / np.sqrt(size), np.float32), w, 0, 1)
    first = np.asarray(random.normal(size=(1, 1, size)), np.float32)
    zeros, ids = np.zeros((1, size), np.float32), np.zeros((1, 1), np.int32)

    def power(team=0):
        x = first
        for _ in range(30):
            y = np.empty_like(x)
            matmul(x, w._replace(team=team), zeros, ids, y, 0, 1)
            x = y
        return x

    team, results, alone = Team(members, 1, size, "float32", ENDLESS), [zeros] * members, power()

    def job(part, _parts):
        results[part] = power(team.member(part))

    Workers(members).run(job)
    assert all(np.array_equal(result, alone) for result in results)
    assert not team.given_up


@teams
@pytest.mark.parametrize("turns", [0, 1, 2])
@pytest.mark.parametrize("patience", [0, 50, 10_000])
def test_the_first_member_goes_on_alone_where_another_does_not_come_or_leaves(random, members, turns, patience):
    products = Products(random, [65, 200, 8, 300], 1, 1, "float32")
    alone, team = products.run(), products.team(members, patience)
    others = [
        threading.Thread(target=partial(products.run, team.member(number), count=turns if number == 1 else None))
        for number in range(1, members)
    ]
    for other in others:
        other.start()
    assert np.array_equal(products.run(team.member(0)), alone)
    for other in others:
        other.join()
    assert team.given_up
    assert [may_leave(team.member(number)) for number in range(members)] == [False] + [True] * (members - 1)


def test_nobody_leaves_a_team_at_work(random):
    team = Products(random, [65], 1, 1, "float32").team(2, ENDLESS)
    assert not team.given_up
    assert not may_leave(team.member(1))


def test_a_team_that_was_given_up_waits_for_nobody(random):
    products = Products(random, [65, 200], 1, 1, "float32")
    team = products.team(3, ENDLESS)
    team.give_up()
    assert np.array_equal(products.run(team.member(0)), products.run())
    assert not may_leave(0)
    assert not may_leave(team.member(0))
    assert may_leave(team.member(2))


def test_what_members_take_from_one_another_lies_in_lines_of_its_own():
    team = Team(3, 1, 70, "float32", 0)
    places = [team.member(number) for number in range(3)]
    assert np.diff(places).tolist() == [128, 128]
    assert places[0] % 64 == 0
