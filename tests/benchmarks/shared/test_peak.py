import numpy as np
import pytest

from benchmarks.shared.peak import CANDIDATES, fastest, make_loop, measure_peak, rate


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


@pytest.mark.parametrize("seconds", [1e-4, 0.02])
def test_the_rate_is_that_of_the_fastest_slice_however_long_slices_are(monkeypatch, seconds):
    now, slices = 0.0, []

    def loop(_a, _b, rounds):
        nonlocal now
        slices.append(rounds)
        interrupted = len(slices) % 3 != 0  # somebody else uses the core, but in every third slice
        now += rounds * 4e-9 * (1 + interrupted)

    monkeypatch.setattr("time.thread_time", lambda: now)
    assert rate(loop, 96, np.float32, seconds, 5) == pytest.approx(96 / 4)


def test_the_peak_is_that_of_the_fastest_loop():
    peak = measure_peak()
    assert (peak.vector_bytes, peak.chains) in CANDIDATES
    assert (peak.vector_bytes, peak.chains) == fastest("float32")[1][1:]
    assert peak.gflops > 0
