"""Operations that Numba lacks, written as LLVM IR."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from charrnn.kernels.processor import ARCHITECTURE, REGISTER_BYTES


@intrinsic
def wide_vectors(typingctx):
    """Let LLVM use the widest vector registers in the calling kernel.

    On many CPUs LLVM prefers registers of half the width, which suits code with few vector instructions.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # llvmlite's own ``add`` accepts only a few attributes, none of them with a value.
        set.add(builder.function.attributes, f'"prefer-vector-width"="{8 * REGISTER_BYTES}"')
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def clamp(typingctx, x, low, high):
    """``x`` clamped to [low, high]; NaN stays NaN. All three have one type.

    With comparisons in Python, the bounds would become branches, which LLVM merges before it vectorises. So this
    function uses ``select`` instructions.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, low, high = args
        x = builder.select(builder.fcmp_ordered("<", x, low), low, x)
        return builder.select(builder.fcmp_ordered(">", x, high), high, x)

    return x(x, x, x), codegen


@intrinsic
def as_matrix(typingctx, array, rows, columns):
    """The first ``rows * columns`` elements of a contiguous 1-D array as a matrix that shares its memory.

    ``reshape`` would make Numba import its array code even for kernels from the cache: a tenth of a
    command's start-up time.
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
    """Set this thread's floating-point mode and return the previous one; elsewhere than on x86-64 and Arm, ``mode``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        if ARCHITECTURE == "aarch64":
            whole = ir.IntType(64)  # FPCR, whose upper half is zero
            get, put = (
                cgutils.get_or_insert_function(builder.module, function, f"llvm.aarch64.{name}.fpcr")
                for name, function in (
                    ("get", ir.FunctionType(whole, [])),
                    ("set", ir.FunctionType(ir.VoidType(), [whole])),
                )
            )
            before = builder.call(get, [])
            builder.call(put, [builder.zext(args[0], whole)])
            return builder.trunc(before, word)
        if ARCHITECTURE != "x86_64":
            return args[0]
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
    """``array[0]``, which another thread may write with ``store_release``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return builder.load_atomic(data, "acquire", align=array.dtype.bitwidth // 8)

    return array.dtype(array), codegen


@intrinsic
def store_release(typingctx, array, value):
    """``array[0] = value``; a thread that reads it with ``load_acquire`` also sees all earlier writes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        builder.store_atomic(args[1], data, "release", align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, array.dtype), codegen


@intrinsic
def row_at(typingctx, address, like, size):
    """The contiguous array (``size``,) at a memory address, whose elements have the type of ``like``."""
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
    """Pause briefly, so that the core's other hardware thread can run; do nothing except on x86-64 and Arm."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word, name, operands = ir.IntType(32), "", []
        if ARCHITECTURE == "x86_64":
            name = "llvm.x86.sse2.pause"
        elif ARCHITECTURE == "aarch64":  # its ``yield`` takes no time on most cores
            name, operands = "llvm.aarch64.isb", [word(15)]
        if name:
            function = ir.FunctionType(ir.VoidType(), [operand.type for operand in operands])
            builder.call(cgutils.get_or_insert_function(builder.module, function, name), operands)
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def copy_row(typingctx, source, to, count):
    """Copy the first ``count`` numbers of a contiguous row to another, which may overlap.

    LLVM would not vectorise a loop over rows that may overlap.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source, to = (context.make_array(sig.args[i])(context, builder, args[i]) for i in range(2))
        cgutils.raw_memmove(builder, to.data, source.data, args[2], to.itemsize)
        return context.get_dummy_value()

    return types.void(source, to, types.intp), codegen


def _flip_negative(builder: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    """Invert all bits but the sign of a negative number; the function is its own inverse."""
    width = bits.type.width
    return builder.xor(bits, builder.lshr(builder.ashr(bits, bits.type(width - 1)), bits.type(1)))


@intrinsic
def to_rank(typingctx, x):
    """An integer rank in the order of the numbers; NaN ranks beyond the infinities, on the side of its sign.

    LLVM vectorises the maximum of integers, but not of numbers that may be NaN.
    """
    rank = types.int32 if x == types.float32 else types.int64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _flip_negative(builder, builder.bitcast(args[0], context.get_value_type(rank)))

    return rank(x), codegen


@intrinsic
def from_rank(typingctx, rank):
    """The number whose rank is ``rank``; the inverse of ``to_rank``."""
    number = types.float32 if rank == types.int32 else types.float64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(_flip_negative(builder, args[0]), context.get_value_type(number))

    return number(rank), codegen
