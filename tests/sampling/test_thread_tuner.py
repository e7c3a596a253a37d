import pytest

from charrnn.sampling.thread_tuner import LEAST_SECONDS, LONGEST_PAUSE, ThreadTuner


def run(tuner, seconds, chunks):
    """The numbers of threads of so many chunks, whose characters take ``seconds[threads]``."""
    used = []
    for _ in range(chunks):
        used.append(tuner.threads(100))
        tuner.took(used[-1], 100 * seconds[used[-1]], 100)
    return used


def test_one_thread_stays_alone():
    assert set(run(ThreadTuner(1), {1: 1.0}, 100)) == {1}


@pytest.mark.parametrize(("threads", "sizes"), [(2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_the_first_trial_goes_up_and_so_on_while_it_helps(threads, sizes):
    used = run(ThreadTuner(threads), {size: 1 / size for size in sizes}, 200)
    assert list(dict.fromkeys(used)) == sizes
    assert used.count(threads) > 180


@pytest.mark.parametrize("best", [1, 2, 4, 8])
def test_the_best_is_found_from_both_sides_and_kept(best):
    tuner = ThreadTuner(8)
    run(tuner, {1: 1.0, 2: 0.5, 4: 0.25, 8: 0.12} if best < 4 else dict.fromkeys((1, 2, 4, 8), 1.0), 30)
    seconds = {size: 1.0 + abs(size - best) for size in (1, 2, 4, 8)}
    used = run(tuner, seconds, 40 * LONGEST_PAUSE)[20 * LONGEST_PAUSE :]
    assert used.count(best) >= 0.95 * len(used)


def test_a_difference_that_may_be_noise_changes_nothing():
    used = run(ThreadTuner(2), {1: 1.0, 2: 0.97}, 1000)
    assert used.count(2) < 30


def test_when_the_other_cores_are_taken_away_it_goes_back():
    tuner = ThreadTuner(2)
    assert run(tuner, {1: 1.0, 2: 0.5}, 100)[-1] == 2
    assert run(tuner, {1: 1.0, 2: 5.0}, 2 * LONGEST_PAUSE + 2)[-1] == 1


def test_short_chunks_are_drawn_by_one_thread_and_say_nothing():
    tuner, few = ThreadTuner(2), {1: LEAST_SECONDS / 200, 2: LEAST_SECONDS / 300}
    assert set(run(tuner, few, 50)) == {1}
    seconds = {1: LEAST_SECONDS, 2: LEAST_SECONDS / 2}
    assert run(tuner, seconds, 4) == [1, 2, 2, 1]
    for _ in range(50):
        assert tuner.threads(1) == 1
        tuner.took(1, 2 * LEAST_SECONDS, 1)
    assert run(tuner, seconds, 1) == [2]


def test_a_trial_may_be_as_fast_as_it_likes():
    tuner, seconds = ThreadTuner(2), {1: LEAST_SECONDS, 2: LEAST_SECONDS / 1000}
    assert run(tuner, seconds, 2) == [1, 2]
    assert tuner.threads(1_000_000) == 2
