import os
import signal
import subprocess
import sys
import time

import pytest

from charrnn.clock import LONGEST_GAP, Stopwatch

STOPPED = 3.0


class Clocks:
    """Two clocks that a test moves on."""

    def __init__(self):
        self.wall = self.processor = 100.0
        self.stopwatch = Stopwatch(lambda: self.wall, lambda: self.processor)

    def pass_time(self, wall, processor, *, beats=1):
        for _ in range(beats):
            self.wall += wall / beats
            self.processor += processor / beats
            self.stopwatch.beat()


@pytest.mark.parametrize(
    ("wall", "processor", "beats", "counted"),
    [
        (60, 120, 600, 60),  # two threads at work
        (60, 0, 600, 60),  # waits for a slow disk: the thread that beats does not
        (30, 30, 1, 30),  # one thread lets no other one run
        (3600, 0, 1, LONGEST_GAP),  # stopped
        (3600, 0.2, 1, LONGEST_GAP),  # stopped between two steps
        (0.9, 0, 1, 0.9),  # others kept the machine busy
    ],
)
def test_what_counts(wall, processor, beats, counted):
    clocks = Clocks()
    clocks.pass_time(wall, processor, beats=beats)
    assert clocks.stopwatch.seconds() == pytest.approx(counted)


def test_a_reading_just_after_a_stop_does_not_wait_for_the_beat():
    clocks = Clocks()
    clocks.pass_time(5, 5, beats=50)
    clocks.wall += 7200
    assert clocks.stopwatch.seconds() == pytest.approx(5 + LONGEST_GAP)
    clocks.pass_time(1, 1, beats=10)
    assert clocks.stopwatch.seconds() == pytest.approx(6 + LONGEST_GAP, abs=0.2)


def test_time_never_goes_back():
    clocks, before = Clocks(), 0.0
    for wall in (0.3, 0.6, 0.3, 500, 0.1):
        clocks.wall += wall
        assert clocks.stopwatch.seconds() >= before
        before = clocks.stopwatch.seconds()
    clocks.stopwatch.beat()
    assert clocks.stopwatch.seconds() == before


@pytest.mark.parametrize("at", [1, 2, 3])
def test_time_does_not_go_back_where_the_beat_is_held_up_between_two_readings(at):
    clock, before, left = [100.0], [], []

    def read():
        value = clock[0]
        if left and not left.pop():  # another thread works for three seconds and reads the clock
            clock[0] = 103.0
            left.clear()
            before.append(stopwatch.seconds())
        return value

    stopwatch = Stopwatch(read, read)
    clock[0] = 100.1
    left += [True] * at
    left[0] = False
    stopwatch.beat()
    assert before == [pytest.approx(3.0)]
    assert stopwatch.seconds() == pytest.approx(3.0)


def stop_a_while(process):
    """Stop a process once it has stopped itself."""
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    time.sleep(STOPPED)
    process.send_signal(signal.SIGCONT)


SELF_STOPPED = "os.kill(os.getpid(), signal.SIGSTOP)"

WAITING = f"""
import os, signal, time
from charrnn.clock import running_seconds
before = time.monotonic() - running_seconds()
{SELF_STOPPED}
print(time.monotonic() - running_seconds() - before)
"""

IN_A_FORK = """
import os, sys, threading
from charrnn.clock import running_seconds
running_seconds()
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
running_seconds()
print([thread.name for thread in threading.enumerate() if thread.is_alive()])
"""

TRAINING = f"""
import os, signal, sys, time
import charrnn
from charrnn.training.events import StepDone
text, runs = sys.argv[1:]
offsets = []
for event in charrnn.train(text, checkpoints=runs, minutes=100, plan=False, hidden_size=8, threads=1):
    if isinstance(event, StepDone):
        offsets.append(time.monotonic() - event.seconds)
        if event.step == 3:
            {SELF_STOPPED}
        if event.step == 6:
            break
print(offsets[-1] - offsets[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing stops a process there")
@pytest.mark.parametrize("code", [WAITING, TRAINING])
def test_a_process_that_is_stopped_does_not_run(code, tmp_path, corpus):
    command = [sys.executable, "-c", code, corpus, str(tmp_path / "runs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        stop_a_while(process)
        missing, _ = process.communicate()
    assert process.returncode == 0
    assert float(missing) > STOPPED - 2 * LONGEST_GAP


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_has_a_clock_of_its_own():
    result = subprocess.run([sys.executable, "-c", IN_A_FORK], capture_output=True, text=True, check=True)
    assert "'charrnn clock'" in result.stdout
