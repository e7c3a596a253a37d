"""Processes that share the compilation of kernels through the cache.

Numba compiles one kernel at a time. So when kernels are missing, a second process compiles what the first one will need
last, and goes on to what it needs sooner. To learn what is needed, it rehearses: it runs the same program on kernels
that do nothing but note the types of their arguments. Neither process compiles what the other one is compiling: the
first one waits for it, the second one leaves it out.
"""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
from numba import types
from numba.core.types.function_type import WrapperAddressProtocol
from numba.core.typing import signature

REHEARSING = os.environ.get("CHARRNN_REHEARSING") == "1"
"""Whether this process rehearses."""

PATIENCE = 60.0
"""Seconds to wait for another process's kernel; a process that is stopped must not hold up all others."""

LOOK_AGAIN = 0.01
"""Seconds between two looks at another process's lock."""

needed: dict[tuple[Any, tuple[Any, ...]], None] = {}
"""The kernels that were called in a rehearsal, each with the types of its arguments, in order."""


class BeingCompiledError(Exception):
    """Another process compiles this kernel at the moment."""


class NotedKernel:
    """A kernel in a rehearsal: a call notes the types of the arguments and returns 1."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)

    def __call__(self, *arguments: Any) -> int:
        """Note the call; 1 is a number and a truth, and so are the results of kernels."""
        self.note(*arguments)
        return 1

    def note(self, *arguments: Any) -> tuple[Any, ...]:
        """Note a call; returns the types of its arguments."""
        kinds = tuple(numba.typeof(argument) for argument in arguments)
        needed.setdefault((self._kernel, kinds))
        return kinds


class PromisedKernel(WrapperAddressProtocol):
    """A kernel by address, in a rehearsal: its type, but no address. Such kernels return nothing."""

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self._signature = signature(types.none, *kinds)

    def __wrapper_address__(self) -> int:
        return 0

    def signature(self) -> Any:
        """The type of the kernel."""
        return self._signature


def noted(kernel: NotedKernel, *arguments: Any) -> Any:
    """Note a kernel that is compiled for ``arguments``, in place of compiling it."""
    kernel.note(*arguments)
    return SimpleNamespace(entry_point=lambda *_: 1)


def compile_needed() -> None:
    """Compile all that was noted, the last first, except what another process is compiling."""
    for kernel, kinds in reversed(needed):
        try:
            kernel.compile(kinds)
        except BeingCompiledError:
            continue


def take_turn(path: Path) -> Callable[[], None]:
    """Wait until no other process compiles the kernel that is kept at ``path``.

    Returns:
        A function that ends this process's turn. It has none if the folder cannot be written, or has no locks.

    Raises:
        BeingCompiledError: Another process compiles the kernel, and this one rehearses.
    """
    from filelock import FileLock, Timeout  # only where something is missing

    turn = FileLock(path.with_name(f"{path.name}.lock"), thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        turn.acquire(timeout=0 if REHEARSING else PATIENCE, poll_interval=LOOK_AGAIN)
    except Timeout:
        if REHEARSING:
            raise BeingCompiledError from None
    except (OSError, NotImplementedError):
        pass
    return turn.release
