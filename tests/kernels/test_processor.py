import os
import platform
import subprocess
import sys

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
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import pack, packed_zeros
random = np.random.default_rng(0)
a, b = random.normal(size=(2, 7, 40)).astype("f"), random.normal(size=(40, 37)).astype("f")
packed, start, c = packed_zeros(40, 37, "f"), np.ones((1, 39), "f"), np.zeros((2, 7, 39), "f")
pack(b, packed, 0, 1)
matmul(a, packed, start, np.zeros((2, 7), "i"), c, 0, 7)
print(np.allclose(c[:, :, :37] - 1, a @ b, atol=1e-4), (c[:, :, 37:] == 0).all())
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names of x86 processors")
@pytest.mark.parametrize(
    ("cpu", "program", "wanted"),
    [
        ("skylake-avx512", REGISTERS_OF, "64 32 3"),  # this machine need not be one
        ("haswell", REGISTERS_OF, "32 16 2"),  # its products are tested with all others
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
