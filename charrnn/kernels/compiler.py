"""Numba, with settings that no variable, file or program changes.

Numba takes settings from variables (NUMBA_DISABLE_JIT, NUMBA_BOUNDSCHECK, NUMBA_OPT, ...), from a file
.numba_config.yaml in the current folder, and from the program that uses it, and looks at them again whenever it
compiles. They are meant for the functions of that program: kernels would fail with them, print to stdout, or round
otherwise. So kernels are made and compiled with Numba's defaults; afterwards all settings are as they were.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

KEPT_VARIABLES = {"NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"}
"""Variables that are heeded: which processor to compile for."""


@contextmanager
def _without_variables() -> Iterator[None]:
    """Hide Numba's variables, and do not warn of a file of settings that cannot be read."""
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
    """What Numba's settings are without variables and without a file."""
    before = _settings()
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    kept["NUMBA_NUM_THREADS"] = str(config.NUMBA_NUM_THREADS)  # it cannot change once there are such threads
    try:
        config._env_reloader.process_environ(kept)
        return _settings()
    finally:
        vars(config).update(before)


def _keep_settings() -> None:
    """Stands in for what reads variables and file again."""


DEFAULTS = _default_settings()


@contextmanager
def own_settings() -> Iterator[None]:
    """Let Numba have its default settings in the body, and afterwards those of before."""
    with global_compiler_lock:
        before, reload_config = _settings(), config.reload_config
        vars(config).update(DEFAULTS)
        config.reload_config = _keep_settings
        try:
            yield
        finally:
            vars(config).update(before)
            config.reload_config = reload_config
