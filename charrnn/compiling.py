"""Let a second process compile kernels that the cache lacks; see ``charrnn.kernels.side_by_side``."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from charrnn.kernels.jit import compile_listeners
from charrnn.system import out_of_reach
from charrnn.workers import available_threads

helpers: list[subprocess.Popen[bytes]] = []
"""The helping processes, which end when this one does."""

_allowed: list[bool] = []

_waiting: list[Callable[[bool], None]] = []
"""The listener for the last example."""


def allow_helpers() -> None:
    """Let this process start others that compile for it, as only the command line may."""
    _allowed.append(True)


def compile_beside(example: Mapping[str, Any]) -> None:
    """If a kernel turns out to be missing, start a process that compiles what ``example`` needs.

    Args:
        example: arguments of ``charrnn.cli.compile.rehearsal``, as JSON values.
    """
    if not _allowed or available_threads() == 1:
        return
    for listener in _waiting:
        with contextlib.suppress(ValueError):  # it has been called
            compile_listeners.remove(listener)
    _waiting[:] = [partial(_start, json.dumps(example))]
    compile_listeners.extend(_waiting)


def _start(example: str, kept: bool) -> None:
    """Start the process, unless nothing can be kept for this one to find."""
    if not kept:
        return
    helper = subprocess.Popen(
        [sys.executable, "-m", "charrnn.cli.compile.rehearsal"],
        stdin=subprocess.PIPE,  # its end tells the helper that this process has ended
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"CHARRNN_REHEARSING": "1"},
        **out_of_reach(),
    )
    assert helper.stdin
    helper.stdin.write(example.encode() + b"\n")
    helper.stdin.flush()
    helpers.append(helper)
