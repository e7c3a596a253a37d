"""The decorators of kernels, and the disk cache of compiled kernels.

Numba's own cache checks the time stamp of a single file, and so keeps a kernel whose inlined functions have changed in
another file. Here the name of the cache folder contains Numba's version and a hash of all compiled sources: editing any
of them starts a new folder. Kernels that contain code of other packages have folders named by a hash of that code.
A read-only folder works if it holds all kernels, as in a container. Kernels that can neither be read nor written are
compiled in each process.
"""

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.runtime import rtsys
from numba.experimental import function_type  # noqa: F401 - registers the type of a kernel handed to another one

from charrnn.kernels.compiler import own_settings
from charrnn.kernels.processor import PROCESSOR
from charrnn.kernels.side_by_side import REHEARSING, NotedKernel, PromisedKernel, noted, take_turn
from charrnn.registry import is_ours
from charrnn.system import scratch_file

PACKAGE = Path(__file__).parent.parent
COMPILED_FOLDERS = ("kernels", "cells", "optimizers", "sampling", "models")
"""Folders of compiled sources, which are hashed; in the last two, only files that define a kernel."""

KERNEL = re.compile(rb"^@(jit|inlined|addressable)\b", re.MULTILINE)

FAST_MATH = {"contract", "reassoc", "nsz", "arcp", "afn"}
"""LLVM's fast-math flags without those that assume finite numbers."""

COMPILER_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": FAST_MATH,
    "_nrt": False,
    "no_cfunc_wrapper": True,
}
"""Options for Numba: no GIL, no Python exception for 1/0, and no C wrapper, which few kernels need.

There are no reference counts (``_nrt``) either: kernels allocate nothing, and counting can take two atomic operations
for each row that is sliced."""


def source_hash() -> str:
    """Hash (12 hexadecimal digits) of all compiled sources and the processor's features.

    It includes Numba's optimisation level, as a program may set up the compiler before it imports this package.
    """
    digest = hashlib.sha256(repr((PROCESSOR, int(numba.config.OPT))).encode())
    for folder in COMPILED_FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            source = path.read_bytes()
            if folder not in COMPILED_FOLDERS[-2:] or KERNEL.search(source):
                digest.update(path.name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:12]


def user_cache_folder() -> Path:
    """The platform's cache folder, or NUMBA_CACHE_DIR.

    Relative paths in other variables are ignored, as the XDG specification demands: the folder would depend on where
    a program starts.

    Raises:
        RuntimeError: the user has no home folder.
    """
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(folder).absolute()
    variable = {"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_CACHE_HOME")
    if (folder := os.environ.get(variable, "")) and Path(folder).is_absolute():
        return Path(folder)
    if os.environ.get("HOME") == "" or not (home := Path.home()).is_absolute():
        raise RuntimeError("there is no home folder")
    below = {"win32": Path("AppData") / "Local", "darwin": Path("Library") / "Caches"}
    return home / below.get(sys.platform, Path(".cache"))


def find_cache_folder() -> Path | None:
    """Create the folder of this version's compiled kernels if it is missing; returns None if that fails."""
    try:
        folder = user_cache_folder() / "charrnn" / f"kernels-numba{numba.__version__}-{source_hash()}"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return None
    return folder


CACHE_FOLDER = find_cache_folder()


compile_listeners: list[Callable[[bool], None]] = []
"""Functions that are called once, before the first kernel that the cache lacks is compiled.

The argument tells whether compiled kernels can be written to the cache."""

KERNEL_BYTES = 1 << 19
"""Upper bound on the size of a compiled kernel's file."""


@cache
def hash_of(path: str) -> bytes:
    """SHA-256 hash of a file."""
    return hashlib.sha256(Path(path).read_bytes()).digest()


class Locator(CompileResultCacheImpl._locator_classes[0]):  # type: ignore[misc]
    """Numba's locator for a given cache folder, which may be read-only.

    A hash identifies each source, whenever and wherever it was installed.
    """

    def get_cache_path(self) -> str:
        """The cache folder for the kernels of one source folder."""
        return str(Path(super().get_cache_path()).with_name(Path(self._py_file).parent.name))

    def get_source_stamp(self) -> bytes:
        """A hash of the source, in place of its time stamp."""
        return hash_of(self._py_file)

    def ensure_cache_path(self) -> None:
        """Create the cache folder if possible."""
        with contextlib.suppress(OSError):
            Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)


