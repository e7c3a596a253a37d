"""The vector tile: a small matrix product that lives in registers, written as LLVM IR.

A tile adds the product of ``rows`` rows of A and ``vectors`` vectors of a packed panel of B to as many elements of C.
All of C's tile stays in registers while k runs; each k loads ``vectors`` vectors of B once, broadcasts one element of
each row of A, and does ``rows * vectors`` fused multiply-adds:

    C[r, :] += A[r, k] * B[k, :]        for k = 0 ... K-1, in that order

Every element of C sees the same operations in the same order whatever tile it falls into, so that results do not
depend on how rows are grouped. The order of the sum over k is part of the contract.

The largest tile follows the CPU's vector registers (``tile_shape``). This is the only module with IR.
"""

from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

INDEX = ir.IntType(64)

PROBE = """
declare <64 x float> @llvm.fmuladd.v64f32(<64 x float>, <64 x float>, <64 x float>)
define <64 x float> @probe(<64 x float> %x) {
  %y = call <64 x float> @llvm.fmuladd.v64f32(<64 x float> %x, <64 x float> %x, <64 x float> %x)
  ret <64 x float> %y
}
"""


@cache
def register_bytes() -> tuple[int, int]:
    """Bytes of one vector register and the number of registers of the CPU that Numba compiles for.

    Found by compiling a probe, since only LLVM knows what NUMBA_CPU_NAME and NUMBA_CPU_FEATURES allow. The probe has
    no pointers, whose spelling depends on LLVM's version.
    """
    module = llvm.parse_assembly(PROBE)
    machine = cpu_target.target_context.codegen()._tm
    assembly = machine.emit_assembly(module)
    if "zmm" in assembly:
        return 64, 32
    if "ymm" in assembly:
        return 32, 16
    return 16, 16 if "xmm" in assembly else 32


REGISTER_BYTES, REGISTERS = register_bytes()

TILE_ROWS = 6
"""Most rows of a tile."""

TILE_VECTORS = 4 if REGISTERS == 32 else 2
"""Most vectors of a tile: 6 x 4 accumulators of 32 registers, or 6 x 2 of 16; the rest hold B and A."""


def lanes(itemsize: int) -> int:
    """Elements of ``itemsize`` bytes in one vector register."""
    return REGISTER_BYTES // itemsize


def _splat(builder: ir.IRBuilder, scalar: ir.Value, count: int) -> ir.Value:
    undefined = ir.Constant(ir.VectorType(scalar.type, count), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.IntType(32)(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count))


def _emit_tile(
    builder: ir.IRBuilder, rows: int, vectors: int, count: int, a: Any, b: ir.Value, c: Any, k_end: Any
) -> None:
    """One tile of fixed shape. ``a`` is (pointer, row stride, k stride), ``c`` is (pointer, row stride)."""
    a_pointer, a_stride, a_step = a
    c_pointer, c_stride = c
    element = a_pointer.type.pointee
    vector = ir.VectorType(element, count)
    name = f"llvm.fmuladd.v{count}{element.intrinsic_name}"
    multiply_add = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
    align = 4 if element == ir.FloatType() else 8

    def vector_at(pointer: ir.Value, index: int) -> ir.Value:
        return builder.bitcast(builder.gep(pointer, [INDEX(index * count)]), vector.as_pointer())

    a_rows = [builder.gep(a_pointer, [builder.mul(a_stride, INDEX(r))]) for r in range(rows)]
    c_rows = [builder.gep(c_pointer, [builder.mul(c_stride, INDEX(r))]) for r in range(rows)]
    start = [[builder.load(vector_at(row, n), align=align) for n in range(vectors)] for row in c_rows]
    before = builder.block
    loop = builder.append_basic_block(f"k_{rows}x{vectors}")
    done = builder.append_basic_block(f"done_{rows}x{vectors}")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(INDEX)
    sums = [[builder.phi(vector) for _ in range(vectors)] for _ in range(rows)]
    b_row = builder.gep(b, [builder.mul(k, INDEX(vectors * count))])
    b_vectors = [builder.load(vector_at(b_row, n), align=align) for n in range(vectors)]
    offset = builder.mul(k, a_step)
    totals = []
    for r in range(rows):
        splat = _splat(builder, builder.load(builder.gep(a_rows[r], [offset]), align=align), count)
        totals.append([builder.call(multiply_add, [splat, b_vectors[n], sums[r][n]]) for n in range(vectors)])
    following = builder.add(k, INDEX(1))
    k.add_incoming(INDEX(0), before)
    k.add_incoming(following, loop)
    for r in range(rows):
        for n in range(vectors):
            sums[r][n].add_incoming(start[r][n], before)
            sums[r][n].add_incoming(totals[r][n], loop)
    builder.cbranch(builder.icmp_signed("<", following, k_end), loop, done)
    builder.position_at_end(done)
    for r in range(rows):
        for n in range(vectors):
            builder.store(totals[r][n], vector_at(c_rows[r], n), align=align)


@intrinsic
def tile(
    typingctx: Any,
    rows: Any,
    vectors: Any,
    a: Any,
    a_offset: Any,
    a_stride: Any,
    a_step: Any,
    b: Any,
    b_offset: Any,
    k_end: Any,
    c: Any,
    c_offset: Any,
    c_stride: Any,
) -> Any:
    """``C[r, n] += sum over k of A[r, k] * B[k, n]`` for a tile of ``rows`` rows and ``vectors`` vectors.

    Args:
        typingctx: Numba's.
        rows: 1 to TILE_ROWS.
        vectors: 1 to TILE_VECTORS.
        a: array that holds A; element (r, k) lies at ``a_offset + r * a_stride + k * a_step``.
        a_offset: elements from the start of ``a``.
        a_stride: elements from one row of A to the next.
        a_step: elements from one k to the next.
        b: array that holds the packed panel: ``vectors`` vectors for each k, one k after the other.
        b_offset: elements from the start of ``b``.
        k_end: K, at least 1.
        c: array that holds C; element (r, n) lies at ``c_offset + r * c_stride + n``.
        c_offset: elements from the start of ``c``.
        c_stride: elements from one row of C to the next.
    """
    size = types.intp
    signature = types.void(size, size, a, size, size, size, b, size, size, c, size, size)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def pointer(position: int, offset: ir.Value) -> ir.Value:
            return builder.gep(context.make_array(sig.args[position])(context, builder, args[position]).data, [offset])

        rows, vectors, _, a_offset, a_stride, a_step, _, b_offset, k_end, _, c_offset, c_stride = args
        a = (pointer(2, a_offset), a_stride, a_step)
        b = pointer(6, b_offset)
        c = (pointer(9, c_offset), c_stride)
        count = lanes(sig.args[2].dtype.bitwidth // 8)
        end = builder.append_basic_block("tile_end")
        choose = builder.switch(builder.add(builder.mul(rows, INDEX(TILE_VECTORS)), vectors), end)
        for r in range(1, TILE_ROWS + 1):
            for n in range(1, TILE_VECTORS + 1):
                block = builder.append_basic_block(f"tile_{r}x{n}")
                choose.add_case(INDEX(r * TILE_VECTORS + n), block)
                builder.position_at_end(block)
                _emit_tile(builder, r, n, count, a, b, c, k_end)
                builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen
