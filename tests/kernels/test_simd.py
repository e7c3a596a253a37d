import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from charrnn.kernels.jit import jit
from charrnn.kernels.processor import REGISTERS, lanes
from charrnn.kernels.simd import TILE, copy_transposed


def test_a_tile_fits_the_registers():
    """Sums, one row of B and one element of A must be in registers at once."""
    assert TILE.rows * TILE.vectors + TILE.vectors + 1 <= REGISTERS


@jit
def transpose(source, column, target, place):
    copy_transposed(source, column, target, place)


@pytest.mark.parametrize("dtype", ["int32", "float32", "float64"])
def test_a_square_is_transposed_and_the_rest_left_alone(random, dtype):
    count = lanes(np.dtype(dtype).itemsize)
    source = random.integers(-(2**31), 2**31, (count + 3, 40)).astype(dtype)
    target = np.zeros((count + 1, 50), dtype)
    transpose(source[2:], 7, target, 3)
    wanted = np.zeros_like(target)
    wanted[:count, 3 : 3 + count] = source[2 : 2 + count, 7 : 7 + count].T
    assert np.array_equal(target, wanted)


BFLOAT16 = """
import numba
from charrnn.kernels import processor
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import packed_zeros
from charrnn.kernels.operands import PAIRS
print(processor.NATIVE_BFLOAT16)
array = numba.types.Array
rows, start, ids = array(numba.float32, 3, "C"), array(numba.float32, 2, "C"), array(numba.int32, 2, "C")
packed = numba.typeof(packed_zeros(1, 1, PAIRS))
matmul.compile((rows, packed, start, ids, rows, numba.int64, numba.int64))
assembly = matmul.inspect_asm(matmul.signatures[0])
print(assembly.count("vdpbf16ps"))
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
def test_a_processor_with_bfloat16_multiplies_with_its_instruction(tmp_path):
    # Compiled, not run: this machine need not have it.
    chosen = {"NUMBA_CPU_NAME": "znver4", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", BFLOAT16], env=os.environ | chosen, capture_output=True, text=True, check=True
    )
    native, count = done.stdout.split()
    assert native == "True"
    assert int(count) >= sum(r * n for r in range(1, 9) for n in range(1, 4))  # every tile up to 8 x 3
