import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from charrnn.kernels.simd import REGISTER_BYTES, REGISTERS, RESIDENT, STREAMED, lanes


def test_tiles_fit_the_registers():
    """Sums, one row of B and one element of A must be in registers at once."""
    for shape in (STREAMED, RESIDENT):
        assert shape.rows * shape.vectors + shape.vectors + 1 <= REGISTERS
    assert lanes(4) == 2 * lanes(8) == REGISTER_BYTES // 4


REGISTERS_OF = """
from charrnn.kernels.simd import REGISTERS, REGISTER_BYTES, RESIDENT
print(REGISTER_BYTES, REGISTERS, RESIDENT.vectors)
"""

PRODUCT = """
import numpy as np
from charrnn.kernels.matmul import matmul_add, pack, packed_zeros
random = np.random.default_rng(0)
a, b = random.normal(size=(2, 7, 40)).astype("f"), random.normal(size=(40, 37)).astype("f")
packed, c = packed_zeros(40, 37, "f"), np.ones((2, 7, 39), "f")
pack(b, packed, 0, 1)
matmul_add(a, packed, c, 0, 7)
print(np.allclose(c[:, :, :37] - 1, a @ b, atol=1e-4), (c[:, :, 37:] == 1).all())
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names of x86 processors")
@pytest.mark.parametrize(
    ("cpu", "program", "wanted"),
    [
        ("skylake-avx512", REGISTERS_OF, "64 32 4"),  # this machine need not be one
        ("haswell", REGISTERS_OF + PRODUCT, "32 16 2 True True"),
        ("x86-64", REGISTERS_OF + PRODUCT, "16 16 2 True True"),
    ],
)
def test_registers_and_products_of_other_processors(cpu, program, wanted):
    # Without NUMBA_CPU_FEATURES Numba adds all that this machine has to what the name stands for.
    chosen = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | chosen, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == wanted.split()


BFLOAT16 = """
import numba
from numba.core.caching import NullCache
from charrnn.kernels import simd
from charrnn.kernels.matmul import Packed, matmul_add
print(simd.NATIVE_BFLOAT16)
rows = numba.types.Array(numba.float32, 3, "C")
packed = numba.types.NamedTuple(
    (numba.int32[::1], numba.int64, numba.int64, numba.types.Array(numba.int32, 3, "C")), Packed
)
matmul_add._cache = NullCache()  # what is compiled here would not run here
matmul_add.compile((rows, packed, rows, numba.int64, numba.int64))
assembly = matmul_add.inspect_asm(matmul_add.signatures[0])
print(assembly.count("vdpbf16ps"))
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
def test_a_processor_with_bfloat16_multiplies_with_its_instruction():
    # Compiled, not run: this machine need not have it.
    chosen = {"NUMBA_CPU_NAME": "znver4", "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(
        [sys.executable, "-c", BFLOAT16], env=os.environ | chosen, capture_output=True, text=True, check=True
    )
    native, count = done.stdout.split()
    assert native == "True"
    assert int(count) >= sum(r * n for r in range(1, 9) for n in range(1, 4))  # every tile up to 8 x 3


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
@pytest.mark.skipif("NUMBA_CPU_NAME" in os.environ, reason="runs for another processor already")
def test_products_cells_and_gradients_of_a_processor_without_avx_512():
    chosen = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
    tests = Path(__file__).parent.parent
    command = [sys.executable, "-m", "pytest", "-q", tests / "kernels" / "test_matmul.py", tests / "cells"]
    options = {"env": os.environ | chosen, "capture_output": True, "text": True, "cwd": tests.parent}
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0, done.stdout
