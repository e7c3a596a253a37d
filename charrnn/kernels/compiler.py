"""Compile with Numba's default settings, whatever the environment sets.

At each compilation, Numba reads settings from environment variables (NUMBA_DISABLE_JIT, NUMBA_BOUNDSCHECK, NUMBA_OPT,
...), from a file .numba_config.yaml in the current folder, and from the program that uses Numba. Such settings are
meant for the program's own functions. Kernels compiled with them could fail, print to stdout, or round differently. So
kernels are compiled with the defaults, and the settings are restored afterwards.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
    from numba.core.compiler_lock import global_compiler_lock


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


DEFAULTS = _default_settings()


@contextmanager
def own_settings() -> Iterator[None]:
    """Give Numba its default settings in the ``with`` block, and restore the previous ones afterwards."""
    with global_compiler_lock:
        before, reload_config = _settings(), config.reload_config
        vars(config).update(DEFAULTS)
        config.reload_config = _keep_settings
        try:
            yield
        finally:
            vars(config).update(before)
            config.reload_config = reload_config
