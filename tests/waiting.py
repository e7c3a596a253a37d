"""Waiting for events instead of times: a busy machine is late, and no test may fail because of that."""

import select
import time

LONG = 600
"""Seconds after which something never comes; a safety limit, which only a fault reaches."""


def until(condition, pause=0.005):
    """Wait until something holds; look for it after each pause of so many seconds."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(pause)


def until_full(pipe):
    """Wait until a pipe, of which this is the end to write to, takes no more."""
    until(lambda: not select.select([], [pipe], [], 0)[1])
