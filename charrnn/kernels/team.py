"""A team: threads that make each product together, so that one text is drawn with the caches of several cores.

Each member runs the same loop on arrays of its own, and so comes to the same products in the same order. Of each it
makes some columns, puts them on a board for all to see, and takes the others from there: what it then has is the whole
product, to the last bit as if it had been alone, and between two products no member needs another.

Nobody waits for long. A core may be taken away from a member at any time, and a member may never have begun; so who has
waited too long gives the team up: from there on the first member goes on alone, and the others leave.

Kernels know a member by a number, the address of its record, which is 0 where there is no team: it is handed on with
every matrix, and must cost nothing where it is not needed.
"""

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.intrinsics import copy_row, load_acquire, pause, row_at, store_release
from charrnn.kernels.jit import inlined
from charrnn.kernels.operands import share_of_blocks

LINE = 16
"""Words of 64 bits from what one member writes to what another one does: two lines of the cache, as some processors
fetch them in pairs."""

MEMBER, MEMBERS, SPINS, TURN, TURNS, BOARD, ROW_LENGTH, BOARD_SIZE = range(8)
"""The words of a record: which member this is, of how many, how patient it is, how many products it has made, where the
turns of all lie (a line for each, and one that is 1 once the team is given up), and where the board lies, with the
numbers in a row of it and in half of it."""

WORD, WORD_BYTES = np.int64(0), 8


class Team:
    """The memory that the members share, for one run of their loop.

    A board has two halves, for products by turns: who writes to one has seen that all others have made the product
    before, and so have read what it held.

    Args:
        members: how many threads.
        rows: the most rows of a product.
        columns: the most columns of a product.
        dtype: of the products.
        patience: how often a member looks for another one before it gives the team up.
    """

    def __init__(self, members: int, rows: int, columns: int, dtype: npt.DTypeLike, patience: int) -> None:
        self._turns = aligned_zeros((members + 1, LINE), np.int64)
        self._board = aligned_zeros((2, rows, padded(columns, np.dtype(dtype).itemsize)), dtype)
        self._records = aligned_zeros((members, LINE), np.int64)
        _, rows, row_length = self._board.shape
        self._records[:, MEMBER] = range(members)
        self._records[:, MEMBERS] = members
        self._records[:, SPINS] = patience
        self._records[:, TURNS] = self._turns.ctypes.data
        self._records[:, BOARD] = self._board.ctypes.data
        self._records[:, ROW_LENGTH] = row_length
        self._records[:, BOARD_SIZE] = rows * row_length

    def member(self, number: int) -> int:
        """What kernels know a member by, as long as the team lives."""
        return int(self._records[number].ctypes.data)

    def give_up(self) -> None:
        """Let the first member go on alone at once, as no others will come."""
        self._turns[-1, 0] = 1

    @property
    def given_up(self) -> bool:
        """Whether somebody has waited too long."""
        return bool(self._turns[-1, 0])


@inlined
def record_of(team):
    """A member's record."""
    return row_at(team, WORD, LINE)


@inlined
def turn_of(record, member):
    """The line of a member's turn; of the one after the last, that of whether the team is given up."""
    return row_at(record[TURNS] + member * LINE * WORD_BYTES, WORD, LINE)


@inlined
def given_up(record):
    """Whether the team is given up."""
    return load_acquire(turn_of(record, record[MEMBERS])) != 0


@inlined
def may_leave(team):
    """Whether this thread is a member of a team that is given up, and not the first, which goes on alone."""
    if team == 0:
        return False
    record = record_of(team)
    return record[MEMBER] > 0 and given_up(record)


@inlined
def share_of(team, count):
    """The first and one beyond the last of ``count`` things that a member does; and whether it does all, as alone."""
    if team == 0:
        return 0, count, True
    record = record_of(team)
    if given_up(record):
        return 0, count, True
    member, members = record[MEMBER], record[MEMBERS]
    return share_of_blocks(count, members, member), share_of_blocks(count, members, member + 1), False


@inlined
def complete(team, c, first_row, last_row, first, last, columns):
    """Hand out columns ``first`` to ``last`` of some rows of C and take the others.

    Returns False if they do not come: the team is given up then, by this member or by another one.

    Args:
        team: a member.
        c: (T, R, at least ``columns``).
        first_row: the first row of each step.
        last_row: one beyond the last row.
        first: the first of the member's own columns.
        last: one beyond their last.
        columns: N.
    """
    record = record_of(team)
    record[TURN] += 1
    turn = record[TURN]
    length = record[ROW_LENGTH]
    half = record[BOARD] + turn % 2 * record[BOARD_SIZE] * c.itemsize
    board = row_at(half, c.dtype.type(0), record[BOARD_SIZE])
    rows = last_row - first_row
    for row in range(c.shape[0] * rows):
        numbers = c[row // rows, first_row + row % rows]
        copy_row(numbers[first:last], board[row * length + first :], last - first)
    store_release(turn_of(record, record[MEMBER]), turn)
    for other in range(record[MEMBERS]):
        if not arrives(record, turn_of(record, other), turn):
            store_release(turn_of(record, record[MEMBERS]), np.int64(1))
            return False
    for row in range(c.shape[0] * rows):
        numbers = c[row // rows, first_row + row % rows]
        copy_row(board[row * length :], numbers, first)
        copy_row(board[row * length + last :], numbers[last:], columns - last)
    return True


@inlined
def arrives(record, line, turn):
    """Whether a member makes this turn before patience ends, and before the team is given up."""
    spins = 0
    while load_acquire(line) < turn:
        spins += 1
        if spins > record[SPINS] or given_up(record):
            return False
        pause()
    return True
