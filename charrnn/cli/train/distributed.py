"""A training by the processes that mpirun has started: process 0 leads, and the others follow."""

import contextlib
import platform
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

from charrnn.cli.shared.failures import explanation
from charrnn.cli.shared.output import say
from charrnn.cli.shared.signals import signals

if TYPE_CHECKING:
    from charrnn.distributed.processes import Processes
    from charrnn.training.contract import BaseTrainer
    from charrnn.training.together import Together

DIED = "charrnn: error: a process of the run has died, which ends all of them; --resume continues from the last save"

WATCH = 'read -r ended || printf "%s\\n" "$0" >&2'
"""A shell's program that prints its argument, unless a line is written to it before its standard input is closed."""


@contextlib.contextmanager
def together_with(distributed: bool, threads: int | None) -> "Iterator[Together | None]":
    """Join the other processes of a distributed training for the body.

    Yields:
        The processes, of which this is the first; or None in the others, which have followed it to the end.
    """
    from charrnn.training.together import ALONE

    if not distributed:
        yield ALONE
        return
    from charrnn.distributed.processes import Processes

    processes = Processes()
    if processes.rank:
        _follow(processes, threads)
        yield None
        return
    with processes.leading(), _watched():
        yield processes


def _follow(processes: "Processes", threads: int | None) -> None:
    """Follow process 0; an error that only this process has ends all."""
    from charrnn.distributed.follower import Follower

    def on_step(trainer: "BaseTrainer") -> None:
        signals.keep(trainer.stop)

    try:
        Follower(processes, threads, on_step).run()
    except Exception as error:
        say(f"charrnn: error: process {processes.rank} on {platform.node()}: {explanation(error)}")
        processes.abort()
    signals.let_go()


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Let a shell say so if this process is killed within the body, as mpirun kills all if one dies."""
    try:
        shell = subprocess.Popen(["/bin/sh", "-c", WATCH, DIED], stdin=subprocess.PIPE, start_new_session=True)
    except OSError:  # not on Windows
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            shell.communicate(b"\n")
