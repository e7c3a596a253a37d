import os
import subprocess
import sys

import numpy as np
import pytest
from filelock import FileLock

from charrnn.kernels import jit, side_by_side
from charrnn.kernels.side_by_side import BeingCompiledError, NotedKernel, take_turn

pytestmark = pytest.mark.skipif(jit.CACHE_FOLDER is None, reason="nothing can be cached here")


def double(row):
    for k in range(row.shape[0]):
        row[k] *= 2


def twice(kernel, row):
    kernel(row)
    kernel(row)


@pytest.fixture
def rehearsing(monkeypatch, tmp_path):
    """Rehearse in this process, with a cache of its own."""
    for module in (jit, side_by_side):
        monkeypatch.setattr(module, "REHEARSING", True)
    monkeypatch.setattr(jit, "CACHE_FOLDER", tmp_path)
    monkeypatch.setattr(side_by_side, "needed", {})
    return tmp_path


def test_in_a_rehearsal_kernels_do_nothing_but_are_compiled_as_the_program_needs_them(rehearsing, monkeypatch):
    kernel, caller = jit.addressable(double), jit.jit(twice)
    row = np.ones(3)
    caller(jit.by_address(kernel, row), row)
    jit.Prepared(kernel)(row)
    assert row.tolist() == [1, 1, 1]
    assert [noted.py_func.__name__ for noted, _ in side_by_side.needed] == ["double", "twice"]
    side_by_side.compile_needed()

    monkeypatch.setattr(jit, "REHEARSING", False)
    kernel, caller = jit.addressable(double), jit.jit(twice)
    caller(jit.by_address(kernel, row), row)
    assert row.tolist() == [4, 4, 4]
    for found in (kernel, caller):
        assert (sum(found.stats.cache_hits.values()), found.stats.cache_misses) == (1, {})


def test_a_rehearsal_leaves_out_what_another_process_compiles(rehearsing):
    kernel = jit.jit(double)
    assert isinstance(kernel, NotedKernel)
    kernel(np.ones(3))
    locked = rehearsing / "locks"
    with FileLock(f"{locked}.lock"):
        with pytest.raises(BeingCompiledError):
            take_turn(locked)
        assert side_by_side.REHEARSING
    take_turn(locked)()
    with FileLock(f"{locked}.lock", timeout=0):
        pass


COMPILING = """
import sys, time
import numpy as np
from charrnn.kernels import jit
from charrnn.kernels.dropout import mix
jit.compile_listeners.append(lambda kept: print("begins", flush=True))
if sys.argv[1] == "first":
    compile_it = mix._compiler.compile
    def slowly(*arguments):
        print("compiles", flush=True)
        sys.stdin.readline()
        return compile_it(*arguments)
    mix._compiler.compile = slowly
mix(3)
print(len(mix.stats.cache_misses), flush=True)
"""


def test_what_another_process_compiles_is_waited_for_and_not_compiled_again(tmp_path):
    def start(name):
        return subprocess.Popen(
            [sys.executable, "-c", COMPILING, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        )

    with start("first") as first:
        assert [first.stdout.readline() for _ in range(2)] == ["begins\n", "compiles\n"]
        with start("second") as second:
            assert second.stdout.readline() == "begins\n"
            first.stdin.write("\n")
            first.stdin.flush()
            assert first.stdout.read() == "1\n"
            assert second.stdout.read() == "0\n"


@pytest.mark.skipif(sys.platform == "win32", reason="rights of folders are others there")
def test_a_folder_without_locks_gives_a_turn_to_everybody(monkeypatch, tmp_path):
    def refused(*arguments, **keywords):
        raise OSError(38, "no locks")

    monkeypatch.setattr(FileLock, "acquire", refused)
    take_turn(tmp_path / "kernel")()
