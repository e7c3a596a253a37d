import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from waiting import LONG, until

from charrnn import workers as module
from charrnn.errors import ConfigError
from charrnn.workers import Helper, Workers, available_threads, share

TASKS = Path("/proc/self/task")
"""A folder for each thread, on Linux."""

threads_given = pytest.mark.parametrize("threads", [1, 2, 5])


@threads_given
def test_each_part_runs_once_in_a_thread_of_its_own(threads):
    calls = []
    together = threading.Barrier(threads, timeout=LONG)  # passes only if all parts run at once

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


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("pause", [0, 0.003])
def test_of_many_jobs_each_part_is_done_once_and_before_the_next_job(threads, pause):
    workers, done = Workers(threads), []
    for job in range(200 if pause == 0 else 20):
        workers.run(lambda part, parts, job=job: done.append((job, part)))
        assert sorted(done) == [(job, part) for part in range(threads)]
        done.clear()
        time.sleep(pause)  # the threads go to sleep meanwhile


@pytest.mark.skipif(not TASKS.is_dir(), reason="the system does not tell")
def test_threads_without_work_go_to_sleep():
    workers, threads = Workers(2), {}
    workers.run(lambda part, parts: threads.setdefault(part, threading.get_native_id()))

    def sleeps():
        return (TASKS / str(threads[1]) / "stat").read_text().rpartition(") ")[2][0] == "S"

    until(lambda: all(sleeps() or time.sleep(0.002) for _ in range(50)))  # not only until it gets the GIL


def test_what_comes_while_the_threads_are_at_work_is_done_by_its_caller():
    workers, at_work, go_on, calls = Workers(3), threading.Barrier(4), threading.Event(), []

    def long(part, parts):
        at_work.wait(LONG)
        go_on.wait(LONG)

    first = threading.Thread(target=workers.run, args=(long,))
    first.start()
    at_work.wait(LONG)
    workers.run(lambda part, parts: calls.append((part, parts, threading.get_ident())))
    assert calls == [(0, 1, threading.get_ident())]
    go_on.set()
    first.join()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer that interrupts")
def test_after_a_caller_was_interrupted_the_next_job_waits_for_the_part_that_is_left():
    workers, done, interrupted, asserted = Workers(2), [], threading.Event(), threading.Event()

    def interrupt(number, frame):
        if frame.f_code is Helper.wait.__code__ and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    def slow(part, parts):
        if part:
            while not interrupted.wait(0.01):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
            asserted.wait(LONG)
            time.sleep(0.1)  # the next job most likely waits by then
            done.append("slow")

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            workers.run(slow)
        assert done == []
        asserted.set()
        workers.run(lambda part, parts: done.append(part))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert done[0] == "slow"
    assert sorted(done[1:]) == [0, 1]


@pytest.mark.parametrize("step", ["start_new_thread", "start"])
def test_a_part_that_no_thread_came_for_is_dropped(monkeypatch, step):
    workers, done = Workers(3), []

    def fail(*arguments):
        raise RuntimeError("can't start new thread")

    def start_one(helper, part, original=Helper.start):
        if started:
            fail()
        started.append(helper)
        original(helper, part)

    started = []
    with monkeypatch.context() as patch:
        patch.setattr(*((module, step, fail) if step == "start_new_thread" else (Helper, step, start_one)))
        with pytest.raises((RuntimeError, ConfigError), match="thread"):
            workers.run(lambda part, parts: done.append("old"))
    done.clear()
    for _ in range(3):
        workers.run(lambda part, parts: done.append(part))
        assert sorted(done) == [0, 1, 2]
        done.clear()


INTERRUPTED = """
import random, signal
from charrnn.workers import Workers

def interrupt(number, frame):
    raise KeyboardInterrupt

random.seed(1)
workers, done = Workers(2), []
workers.run(lambda part, parts: None)
signal.signal(signal.SIGALRM, interrupt)
for _ in range(400):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 2e-3))
        while True:
            workers.run(lambda part, parts: None)
    except KeyboardInterrupt:
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
workers.run(lambda part, parts: done.append(part))
print(sorted(done))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer that interrupts")
def test_after_any_number_of_interrupts_work_goes_on():
    command = [sys.executable, "-c", INTERRUPTED]
    process = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=True)
    assert process.stdout == "[0, 1]\n"


FORKED = """
import os, signal
from charrnn.workers import Workers

workers, calls = Workers(2), []
workers.run(lambda part, parts: None)
if child := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
workers.run(lambda part, parts: calls.append(part))
print(sorted(calls), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_has_threads_of_its_own():
    process = subprocess.run(
        [sys.executable, "-c", FORKED], stdout=subprocess.PIPE, text=True, timeout=LONG, check=True
    )
    assert process.stdout == "[0, 1]\n"


@pytest.mark.skipif(not TASKS.is_dir(), reason="the system does not tell")
def test_threads_end_with_their_workers():
    before = len(list(TASKS.iterdir()))
    for _ in range(20):
        Workers(3).run(lambda part, parts: None)
    until(lambda: len(list(TASKS.iterdir())) <= before)


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


def test_threads_that_the_system_does_not_give_are_an_error(monkeypatch):
    def refused(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("charrnn.workers.start_new_thread", refused)
    with pytest.raises(ConfigError, match="no more threads: choose fewer --threads"):
        Workers(3).run(lambda part, parts: None)


@pytest.mark.parametrize(("quota", "most"), [(0.1, 1), (1.0, 1), (1.5, 2), (2.0, 2), (float("inf"), 1024)])
def test_the_quota_of_a_container_bounds_the_threads(monkeypatch, quota, most):
    monkeypatch.setattr("charrnn.workers.processor_quota", lambda: quota)
    monkeypatch.setattr("charrnn.workers.even_cores", lambda own: 4)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 4, raising=False)
    assert available_threads() == min(4, most)
