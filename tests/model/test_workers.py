import threading
import time

import pytest

from charrnn.model.workers import Workers, available_threads, share

threads_given = pytest.mark.parametrize("threads", [1, 2, 5])


@threads_given
def test_each_part_runs_once_in_a_thread_of_its_own(threads):
    calls = []
    together = threading.Barrier(threads, timeout=20)  # passes only if all parts run at once

    def job(part, parts):
        together.wait()
        calls.append((part, parts, threading.get_ident()))

    Workers(threads).run(job)
    assert sorted(call[:2] for call in calls) == [(part, threads) for part in range(threads)]
    assert len({ident for *_, ident in calls}) == threads
    assert {ident for part, _, ident in calls if part == 0} == {threading.get_ident()}


@pytest.mark.parametrize(("threads", "most", "wanted"), [(5, 1, 1), (5, 3, 3), (2, 3, 2), (1, 3, 1)])
def test_there_are_no_more_parts_than_the_job_can_be_cut_into(threads, most, wanted):
    calls = []
    Workers(threads).run(lambda part, parts: calls.append((part, parts)), most=most)
    assert sorted(calls) == [(part, wanted) for part in range(wanted)]


def test_run_waits_for_all():
    done = []

    def job(part, parts):
        time.sleep(0.02 * part)
        done.append(part)

    Workers(3).run(job)
    assert sorted(done) == [0, 1, 2]


@pytest.mark.parametrize(("threads", "bad"), [(1, 0), (3, 0), (3, 1), (3, 2)])
def test_an_exception_is_raised_after_all_parts_have_ended_and_work_can_go_on(threads, bad):
    workers, done = Workers(threads), []

    def job(part, parts):
        if part == bad:
            raise ArithmeticError(part)
        time.sleep(0.01)
        done.append(part)

    with pytest.raises(ArithmeticError) as caught:
        workers.run(job)
    assert caught.value.args == (bad,)
    assert sorted(done) == [part for part in range(threads) if part != bad]
    workers.run(lambda part, parts: done.append(part + 100))
    assert sorted(done)[-threads:] == list(range(100, 100 + threads))


def test_one_thread_starts_no_other():
    before = threading.active_count()
    Workers().run(lambda part, parts: None)
    assert Workers().threads == 1
    assert threading.active_count() <= before  # those of others may end meanwhile


@pytest.mark.parametrize(("count", "parts"), [(0, 3), (1, 1), (2, 5), (10, 3), (64, 7)])
def test_shares_meet_and_are_even(count, parts):
    shares = [share(count, part, parts) for part in range(parts)]
    assert [thing for first, last in shares for thing in range(first, last)] == list(range(count))
    sizes = [last - first for first, last in shares]
    assert max(sizes) - min(sizes) <= 1


def test_this_process_may_use_a_core():
    assert available_threads() >= 1
