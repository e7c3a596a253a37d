import os
import subprocess
import sys

import numba
import pytest

from charrnn.kernels.compiler import own_settings

KERNEL = """
import numpy as np
from charrnn.kernels.updates import block_squares
sums = np.zeros(2)
block_squares(np.linspace(-3, 5, 5000, dtype=np.float32), sums, 0, 2)
print(sums.tobytes().hex(), len(block_squares.signatures))
"""

A_PROGRAM_WITH_SETTINGS = f"""
import os
os.environ["NUMBA_BOUNDSCHECK"] = "1"
import numba
numba.config.DISABLE_JIT = 1
numba.config.DUMP_ASSEMBLY = 1
{KERNEL}
assert (numba.config.BOUNDSCHECK, numba.config.DISABLE_JIT, numba.config.DUMP_ASSEMBLY) == (1, 1, 1)
assert os.environ["NUMBA_BOUNDSCHECK"] == "1"
function = lambda x: x
assert numba.njit(function) is function
"""


def run(code, folder, **variables):
    """What a program prints that compiles a kernel, as nothing is in its cache."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    environment = others | {"NUMBA_CACHE_DIR": str(folder / "cache")} | variables
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return run(KERNEL, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize(
    "variables",
    [
        {"NUMBA_DISABLE_JIT": "1"},
        {"NUMBA_OPT": "0", "NUMBA_LOOP_VECTORIZE": "0", "NUMBA_ENABLE_AVX": "0"},
        {"NUMBA_BOUNDSCHECK": "1", "NUMBA_DEBUGINFO": "1", "NUMBA_DEVELOPER_MODE": "1"},
        {"NUMBA_DEBUG": "1", "NUMBA_DUMP_ASSEMBLY": "1", "NUMBA_TRACE": "1"},
        {"NUMBA_OPT": "most", "NUMBA_NUM_THREADS": "0", "NUMBA_FUNCTION_CACHE_SIZE": "many"},
    ],
)
def test_variables_change_no_kernel(plain, tmp_path, variables):
    assert run(KERNEL, tmp_path, **variables) == plain


def test_a_file_of_settings_in_the_current_folder_changes_no_kernel(plain, tmp_path):
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\nboundscheck: 1\n")
    assert run(KERNEL, tmp_path) == plain


def test_a_program_keeps_its_settings_and_kernels_theirs(plain, tmp_path):
    assert run(A_PROGRAM_WITH_SETTINGS, tmp_path) == plain


def test_settings_are_as_before_afterwards(monkeypatch):
    monkeypatch.setattr(numba.config, "OPT", 1)
    with own_settings():
        numba.config.reload_config()
        assert int(numba.config.OPT) == 3
    assert numba.config.OPT == 1
