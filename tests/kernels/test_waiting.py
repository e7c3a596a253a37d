import threading
import time

import numpy as np
import pytest

from charrnn.kernels.waiting import reaches


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
    begin = time.monotonic()
    assert reaches(counter, 1, 2**40)
    assert time.monotonic() - begin < 10
    writer.join()
