import numpy as np
import pytest

from benchmarks.shared.peak import CANDIDATES, make_loop, measure_peak, rate


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


def test_the_peak_is_that_of_the_loop_that_is_fastest_now(monkeypatch):
    assert measure_peak().gflops > 0
    rates = iter([8, 7, 6, 5, 1, 2, 3, 9, 1, 2, 3, 4])
    monkeypatch.setattr("benchmarks.shared.peak.rate", lambda *_: next(rates))
    assert measure_peak(slices=2) == (9, *CANDIDATES[-1])
    assert measure_peak(slices=1) == (4, *CANDIDATES[-1])
