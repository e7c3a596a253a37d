"""The decorator of every kernel, and where compiled kernels are kept.

Numba's cache looks at one file's time stamp only: a kernel that has inlined another one would survive an edit of it.
So the cache folder is named by the version and a hash of all sources that are compiled, and an edit of any of them
starts a new folder. Kernels with code of other packages are in folders of their own, named by the sources of that code.
A folder need only be readable where it holds all kernels, as a container's may be. Where there is none, or where it
cannot be written and a kernel is not in it, kernels are compiled anew in each process.
"""

import contextlib
import hashlib
import os
import re
import sys
import tempfile
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
from charrnn.registry import is_ours

PACKAGE = Path(__file__).parent.parent
COMPILED_FOLDERS = ("kernels", "cells", "optimizers", "sampling", "models")
"""The folders whose sources are compiled, and so name the cache; of the last two, those that define a kernel."""

KERNEL = re.compile(rb"^@(jit|inlined|addressable)\b", re.MULTILINE)

FAST_MATH = {"contract", "reassoc", "nsz", "arcp", "afn"}
"""All of LLVM's fast-math flags but those that assume that there is no NaN and no infinity."""

COMPILER_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": FAST_MATH,
    "_nrt": False,
    "no_cfunc_wrapper": True,
}
"""No GIL, no Python exceptions for 1/0, and no counting of references: kernels allocate nothing, and where Numba cannot
prove it needless it costs two atomic operations for each row that is looked at. No wrapper for C, which few need."""


def source_hash() -> str:
    """Hash (12 hexadecimal digits) of all sources that are compiled, and of what they found of the processor.

    Numba's optimisation level is part of it: a program may have set up the compiler before this package was imported.
    """
    digest = hashlib.sha256(repr((PROCESSOR, int(numba.config.OPT))).encode())
    for folder in COMPILED_FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            source = path.read_bytes()
            if folder not in COMPILED_FOLDERS[-2:] or KERNEL.search(source):
                digest.update(path.name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:12]


def user_cache_folder() -> Path:
    """The folder in which this platform's programs keep what they can make again.

    A relative path is of no use, as it would be another folder wherever a program starts: of the variables it is left
    out (as the XDG specification wants it), but for NUMBA_CACHE_DIR, which may be meant so.

    Raises:
        RuntimeError: there is no home folder.
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
    """The folder of this version's compiled kernels, made if need be; None where it cannot be made."""
    try:
        folder = user_cache_folder() / "charrnn" / f"kernels-numba{numba.__version__}-{source_hash()}"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return None
    return folder


CACHE_FOLDER = find_cache_folder()


compile_listeners: list[Callable[[bool], None]] = []
"""Called, and forgotten, before the first kernel is compiled that is not in the cache: with whether it can be kept."""

KERNEL_BYTES = 1 << 19
"""Room for the largest kernel."""


@cache
def hash_of(path: str) -> bytes:
    """Hash of a file."""
    return hashlib.sha256(Path(path).read_bytes()).digest()


class Locator(CompileResultCacheImpl._locator_classes[0]):  # type: ignore[misc]
    """Numba's, of a folder that is given; it need not be writable to be read.

    Kernels are known by their sources: wherever and whenever those were installed, they are compiled once.
    """

    def get_cache_path(self) -> str:
        """The folder of a source folder's kernels."""
        return str(Path(super().get_cache_path()).with_name(Path(self._py_file).parent.name))

    def get_source_stamp(self) -> bytes:
        """A hash of the source."""
        return hash_of(self._py_file)

    def ensure_cache_path(self) -> None:
        """Make the folder if it can be made."""
        with contextlib.suppress(OSError):
            Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)


