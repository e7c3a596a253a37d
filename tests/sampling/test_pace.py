import pytest

from charrnn.sampling.pace import LEAST_SECONDS, LONGEST_PAUSE, Pace


def run(pace, seconds, chunks):
    """The numbers of threads of so many chunks, whose characters take ``seconds[threads]``."""
    used = []
    for _ in range(chunks):
        used.append(pace.threads())
        pace.took(used[-1], 100 * seconds[used[-1]], 100)
    return used


def test_one_thread_stays_alone():
    assert set(run(Pace(1), {1: 1.0}, 100)) == {1}


@pytest.mark.parametrize(("threads", "sizes"), [(2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_the_first_trial_goes_up_and_so_on_while_it_helps(threads, sizes):
    used = run(Pace(threads), {size: 1 / size for size in sizes}, 200)
    assert list(dict.fromkeys(used)) == sizes
    assert used.count(threads) > 180


@pytest.mark.parametrize("best", [1, 2, 4, 8])
def test_the_best_is_found_from_both_sides_and_kept(best):
    pace = Pace(8)
    run(pace, {1: 1.0, 2: 0.5, 4: 0.25, 8: 0.12} if best < 4 else dict.fromkeys((1, 2, 4, 8), 1.0), 30)
    seconds = {size: 1.0 + abs(size - best) for size in (1, 2, 4, 8)}
    used = run(pace, seconds, 40 * LONGEST_PAUSE)[20 * LONGEST_PAUSE :]
    assert used.count(best) >= 0.95 * len(used)


def test_a_difference_that_may_be_noise_changes_nothing():
    used = run(Pace(2), {1: 1.0, 2: 0.97}, 1000)
    assert used.count(2) < 30


def test_when_the_other_cores_are_taken_away_it_goes_back():
    pace = Pace(2)
    assert run(pace, {1: 1.0, 2: 0.5}, 100)[-1] == 2
    assert run(pace, {1: 1.0, 2: 5.0}, 2 * LONGEST_PAUSE + 2)[-1] == 1


def test_chunks_that_are_too_short_say_nothing():
    pace = Pace(2)
    for _ in range(20):
        pace.took(pace.threads(), LEAST_SECONDS / 2, 1)
    assert run(pace, {1: 1.0, 2: 0.5}, 2) == [1, 2]
    for _ in range(20):
        assert pace.threads() == 2
        pace.took(2, LEAST_SECONDS / 2, 1)
