"""A team: threads that share each product, so that sampling one text uses the caches of several cores.

Each member runs the same loop on its own arrays, and so computes the same products in the same order. Of each product
it computes some columns, copies them to a shared board, and reads the other columns from there. The result is the same
to the last bit as for one thread, and members synchronise only at products.

The system may suspend a member at any time or start it late. So a member that has waited too long gives up on the
team: the first member then continues alone, and the others return.

Kernels identify a member by the address of its record, 0 without a team. Each packed matrix carries this address.
"""

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.intrinsics import copy_row, load_acquire, pause, row_at, store_release
from charrnn.kernels.jit import inlined
from charrnn.kernels.operands import share_of_blocks

LINE = 16
"""64-bit words between the data that two members write: two cache lines, as some processors fetch them in pairs."""

MEMBER, MEMBERS, SPINS, TURN, TURNS, BOARD, ROW_LENGTH, BOARD_SIZE = range(8)
"""Indices of the words of a member's record.

MEMBER is the member's number, MEMBERS the number of members, SPINS how many spins it waits for another member, and TURN
the number of products it has computed. TURNS is the address of all members' turns, a line each; one more line starts
with 1 once the team is given up. BOARD is the board's address, ROW_LENGTH the length of its rows, and BOARD_SIZE the
length of its halves."""

WORD, WORD_BYTES = np.int64(0), 8


class Team:
    """The memory that the members share, for one run of their loop.

    Products alternate between the two halves of the board. A member that writes to a half has seen all others complete
    the previous product, so they have already read that half's old content.

    Args:
        members: number of threads.
        rows: most rows of a product.
        columns: most columns of a product.
        dtype: type of the products.
        patience: spins that a member waits for another before it gives up on the team.

    Attributes:
        members: number of threads.
    """

    def __init__(self, members: int, rows: int, columns: int, dtype: npt.DTypeLike, patience: int) -> None:
        self.members = members
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
        """The address of a member's record, valid while this object lives."""
        return int(self._records[number].ctypes.data)

    def give_up(self) -> None:
        """Give up on the team, as not all members run: let the first one continue alone."""
        self._turns[-1, 0] = 1

    @property
    def given_up(self) -> bool:
        """Whether the first member continues alone."""
        return bool(self._turns[-1, 0])


@inlined
def record_of(team):
    """A member's record, read from its address ``team``."""
    return row_at(team, WORD, LINE)


@inlined
def turn_of(record, member):
    """The line that holds a member's turn; the line after the last member's says whether the team is given up."""
    return row_at(record[TURNS] + member * LINE * WORD_BYTES, WORD, LINE)


@inlined
def given_up(record):
    """Whether a member has given up on the team."""
    return load_acquire(turn_of(record, record[MEMBERS])) != 0


@inlined
def give_up(record):
    """Give up on the team."""
    store_release(turn_of(record, record[MEMBERS]), np.int64(1))


@inlined
def may_leave(team):
    """Whether this thread should return: its team is given up, and it is not the first member."""
    if team == 0:
        return False
    record = record_of(team)
    return record[MEMBER] > 0 and given_up(record)


@inlined
def share_of(team, count):
    """A member's share of ``count`` items: the first, one beyond the last, and whether it does all of them alone."""
    if team == 0:
        return 0, count, True
    record = record_of(team)
    if given_up(record):
        return 0, count, True
    member, members = record[MEMBER], record[MEMBERS]
    return share_of_blocks(count, members, member), share_of_blocks(count, members, member + 1), False


@inlined
def complete(team, c, first_row, last_row, first, last, columns):
    """Publish columns ``first`` to ``last`` of some rows of C, and read the other columns from the other members.

    Returns False if the team is given up, by this member or by another.

    Args:
        team: address of the member's record.
        c: (T, R, at least ``columns``).
        first_row: the first row of each step.
        last_row: one beyond the last row.
        first: the first of the member's own columns.
        last: one beyond the last of them.
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
            give_up(record)
            return False
    for row in range(c.shape[0] * rows):
        numbers = c[row // rows, first_row + row % rows]
        copy_row(board[row * length :], numbers, first)
        copy_row(board[row * length + last :], numbers[last:], columns - last)
    return True


@inlined
def arrives(record, line, turn):
    """Wait for a member to reach this turn; returns False after too many spins, or if the team is given up."""
    spins = 0
    while load_acquire(line) < turn:
        spins += 1
        if spins > record[SPINS] or given_up(record):
            return False
        pause()
    return True
