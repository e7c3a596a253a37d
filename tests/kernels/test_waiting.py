import threading
import time

import numpy as np
import pytest

from charrnn.kernels.waiting import passes, reaches

ENDLESS = 2**60
"""Looks; on a busy machine another thread may not run for a long time."""


@pytest.mark.parametrize("patience", [0, 1, 100])
@pytest.mark.parametrize(("count", "wanted"), [(2, False), (3, True), (4, True)])
def test_a_counter_that_nobody_writes(count, wanted, patience):
    assert reaches(np.array([count]), 3, patience) is wanted


def test_what_another_thread_writes_meanwhile_is_seen():
    counter = np.zeros(1, np.int64)
    reaches(counter, 0, 0)  # compiles

    def write():
        time.sleep(0.05)
        counter[0] = 1

    writer = threading.Thread(target=write)
    writer.start()
    assert reaches(counter, 1, ENDLESS)
    writer.join()


@pytest.mark.parametrize(("theirs", "wanted"), [(3, False), (4, True), (5, True)])
def test_who_passes_says_its_number_and_looks_for_the_next_one(theirs, wanted):
    own = np.zeros(1, np.int64)
    assert passes(own, np.array([theirs]), 3, 10) is wanted
    assert own[0] == 3


def test_threads_pass_by_turns():
    first, second = np.zeros(1, np.int64), np.zeros(1, np.int64)
    passes(first, second, 0, 0)  # compiles

    def answer():
        for turn in range(1, 101):
            reaches(first, turn, ENDLESS)
            second[0] = turn + 1

    other = threading.Thread(target=answer)
    other.start()
    assert all(passes(first, second, turn, ENDLESS) for turn in range(1, 101))
    other.join()
