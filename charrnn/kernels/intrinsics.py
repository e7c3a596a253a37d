"""What Numba has no word for, written as LLVM IR, as is the tile in ``simd``; no other module has IR."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from charrnn.kernels.processor import REGISTER_BYTES


@intrinsic
def wide_vectors(typingctx):
    """Let LLVM use the widest registers in the loops of the kernel that calls this.

    On many CPUs it keeps to half of them by itself, for code that only now and then meets a vector.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # llvmlite's own ``add`` knows a few attributes only, and none with a value.
        set.add(builder.function.attributes, f'"prefer-vector-width"="{8 * REGISTER_BYTES}"')
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def clamp(typingctx, x, low, high):
    """``x`` brought into [low, high]; a NaN stays a NaN. All of one type.

    Written with comparisons in Python, the bounds would become branches that LLVM merges before it vectorises.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, low, high = args
        x = builder.select(builder.fcmp_ordered("<", x, low), low, x)
        return builder.select(builder.fcmp_ordered(">", x, high), high, x)

    return x(x, x, x), codegen


@intrinsic
def as_matrix(typingctx, array, rows, columns):
    """The first ``rows * columns`` elements of a contiguous 1-D array as a matrix, in the same memory.

    Kernels that call ``reshape`` would have Numba import its arrays where they are only loaded: a tenth of a command's
    start.
    """
    matrix = types.Array(array.dtype, 2, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source = context.make_array(sig.args[0])(context, builder, args[0])
        result = context.make_array(matrix)(context, builder)
        result.data, result.itemsize = source.data, source.itemsize
        result.meminfo, result.parent = source.meminfo, source.parent
        result.nitems = builder.mul(args[1], args[2])
        result.shape = cgutils.pack_array(builder, args[1:])
        result.strides = cgutils.pack_array(builder, [builder.mul(args[2], source.itemsize), source.itemsize])
        return result._getvalue()

    return matrix(array, types.intp, types.intp), codegen


@intrinsic
def exchange_float_mode(typingctx, mode):
    """Set this thread's floating-point mode (x86's MXCSR) to ``mode`` and return what it was; elsewhere do nothing."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not context.codegen()._tm.triple.startswith("x86_64"):
            return args[0]
        word, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        place = cgutils.alloca_once(builder, word)
        for name in ("stmxcsr", "ldmxcsr"):
            function = ir.FunctionType(ir.VoidType(), [pointer])
            function = cgutils.get_or_insert_function(builder.module, function, f"llvm.x86.sse.{name}")
            builder.call(function, [builder.bitcast(place, pointer)])
            if name == "stmxcsr":
                before = builder.load(place)
                builder.store(args[0], place)
        return before

    return types.uint32(types.uint32), codegen


@intrinsic
def load_acquire(typingctx, array):
    """``array[0]`` as it is in memory now, where another thread may write it."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.load_atomic(data, "acquire", align=array.dtype.bitwidth // 8)

    return array.dtype(array), codegen


@intrinsic
def store_release(typingctx, array, value):
    """``array[0] = value``: a thread that sees it with ``load_anew`` sees all that was written before, too."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        builder.store_atomic(args[1], data, "release", align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, array.dtype), codegen


@intrinsic
def row_at(typingctx, address, like, size):
    """The contiguous 1-D array of ``size`` numbers of the type of ``like`` at an address."""
    row = types.Array(like, 1, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        result = context.make_array(row)(context, builder)
        result.data = builder.inttoptr(args[0], result.data.type)
        result.itemsize = context.get_constant(types.intp, like.bitwidth // 8)
        result.nitems = args[2]
        result.shape = cgutils.pack_array(builder, [args[2]])
        result.strides = cgutils.pack_array(builder, [result.itemsize])
        return result._getvalue()

    return row(types.intp, like, types.intp), codegen


@intrinsic
def pause(typingctx):
    """Let a moment pass, and leave the core to its other hardware thread meanwhile; does nothing on rare processors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        triple, word = context.codegen()._tm.triple, ir.IntType(32)
        name, operands = "", []
        if triple.startswith("x86_64"):
            name = "llvm.x86.sse2.pause"
        elif triple.startswith(("aarch64", "arm64")):  # has a yield, but that takes no time on most
            name, operands = "llvm.aarch64.isb", [word(15)]
        if name:
            function = ir.FunctionType(ir.VoidType(), [operand.type for operand in operands])
            builder.call(cgutils.get_or_insert_function(builder.module, function, name), operands)
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def copy_row(typingctx, source, to, count):
    """The first ``count`` numbers of a contiguous row to another one, which may be the same memory.

    A loop over rows that may be the same memory would not vectorise.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, to = (context.make_array(sig.args[i])(context, builder, args[i]) for i in range(2))
        cgutils.raw_memmove(builder, to.data, source.data, args[2], to.itemsize)
        return context.get_dummy_value()

    return types.void(source, to, types.intp), codegen


def _flip_negative(builder: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    """The bits of a number without its sign, turned over if it is negative; twice, and they are as before."""
    width = bits.type.width
    return builder.xor(bits, builder.lshr(builder.ashr(bits, bits.type(width - 1)), bits.type(1)))


@intrinsic
def to_rank(typingctx, x):
    """An integer that is the larger, the larger the number is; a NaN's is beyond those of the infinities.

    The largest of integers is found in vectors, that of numbers, one of which may be a NaN, is not.
    """
    rank = types.int32 if x == types.float32 else types.int64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _flip_negative(builder, builder.bitcast(args[0], context.get_value_type(rank)))

    return rank(x), codegen


@intrinsic
def from_rank(typingctx, rank):
    """The number that ``to_rank`` was given."""
    number = types.float32 if rank == types.int32 else types.float64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(_flip_negative(builder, args[0]), context.get_value_type(number))

    return number(rank), codegen