class Implementation(CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's cache implementation, with our locator."""

    _locator_classes = (Locator,)


class KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one function, in our folder, which loads kernels without setting up the compiler."""

    _impl_class = Implementation

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        # Numba's constructor reads the folder from settings of the whole process.
        settings = {"CACHE_DIR": str(folder), "CACHE_LOCATOR_CLASSES": ""}
        before = {name: getattr(numba.config, name, "") for name in settings}
        self._function, self._folder = function, folder
        self._end_turn: Callable[[], None] = lambda: None
        try:
            vars(numba.config).update(settings)
            super().__init__(function)
        finally:
            vars(numba.config).update(before)

    def _cache_for(self, sig: Any) -> "KernelCache | None":
        """The cache for argument types that other packages define; None if there are none.

        It is separate, as processes without those packages could not read it.
        """
        traces = sorted(trace for kind in sig for trace in _traces_in(kind))
        if not traces or self._folder != CACHE_FOLDER:
            return None
        return KernelCache(self._function, _folder_of_others(traces))

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        """A kernel's key in the cache: types and processor only, as the folder's name identifies the sources."""
        return sig, codegen.magic_tuple()

    @own_settings()
    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load a compiled kernel from the cache; returns None if it is missing or unreadable.

        It replaces Numba's method, which first registers everything that Numba can compile: most of the start-up time
        of a command. A compiled kernel needs only Numba's runtime. If a kernel must be compiled, Numba registers the
        rest then.
        """
        if others := self._cache_for(sig):
            return others.load_overload(sig, target_context)
        rtsys.initialize(target_context)
        kernel = self._found(sig, target_context)
        while kernel is None and compile_listeners:
            compile_listeners.pop()(self._has_room())
        if kernel is None:
            self._end_turn = take_turn(Path(self.cache_path) / self._impl.filename_base)
            if kernel := self._found(sig, target_context):  # by another process, meanwhile
                self._end_turn()
        return kernel

    def _found(self, sig: Any, target_context: Any) -> Any:
        """The kernel in the cache, or None."""
        try:
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
        except Exception:  # whatever unpickling raises for a file that a crash has cut short
            try:
                self.flush()
            except OSError:  # the damaged file cannot be replaced
                self.disable()
        return None

    def _has_room(self) -> bool:
        """Whether a compiled kernel can be written to the cache."""
        try:
            self._impl.locator.ensure_cache_path()
            with scratch_file(Path(self.cache_path)) as file:
                file.write(bytes(KERNEL_BYTES))
        except OSError:
            return False
        return bool(self._enabled)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write a compiled kernel to the cache, if possible."""
        if others := self._cache_for(sig):
            others.save_overload(sig, data)
            return
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
        self._end_turn()


def _is_of_others(part: Any) -> bool:
    """Whether ``part``, a function or a class, is defined by another package."""
    return not is_ours(part.__module__)


def _folder_of_others(traces: Iterable[bytes]) -> Path:
    """The cache folder for kernels that contain other packages' code, identified by its ``traces``."""
    assert CACHE_FOLDER
    return CACHE_FOLDER / f"others-{hashlib.sha256(repr(list(traces)).encode()).hexdigest()[:12]}"


def _traces_in(kind: Any) -> Iterator[bytes]:
    """Identify other packages' parts in a type: a NamedTuple's name and fields, or a kernel's code."""
    own = getattr(kind, "instance_class", None)
    if own is not None and _is_of_others(own):
        yield f"{own.__module__}.{own.__qualname__}{own._fields}".encode()
    if isinstance(kind, types.BaseTuple):
        for part in kind.types:
            yield from _traces_in(part)
    if isinstance(kind, types.Dispatcher):
        yield from code_of_others(kind.dispatcher)


def code_of_others(function: Any, seen: set[Any] | None = None) -> Iterator[bytes]:
    """Identify other packages' code in a kernel, by hashes of its sources and by the constants it reads.

    Our kernels hold such code in the variables that they close over. That code may use any global name of its module.
    """
    function, seen = getattr(function, "py_func", function), set() if seen is None else seen
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    values = [cell.cell_contents for cell in function.__closure__ or ()]
    if _is_of_others(function):
        yield f"{function.__module__}.{function.__qualname__}".encode()
        yield hash_of(function.__code__.co_filename)
        names = (name for name in function.__code__.co_names if name in function.__globals__)
        values += [function.__globals__[name] for name in names]
    for value in values:
        yield from code_of_others(value, seen)
        if _is_of_others(function):
            if isinstance(value, ModuleType) and (source := getattr(value, "__file__", None)):
                yield hash_of(source)
            elif isinstance(value, np.ndarray | np.generic | int | float | str | tuple):
                yield repr(value.tolist() if isinstance(value, np.ndarray) else value).encode()


def jit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a kernel on first use, with COMPILER_OPTIONS, cached in our own folder."""
    with own_settings():
        kernel: Any = numba.njit(**COMPILER_OPTIONS | options)(function)
    kernel._compiler.compile = own_settings()(kernel._compiler.compile)
    if CACHE_FOLDER:
        traces = list(code_of_others(function))
        kernel._cache = KernelCache(function, _folder_of_others(traces) if traces else CACHE_FOLDER)
    return NotedKernel(kernel) if REHEARSING else kernel


inlined = own_settings()(numba.njit(inline="always", **COMPILER_OPTIONS))
"""Decorator of a function that is inlined into the kernels that call it.

If one kernel called another, Numba would compile the callee twice, alone and with its caller. Where LLVM does not
inline it, the version that runs would depend on what the process compiled before, and a restart could change rounding.
"""


addressable = partial(jit, no_cfunc_wrapper=False)
"""Decorator of a kernel that other kernels call by the address of its C wrapper."""


def compiled(kernel: Any, *arguments: Any) -> Any:
    """Compile a kernel for the types of ``arguments``; returns the compiled version.

    Its ``entry_point`` is called like the kernel, with arguments of exactly these types. It skips Numba's inspection of
    the arguments, which takes longer than a short kernel.
    """
    if isinstance(kernel, NotedKernel):
        return noted(kernel, *arguments)
    # Compiled from types, as a signature would add another entry to the cache.
    arguments = tuple(numba.typeof(argument) for argument in arguments)
    kernel.compile(arguments)
    return kernel.overloads[arguments]


class Prepared:
    """A kernel whose argument types Numba inspects only at the first call.

    All calls must have the same types, including the layouts of arrays. Other types usually go unnoticed, with
    undefined behaviour. The tests check every call.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel, compiled for the first call's types."""
        if self._entry is None:
            self._entry = compiled(self._kernel, *arguments).entry_point
        return self._entry(*arguments)


def by_address(kernel: Any, *arguments: Any) -> Any:
    """An ``addressable`` kernel compiled for the types of ``arguments``, as an argument for another kernel.

    A kernel called by its name would be compiled again with each caller. Called by address it is compiled once, and
    rounds the same for all callers.
    """
    if isinstance(kernel, NotedKernel):
        return PromisedKernel(kernel.note(*arguments))
    return types.CompileResultWAP(compiled(kernel, *arguments))
