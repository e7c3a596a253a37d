import numpy as np
import pytest

from benchmarks.shared.peak import CANDIDATES, fastest, make_loop, measure_peak


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_chain_is_computed(dtype):
    real = np.dtype(dtype).type
    loop = make_loop(4, 3)
    for rounds in (1, 2, 7):
        wanted = 0.0
        for chain in range(3):
            x = 1.0 + chain + 1.0
            for _ in range(rounds):
                x = 0.5 * x + 1.0
            wanted += x
        assert loop(real(0.5), real(1.0), rounds) == wanted


def test_the_peak_is_the_fastest_loop_and_does_not_change_with_the_time_it_is_given():
    first, again = measure_peak(), measure_peak()
    assert (first.vector_bytes, first.chains) in CANDIDATES
    assert (first.vector_bytes, first.chains) == fastest("float32")[1][1:]
    assert first.gflops / 10 < again.gflops < 10 * first.gflops  # others may use the core
    assert first.gflops > 1
