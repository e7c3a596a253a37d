import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from charrnn.kernels import jit
from charrnn.kernels.dropout import mix


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A copy of all sources that are compiled, in the package's place."""
    for folder in jit.COMPILED_FOLDERS:
        shutil.copytree(jit.PACKAGE / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(jit, "PACKAGE", tmp_path)
    return tmp_path


def test_source_hash_depends_on_content_alone(sources, monkeypatch):
    copied = jit.source_hash()
    monkeypatch.undo()
    assert copied == jit.source_hash()
    assert len(copied) == 12
    assert set(copied) <= set("0123456789abcdef")


@pytest.mark.parametrize("folder", ["kernels", "cells", "optimizers"])
def test_source_hash_changes_with_any_source(sources, folder):
    seen = {jit.source_hash()}
    path = max((sources / folder).glob("*.py"))
    path.write_bytes(path.read_bytes() + b"\n")
    seen.add(jit.source_hash())
    path.rename(path.with_name("zz.py"))  # still the last one
    seen.add(jit.source_hash())
    (sources / folder / "zzz.py").touch()
    seen.add(jit.source_hash())
    assert len(seen) == 4


@pytest.mark.parametrize(("path", "counts"), [("sampling/drawing.py", True), ("models/language/config.py", False)])
def test_elsewhere_only_sources_with_kernels_count(sources, path, counts):
    before = jit.source_hash()
    (sources / path).write_bytes((sources / path).read_bytes() + b"\n")
    assert (jit.source_hash() != before) == counts


def test_numba_cache_dir_goes_before_the_platforms_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert jit.user_cache_folder() == tmp_path / "numba"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="XDG is not for this platform")
def test_xdg_cache_home_goes_before_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert jit.user_cache_folder() == tmp_path / "xdg"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert jit.user_cache_folder() == tmp_path / ".cache"


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="XDG is not for this platform")
@pytest.mark.parametrize("relative", ["cache", "./cache", "../cache"])
def test_a_relative_xdg_cache_home_is_left_out(monkeypatch, tmp_path, relative):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", relative)
    assert jit.user_cache_folder() == tmp_path / ".cache"


