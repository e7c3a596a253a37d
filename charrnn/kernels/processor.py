"""Features of the processor that Numba compiles for."""

import ctypes
import os
import sys
from typing import NamedTuple

import llvmlite.binding as llvm
from numba.core.registry import cpu_target

from charrnn.kernels.compiler import own_settings

PROBE = """
declare <64 x float> @llvm.fmuladd.v64f32(<64 x float>, <64 x float>, <64 x float>)
define <64 x float> @multiply_add(<64 x float> %x) {
  %y = call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %x, <64 x float> %x, <64 x float> %x)
  ret <64 x float> %y
}
define <16 x bfloat> @round(<16 x float> %x) {
  %y = fptrunc <16 x float> %x to <16 x bfloat>
  ret <16 x bfloat> %y
}
"""


class Processor(NamedTuple):
    """The CPU features that the kernels use."""

    register_bytes: int
    """Bytes in a vector register."""
    registers: int
    """Number of vector registers."""
    bfloat16: bool
    """Whether the CPU multiplies bfloat16 (AVX-512 BF16)."""
    tiles: bool
    """Whether tile registers multiply bfloat16 (AMX BF16), and the system lets this process use them."""


def compiled_for() -> tuple[str, ...]:
    """The system, the processor's name and its features for which kernels are compiled."""
    return tuple(cpu_target.target_context.codegen().magic_tuple())


def probe() -> Processor:
    """Find the features by compiling a small function and reading its assembly.

    Only LLVM knows what NUMBA_CPU_NAME and NUMBA_CPU_FEATURES allow. The function has no pointers, as their syntax
    depends on LLVM's version.
    """
    codegen = cpu_target.target_context.codegen()
    assembly = codegen._tm.emit_assembly(llvm.parse_assembly(PROBE))
    if "zmm" in assembly:
        bfloat16 = "vcvtneps2bf16" in assembly
        # Compiling a probe for AMX would end the process on CPUs without it, so the feature list is read.
        tiles = bfloat16 and "+amx-bf16" in codegen.magic_tuple()[2].split(",") and may_use_tiles()
        return Processor(64, 32, bfloat16, tiles)
    if "ymm" in assembly:
        return Processor(32, 16, False, False)
    return Processor(16, 16 if "xmm" in assembly else 32, False, False)


def may_use_tiles() -> bool:
    """Request the tile registers of x86-64 from Linux; returns whether this process may use them.

    Each process must do so once, for all of its threads and forks.
    """
    if sys.platform != "linux":
        return False
    arch_prctl, request_permission, tile_data = (ctypes.c_long(number) for number in (158, 0x1023, 18))
    return ctypes.CDLL(None).syscall(arch_prctl, request_permission, tile_data) == 0  # type: ignore[no-any-return]


def architecture() -> str:
    """The instruction set that Numba compiles for: "x86_64", "aarch64", or another name of LLVM's."""
    name: str = cpu_target.target_context.codegen()._tm.triple.split("-")[0]
    return "aarch64" if name.startswith("arm64") else name  # arm64 and arm64e are Apple's names


with own_settings():
    PROCESSOR = probe()
    ARCHITECTURE = architecture()

REGISTER_BYTES, REGISTERS, NATIVE_BFLOAT16, TILE_REGISTERS = PROCESSOR

BFLOAT16 = NATIVE_BFLOAT16 or os.environ.get("CHARRNN_EMULATE_BF16") == "1"
"""Whether training in bf16 is allowed. Emulation is slower than float32 and for tests only. Sampling in bf16 is always
allowed: a single text may gain from weights of half the size."""


def lanes(itemsize: int) -> int:
    """Number of elements of ``itemsize`` bytes in a vector register."""
    return REGISTER_BYTES // itemsize
