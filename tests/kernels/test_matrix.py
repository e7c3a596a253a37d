import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from charrnn.kernels.jit import jit
from charrnn.kernels.matrix import ROWS, transpose_block
from charrnn.kernels.processor import TILE_REGISTERS


@jit
def transpose(source, first, target, place):
    transpose_block(source, first, target, place)


def test_a_block_is_transposed_and_the_rest_left_alone(random):
    source = random.integers(-(2**31), 2**31, (ROWS + 1, 40)).astype(np.int32)
    target = np.zeros((ROWS + 2, 50), np.int32)
    transpose(source, 7, target, 3)
    wanted = np.zeros_like(target)
    wanted[:ROWS, 3 : 3 + ROWS] = source[:ROWS, 7 : 7 + ROWS].T
    assert np.array_equal(target, wanted)


PRODUCT = """
import os
import numpy as np
from charrnn.kernels.matmul import matmul_add, pack, packed_zeros, room_to_round
from charrnn.kernels.operands import PAIRS
from charrnn.kernels.processor import TILE_REGISTERS
from charrnn.model.workers import Workers

a, b = np.full((1, 70, 40), 3, "f"), np.full((40, 70), 0.5, "f")
packed = packed_zeros(40, 70, PAIRS)._replace(rounded=room_to_round(40, 70, PAIRS))
pack(b, packed, 0, 1)

def product(workers):
    c = np.ones((1, 70, 70), "f")
    workers.run(lambda part, parts: matmul_add(a, packed, c, 70 * part // parts, 70 * (part + 1) // parts))
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