@pytest.mark.skipif(sys.platform == "win32", reason="HOME is not for this platform")
@pytest.mark.parametrize("home", ["", "home", "./file", "/dev/null", "file"])
def test_without_a_home_folder_nothing_is_written_into_the_current_one(monkeypatch, tmp_path, home):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", home)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert jit.find_cache_folder() is None
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_cache_folder_is_made_and_named_by_version_and_sources(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = jit.find_cache_folder()
    assert folder == tmp_path / "charrnn" / f"kernels-numba{numba.__version__}-{jit.source_hash()}"
    assert list(folder.iterdir()) == []


def test_no_cache_folder_where_it_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert jit.find_cache_folder() is None


COMPILING = """
from charrnn.kernels import jit
from charrnn.kernels.denormals import flush_denormals, restore
jit.compile_listeners.append(lambda kept: print("compiling, kept:", kept))
restore(flush_denormals())
print(jit.PACKAGE)
"""


def run(program, environment, **how):
    """Lines that a program prints in a process of its own, with nothing on stderr."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, **how)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_listeners_hear_once_of_a_compilation_and_nothing_of_a_cached_kernel(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment["XDG_CACHE_HOME"] = environment["LOCALAPPDATA"] = str(tmp_path)
    package = str(jit.PACKAGE)
    assert run(COMPILING, environment) == ["compiling, kept: True", package]
    assert run(COMPILING, environment) == [package]


@pytest.mark.parametrize("held", ["all", "what a crash has cut short", "nothing"])
def test_a_folder_that_cannot_be_written_is_read(unprivileged, tmp_path, held):
    environment, package = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}, str(jit.PACKAGE)
    if held == "nothing":
        assert run("import charrnn.kernels.jit", environment) == []
    else:
        assert run(COMPILING, environment) == ["compiling, kept: True", package]
    if held == "what a crash has cut short":
        for path in tmp_path.rglob("*.nbi"):
            os.truncate(path, 40)
    for path in tmp_path.glob("**/"):
        path.chmod(0o555)
    heard = run(COMPILING, environment, preexec_fn=unprivileged)
    assert heard == ([package] if held == "all" else ["compiling, kept: False", package])


def test_what_is_installed_twice_is_compiled_once(tmp_path):
    heard = []
    for name in ("one", "another"):
        package = tmp_path / name / "charrnn"
        shutil.copytree(jit.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        for path in package.rglob("*.py"):
            path.touch()
        heard += run(COMPILING, os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}, cwd=package.parent)
    assert heard == ["compiling, kept: True", f"{tmp_path}/one/charrnn", f"{tmp_path}/another/charrnn"]


def test_kernels_are_cached_in_our_folder_and_numbas_setting_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    kernel = jit.jit(special_values)
    assert str(tmp_path) == numba.config.CACHE_DIR
    if jit.CACHE_FOLDER is not None:
        assert jit.CACHE_FOLDER in Path(kernel.stats.cache_path).parents


@pytest.mark.skipif(jit.CACHE_FOLDER is None, reason="nothing can be cached here")
def test_a_cached_kernel_is_not_compiled_again():
    jit.jit(special_values)(1.0, 0.0)
    kernel = jit.jit(special_values)
    kernel(1.0, 0.0)
    assert sum(kernel.stats.cache_hits.values()) == 1
    assert not kernel.stats.cache_misses


@pytest.mark.skipif(jit.CACHE_FOLDER is None, reason="nothing can be cached here")
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("length", [0, 50])
def test_a_cached_kernel_that_was_cut_short_is_compiled_and_kept_again(monkeypatch, tmp_path, ending, length):
    monkeypatch.setattr(jit, "CACHE_FOLDER", tmp_path)
    jit.jit(special_values)(1.0, 0.0)
    paths = [*tmp_path.rglob(f"*.{ending}")]
    assert paths
    for path in paths:
        os.truncate(path, length)
    for hits in (0, 1):
        kernel = jit.jit(special_values)
        assert kernel(np.nan, 0.0) == (True, True, True)
        assert sum(kernel.stats.cache_hits.values()) == hits


def test_kernels_keep_nan_and_infinity_and_release_the_gil():
    kernel = jit.jit(special_values)
    assert kernel(np.nan, 0.0) == (True, True, True)
    assert kernel(1.0, 0.0) == (False, False, True)
    assert kernel.targetoptions["nogil"]


def special_values(x, zero):
    return np.isnan(x), np.isnan(x * zero), not np.isfinite(x / zero)


def test_kernels_run_where_nothing_can_be_cached(tmp_path):
    (tmp_path / "file").touch()
    program = (
        "from charrnn.kernels import jit\nfrom charrnn.kernels.dropout import mix\nprint(jit.CACHE_FOLDER, mix(3))\n"
    )
    blocked = {"XDG_CACHE_HOME": str(tmp_path / "file"), "NUMBA_CACHE_DIR": str(tmp_path / "file")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | blocked, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["None", str(mix(3))]
    assert done.stderr == ""


def called_twice(kernel, x):
    kernel(x, 1.0)
    kernel(x, 2.0)


def add_to_first(x, amount):
    x[0] += amount


def test_kernels_run_where_the_cache_has_no_room(tmp_path):
    pytest.importorskip("resource")
    program = "\n".join(
        [
            "import resource",
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))",
            "import numpy as np",
            "from charrnn.kernels.updates import block_squares",
            "sums = np.zeros(1)",
            "block_squares(np.ones(7), sums, 0, 1)",
            "print(sums[0])",
        ]
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("7.0\n", "")


def test_a_kernel_calls_another_by_its_address_without_compiling_it_again():
    caller, kernel = jit.jit(called_twice), jit.addressable(add_to_first)
    for _ in range(2):
        x = np.zeros(1)
        caller(jit.by_address(kernel, x, 0.0), x)
        assert x == [3]
    assert len(kernel.overloads) == len(caller.overloads) == 1


@pytest.mark.skipif(jit.CACHE_FOLDER is None, reason="nothing can be cached here")
def test_a_kernel_is_cached_once_whether_called_from_python_or_by_address():
    jit.addressable(add_to_first)(np.zeros(1), 0.0)
    kernel, caller = jit.addressable(add_to_first), jit.jit(called_twice)
    caller(jit.by_address(kernel, np.zeros(1), 0.0), np.zeros(1))
    again = jit.jit(called_twice)
    again(jit.by_address(kernel, np.zeros(1), 0.0), np.zeros(1))
    for cached in (kernel, again):
        assert sum(cached.stats.cache_hits.values()) == 1
        assert not cached.stats.cache_misses


def test_a_prepared_kernel_keeps_to_the_types_of_its_first_call():
    kernel = jit.jit(double)
    prepared = jit.Prepared(kernel)
    for row in (np.ones(3), np.arange(5.0)):
        wanted = 2 * row
        prepared(row)
        assert row.tolist() == wanted.tolist()
    assert len(kernel.signatures) == 1
    with pytest.raises(AssertionError):
        prepared(np.ones(3, "float32"))
    del prepared.kinds  # what the tests look at
    with pytest.raises(TypeError):
        prepared(np.ones(3, "float32"))


def double(row):
    row *= 2
