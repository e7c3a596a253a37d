import numpy as np
import pytest

from benchmarks.shared.peak import CANDIDATES, make_loop, measure_peak, rounds_in


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


class Core:
    """A core that somebody else uses, too, but in some runs of a loop; its clock is the thread's."""

    def __init__(self, monkeypatch, quiet):
        self.now, self.runs, self._quiet = 0.0, [], quiet
        monkeypatch.setattr("time.thread_time", lambda: self.now)

    def loop(self, name, seconds_per_round):
        def run(_a, _b, rounds):
            disturbed = not self._quiet(len(self.runs))
            self.runs.append((name, rounds))
            self.now += rounds * seconds_per_round * (1 + disturbed)

        return run


@pytest.mark.parametrize("seconds", [1e-5, 1e-4, 0.02])
def test_rounds_take_so_long_and_not_much_longer(monkeypatch, seconds):
    core = Core(monkeypatch, lambda run: True)
    rounds = rounds_in(seconds, core.loop("a", 4e-9), np.float32)
    assert rounds * 4e-9 >= seconds
    assert rounds == core.runs[0][1] or rounds * 4e-9 < 2 * seconds


def test_the_peak_is_that_of_the_fastest_loop_in_its_best_slice(monkeypatch):
    core = Core(monkeypatch, lambda run: run % 7 == 6)
    loops = [(core.loop("slow", 4e-9), 32, 12), (core.loop("fast", 3e-9), 64, 24), (core.loop("short", 1e-9), 16, 2)]
    monkeypatch.setattr("benchmarks.shared.peak.loops", lambda dtype: loops)
    assert measure_peak("float32", slices=8) == (pytest.approx(2 * 16 * 24 / 3), 64, 24)
    names = [name for name, _ in core.runs[-24:]]
    assert names == 8 * ["slow", "fast", "short"]  # by turns


def test_the_peak_of_this_core_is_measured():
    peak = measure_peak(slices=1)
    assert peak.gflops > 0
    assert peak[1:] in CANDIDATES
