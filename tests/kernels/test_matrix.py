import os
import platform
import subprocess
import sys

import pytest

from charrnn.kernels.processor import TILE_REGISTERS

PRODUCT = """
import os
import numpy as np
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import pack, packed_zeros, rounding_buffer
from charrnn.kernels.operands import PAIRS
from charrnn.kernels.processor import TILE_REGISTERS
from charrnn.workers import Workers

a, b = np.full((1, 70, 40), 3, "f"), np.full((40, 70), 0.5, "f")
packed = packed_zeros(40, 70, PAIRS)._replace(rounded=rounding_buffer(40, 70, PAIRS))
pack(b, packed, 0, 1)
start, ids = np.ones((1, 70), "f"), np.zeros((1, 70), "i")

def product(workers):
    c = np.zeros((1, 70, 70), "f")
    workers.run(lambda part, parts: matmul(a, packed, start, ids, c, 70 * part // parts, 70 * (part + 1) // parts))
    return bool((c == 61).all())

print(TILE_REGISTERS, product(Workers(3)), flush=True)
child = os.fork()
if child == 0:
    print(product(Workers(2)), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_threads_and_forks_multiply_with_what_the_process_was_given():
    done = subprocess.run([sys.executable, "-c", PRODUCT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(TILE_REGISTERS), "True", "True"]


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
def test_tile_registers_are_used_only_where_numba_may_use_them():
    chosen = {"NUMBA_CPU_NAME": "sapphirerapids", "NUMBA_CPU_FEATURES": "+avx512bf16,-amx-bf16"}
    program = "from charrnn.kernels.processor import PROCESSOR; print(*PROCESSOR)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | chosen, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["64", "32", "True", "False"]
