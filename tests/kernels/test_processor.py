import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from charrnn.kernels.processor import REGISTER_BYTES, lanes


def test_lanes_fill_a_register():
    assert lanes(4) == 2 * lanes(8) == REGISTER_BYTES // 4


REGISTERS_OF = """
from charrnn.kernels.processor import REGISTERS, REGISTER_BYTES
from charrnn.kernels.simd import TILE
print(REGISTER_BYTES, REGISTERS, TILE.vectors)
"""

PRODUCT = """
import numpy as np
from charrnn.kernels.matmul import matmul_add
from charrnn.kernels.packing import pack, packed_zeros
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
        ("skylake-avx512", REGISTERS_OF, "64 32 3"),  # this machine need not be one
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


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
@pytest.mark.skipif("NUMBA_CPU_NAME" in os.environ, reason="runs for another processor already")
def test_products_cells_and_gradients_of_a_processor_without_avx_512():
    chosen = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
    tests = Path(__file__).parent.parent
    command = [sys.executable, "-m", "pytest", "-q", tests / "kernels" / "test_matmul.py", tests / "cells"]
    command += ["-k", "not (rnn or leaky or peephole or lecture)"]  # two cells see all that depends on the processor
    options = {"env": os.environ | chosen, "capture_output": True, "text": True, "cwd": tests.parent}
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0, done.stdout
