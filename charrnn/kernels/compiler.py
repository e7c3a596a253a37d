"""Compile with Numba's default settings, whatever the environment sets.

At each compilation, Numba reads settings from environment variables (NUMBA_DISABLE_JIT, NUMBA_BOUNDSCHECK, NUMBA_OPT,
...), from a file .numba_config.yaml in the current folder, and from the program that uses Numba. Such settings are
meant for the program's own functions. Kernels compiled with them could fail, print to stdout, or round differently. So
kernels are compiled with the defaults, and the settings are restored afterwards.

Two steps of Numba are left out. They take a quarter of the time, and kernels are as fast without them: copies of each
function that is inlined, and the optimisation of single functions before that of all together.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import llvmlite.binding as llvm

KEPT_VARIABLES = {"NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"}
"""Variables that stay in force: they name the processor to compile for."""


@contextmanager
def _without_variables() -> Iterator[None]:
    """Hide Numba's environment variables, and silence warnings about an unreadable settings file."""
    hidden = {
        name: value for name, value in os.environ.items() if name.startswith("NUMBA_") and name not in KEPT_VARIABLES
    }
    for name in hidden:
        del os.environ[name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ.update(hidden)


with _without_variables():
    from numba.core import config
    from numba.core.codegen import CPUCodegen
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.untyped_passes import InlineInlinables


def _settings() -> dict[str, Any]:
    return {name: value for name, value in vars(config).items() if name.isupper()}


def _default_settings() -> dict[str, Any]:
    """Read Numba's settings as they are without environment variables and settings file."""
    before = _settings()
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    kept["NUMBA_NUM_THREADS"] = str(config.NUMBA_NUM_THREADS)  # it must not change once threads run
    try:
        config._env_reloader.process_environ(kept)
        return _settings()
    finally:
        vars(config).update(before)


def _keep_settings() -> None:
    """Do nothing, in place of Numba's ``reload_config``, which would read the variables and the file again."""


@contextmanager
def _replaced(owner: Any, **replacements: Any) -> Iterator[None]:
    """Replace attributes of a module or class in the ``with`` block."""
    before = {name: getattr(owner, name) for name in replacements}
    try:
        for name, value in replacements.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def _inline(inlining: Any, state: Any) -> bool:
    """Inline functions, in place of ``InlineInlinables.run_pass``, without copies of their blocks.

    The blocks of each call have just been made from bytecode, and nothing else uses them.
    """
    from numba.core import inline_closurecall  # only where something is compiled

    with _replaced(inline_closurecall, copy=SimpleNamespace(deepcopy=lambda block: block)):
        return bool(_inline_with_copies(inlining, state))


def _no_function_passes(codegen: Any) -> tuple[Any, Any]:
    """Replace ``CPUCodegen._function_pass_manager``, so that LLVM has no passes to run on each function by itself."""
    return llvm.create_new_function_pass_manager(), codegen._pass_builder()


DEFAULTS = _default_settings()

_inline_with_copies = InlineInlinables.run_pass


@contextmanager
def own_settings() -> Iterator[None]:
    """Give Numba its default settings in the ``with`` block, and restore the previous ones afterwards."""
    with (
        global_compiler_lock,
        _replaced(config, reload_config=_keep_settings, **DEFAULTS),
        _replaced(InlineInlinables, run_pass=_inline),
        _replaced(CPUCodegen, _function_pass_manager=_no_function_passes),
    ):
        yield
