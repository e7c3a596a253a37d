"""Helpers to emit LLVM IR for vectors and matrices."""

from collections.abc import Callable
from typing import NamedTuple

from llvmlite import ir
from numba.core import cgutils

from charrnn.kernels.processor import NATIVE_BFLOAT16

INDEX = ir.IntType(64)


class BFloat16(ir.types.Type):  # type: ignore[misc]
    """LLVM's bfloat type, which llvmlite lacks: the upper half of a float32's bits."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BFloat16)

    def __hash__(self) -> int:
        return hash(BFloat16)


def index(number: int | ir.Value) -> ir.Value:
    """The number as an IR value."""
    return INDEX(number) if isinstance(number, int) else number


def splat(builder: ir.IRBuilder, scalar: ir.Value, count: int) -> ir.Value:
    """A vector of ``count`` copies of the scalar."""
    undefined = ir.Constant(ir.VectorType(scalar.type, count), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.IntType(32)(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count))


def transposed(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """The columns of a square matrix whose rows are vectors; their number is a power of two."""
    rows, count = list(rows), len(rows)
    lanes_type = ir.VectorType(ir.IntType(32), count)
    bit = 1
    while bit < count:  # swap this bit between row and column indices
        low = [lane if not lane & bit else count + lane - bit for lane in range(count)]
        high = [lane + bit if not lane & bit else count + lane for lane in range(count)]
        for r in range(count):
            if not r & bit:
                pair = rows[r], rows[r + bit]
                rows[r], rows[r + bit] = (
                    builder.shuffle_vector(*pair, ir.Constant(lanes_type, lanes)) for lanes in (low, high)
                )
        bit *= 2
    return rows


def prefetch(builder: ir.IRBuilder, pointer: ir.Value, *, level: int, write: bool) -> None:
    """Prefetch a line into the cache of level 1 or 2, for a read or a write."""
    pointer = builder.bitcast(pointer, ir.IntType(8).as_pointer())
    flag = ir.IntType(32)
    function = ir.FunctionType(ir.VoidType(), [pointer.type, flag, flag, flag])
    prefetch = cgutils.get_or_insert_function(builder.module, function, "llvm.prefetch.p0")
    builder.call(prefetch, [pointer, flag(int(write)), flag(4 - level), flag(1)])


class Matrix(NamedTuple):
    """A matrix in memory: element (r, k) lies at ``pointer + r * stride + k * step``."""

    pointer: ir.Value
    stride: ir.Value
    step: ir.Value

    def row(self, builder: ir.IRBuilder, r: int | ir.Value) -> ir.Value:
        """Pointer to the first element of row ``r``."""
        return builder.gep(self.pointer, [builder.mul(self.stride, index(r))])


def row_named(builder: ir.IRBuilder, ids: ir.Value, place: ir.Value, rows: Matrix) -> ir.Value:
    """Pointer to the first element of the row with index ``ids[place]``, an int32."""
    return rows.row(builder, builder.sext(builder.load(builder.gep(ids, [place])), INDEX))


class Tile(NamedTuple):
    """The factors and the result of a small product."""

    a: Matrix
    b: Matrix
    k_end: ir.Value
    """Number of steps of k."""
    ahead: Matrix | None
    """Data to prefetch, k by k."""
    c: Matrix
    start_row: Callable[[int], ir.Value]
    """``start_row(r)`` points to the row that is added to row r of C."""


class Vectors:
    """Emitter of loads and stores of vectors of ``count`` elements.

    Masked ones, for the last vector of a row, touch only its first ``tail`` lanes.
    """

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, count: int, tail: ir.Value) -> None:
        self.builder, self.count = builder, count
        self.type = ir.VectorType(element, count)
        self.name = f"v{count}{element.intrinsic_name}"
        self.align = 4 if element == ir.FloatType() else 8
        lanes = ir.Constant(ir.VectorType(INDEX, count), list(range(count)))
        self.mask = builder.icmp_signed("<", lanes, splat(builder, tail, count))
        self.whole = builder.icmp_signed("==", tail, INDEX(count))

    def _function(self, name: str, result: ir.Type, *arguments: ir.Type) -> ir.Function:
        return cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(result, arguments), name)

    def _at(self, row: ir.Value, n: int) -> ir.Value:
        vector = ir.VectorType(row.type.pointee, self.count)
        return self.builder.bitcast(self.builder.gep(row, [INDEX(n * self.count)]), vector.as_pointer())

    def load(self, row: ir.Value, n: int, *, masked: bool = False) -> ir.Value:
        """Load vector ``n`` of a row. Pairs of bfloat16 are loaded as integers."""
        pointer = self._at(row, n)
        if not masked:
            return self.builder.load(pointer, align=self.align)
        types = (pointer.type, ir.IntType(32), self.mask.type, self.type)
        load = self._function(f"llvm.masked.load.{self.name}.p0", self.type, *types)
        return self.builder.call(load, [pointer, ir.IntType(32)(self.align), self.mask, ir.Constant(self.type, None)])

    def store(self, value: ir.Value, row: ir.Value, n: int, *, masked: bool = False) -> None:
        """Store vector ``n`` of a row."""
        pointer = self._at(row, n)
        if not masked:
            self.builder.store(value, pointer, align=self.align)
            return
        types = (self.type, pointer.type, ir.IntType(32), self.mask.type)
        store = self._function(f"llvm.masked.store.{self.name}.p0", ir.VoidType(), *types)
        self.builder.call(store, [value, pointer, ir.IntType(32)(self.align), self.mask])

    def multiply_add(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """``c + a * b``; for pairs of bfloat16 in integers, ``c`` plus both products."""
        if isinstance(a.type.element, ir.IntType):
            return self._multiply_add_pairs(a, b, c)
        function = self._function(f"llvm.fmuladd.{self.name}", self.type, *[self.type] * 3)
        return self.builder.call(function, [a, b, c])

    def _multiply_add_pairs(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        if NATIVE_BFLOAT16:
            pairs = ir.VectorType(BFloat16(), 2 * self.count)
            dot = self._function("llvm.x86.avx512bf16.dpbf16ps.512", self.type, self.type, pairs, pairs)
            return self.builder.call(dot, [c, self.builder.bitcast(a, pairs), self.builder.bitcast(b, pairs)])

        def half(x: ir.Value, *, high: bool) -> ir.Value:
            change, constant = (self.builder.and_, -65536) if high else (self.builder.shl, 16)
            return self.builder.bitcast(change(x, ir.Constant(x.type, [constant] * self.count)), self.type)

        for high in (True, False):
            c = self.multiply_add(half(a, high=high), half(b, high=high), c)
        return c