class Implementation(CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's, with our locator."""

    _locator_classes = (Locator,)


class KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one function, in our folder, without what only a compiler needs."""

    _impl_class = Implementation

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        # Numba picks the folder here, from settings that belong to the whole process.
        settings = {"CACHE_DIR": str(folder), "CACHE_LOCATOR_CLASSES": ""}
        before = {name: getattr(numba.config, name, "") for name in settings}
        self._function, self._folder = function, folder
        try:
            vars(numba.config).update(settings)
            super().__init__(function)
        finally:
            vars(numba.config).update(before)

    def _cache_for(self, sig: Any) -> "KernelCache | None":
        """The cache for arguments that other packages have a part in: a process without them could not read ours."""
        traces = sorted(trace for kind in sig for trace in _traces_in(kind))
        if not traces or self._folder != CACHE_FOLDER:
            return None
        return KernelCache(self._function, _folder_of_others(traces))

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        """What tells the versions of a kernel apart: its sources, and so what it holds, are in the folder's name."""
        return sig, codegen.magic_tuple()

    @own_settings()
    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel, if it is there.

        Numba would first register all that it can compile, which takes longer than everything else at start. Compiled
        code needs the runtime alone; where a kernel is not there, Numba registers the rest before it compiles. One that
        cannot be read is not there.
        """
        if others := self._cache_for(sig):
            return others.load_overload(sig, target_context)
        rtsys.initialize(target_context)
        kernel = None
        try:
            with self._guard_against_spurious_io_errors():
                kernel = self._load_overload(sig, target_context)
        except Exception:  # a file that a crash has cut short: whatever unpickling makes of it
            try:
                self.flush()
            except OSError:  # it stays as it is, and would be in the way of keeping another one
                self.disable()
        while kernel is None and compile_listeners:
            compile_listeners.pop()(self._has_room())
        return kernel

    def _has_room(self) -> bool:
        """Whether a kernel can be kept."""
        try:
            self._impl.locator.ensure_cache_path()
            with tempfile.TemporaryFile(dir=self.cache_path) as file:
                file.write(bytes(KERNEL_BYTES))
        except OSError:
            return False
        return bool(self._enabled)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a kernel for later processes, where there is room: without, it is compiled again."""
        if others := self._cache_for(sig):
            others.save_overload(sig, data)
            return
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def _is_of_others(part: Any) -> bool:
    """Whether a function or a class is of another package."""
    return not is_ours(part.__module__)


def _folder_of_others(traces: Iterable[bytes]) -> Path:
    """The folder for kernels in which other packages have the parts that left these traces."""
    assert CACHE_FOLDER
    return CACHE_FOLDER / f"others-{hashlib.sha256(repr(list(traces)).encode()).hexdigest()[:12]}"


def _traces_in(kind: Any) -> Iterator[bytes]:
    """What tells a type of another package from others: the name and fields of a NamedTuple, or a kernel's code."""
    own = getattr(kind, "instance_class", None)
    if own is not None and _is_of_others(own):
        yield f"{own.__module__}.{own.__qualname__}{own._fields}".encode()
    if isinstance(kind, types.BaseTuple):
        for part in kind.types:
            yield from _traces_in(part)
    if isinstance(kind, types.Dispatcher):
        yield from code_of_others(kind.dispatcher)


def code_of_others(function: Any, seen: set[Any] | None = None) -> Iterator[bytes]:
    """What the code that other packages have in a kernel is made of: sources, and constants from elsewhere.

    A kernel of ours has theirs in the variables that it closes over. Theirs may call and read whatever they name.
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
    return kernel  # type: ignore[no-any-return]


inlined = own_settings()(numba.njit(inline="always", **COMPILER_OPTIONS))
"""The decorator of a kernel's part: its code becomes part of the kernel that calls it.

A kernel called by a kernel is compiled twice, alone and with its caller, and where LLVM does not inline it, which of
the two runs depends on what the process has compiled before: arithmetic might round otherwise after a restart.
"""


addressable = partial(jit, no_cfunc_wrapper=False)
"""The decorator of a kernel that others call by its address: the wrapper for C is what they call."""


def compiled(kernel: Any, *arguments: Any) -> Any:
    """What Numba compiled of a kernel for such arguments.

    Its ``entry_point`` is called like the kernel, with arguments of just these types: to find the types of many
    arguments takes Numba longer than a short kernel runs.
    """
    # Not by signature: that would be another entry in the cache.
    arguments = tuple(numba.typeof(argument) for argument in arguments)
    kernel.compile(arguments)
    return kernel.overloads[arguments]


class Prepared:
    """A kernel that is always called with arguments of the types of its first call, which Numba looks at only then.

    Callers must keep to them, to the layout of arrays, too: hardly anything is noticed, and what then happens is not
    defined. The tests look at every call.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel."""
        if self._entry is None:
            self._entry = compiled(self._kernel, *arguments).entry_point
        return self._entry(*arguments)


def by_address(kernel: Any, *arguments: Any) -> Any:
    """An ``addressable`` kernel, compiled for such arguments, to be handed to a kernel that calls it.

    What a kernel calls by name is compiled once more with it, the larger the slower. By its address it is called as it
    is: compiled once, and the same arithmetic for all who call it.
    """
    return types.CompileResultWAP(compiled(kernel, *arguments))
