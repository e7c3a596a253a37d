"""Matrix products as forward and backward use them, and the packing of weights."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.cases.contract import Array, Case, Inputs, exact, worst
from charrnn.kernels.matmul import matmul
from charrnn.kernels.matmul_transposed import matmul_transposed, sum_buffers
from charrnn.kernels.packing import pack, pack_transposed

RECURRENT = "matmul: table + W_hh h, one step"
RECURRENT_BACK = "matmul: d_h + W_hh^T d_a, one step"


def product_cases(inputs: Inputs) -> Iterator[Case]:
    """``matmul``, ``matmul_transposed`` over all steps and streams, ``pack``."""
    shape, G = inputs.shape, inputs.gates
    H, B, T, V = shape.hidden, shape.streams, shape.steps, shape.vocabulary
    yield product(inputs, RECURRENT, 1, B, H, G, starts=V)
    yield adding_product(inputs, RECURRENT_BACK, B, G, H)
    yield product(inputs, "matmul: b + W_ih h, all steps", T, B, H, G)
    yield product(inputs, "matmul: W_ih^T d_a, all steps", T, B, G, H)
    yield product(inputs, "matmul: head, all steps", T, B, H, V)
    yield product(inputs, "matmul: head^T, all steps", T, B, V, H)
    yield product(inputs, "matmul: first layer's table", 1, V, V, G)
    yield weight_gradients(inputs, "matmul_transposed: d W_hh, d table", G, factors=1, sums=V)
    yield weight_gradients(inputs, "matmul_transposed: d W_hh, d W_ih, d b", G, factors=2)
    yield weight_gradients(inputs, "matmul_transposed: d head, d b", V, factors=1)
    w = inputs.matrix(G, H)
    yield packing(inputs, w, pack, w)
    yield packing(inputs, w, pack_transposed, w.T)


def product_error(got: Array, a: Array, b: Array, c: Array | float = 0.0) -> float:
    """Error of ``got`` = c + a b as a part of the bound of a sum of K products in any order."""
    a, b, c = (np.asarray(array, "float64") for array in (a, b, c))
    bound = (a.shape[-1] + 2) * np.finfo(got.dtype).eps * (np.abs(a) @ np.abs(b) + np.abs(c))
    return worst(got, c + a @ b, bound)


def product(inputs: Inputs, name: str, T: int, R: int, K: int, N: int, starts: int = 1) -> Case:
    """``c = start[ids] + a b`` for T times R rows; ``start`` has ``starts`` rows."""
    a, w, c, start = inputs.rows(T, R, K), inputs.matrix(K, N), inputs.rows(T, R, N), inputs.matrix(starts, N)
    packed, ids = inputs.packed(w, R), inputs.ids(starts, T, R)
    return Case(
        name,
        f"{T * R}x{K} {K}x{N}",
        run=lambda: matmul(a, packed, start, ids, c, 0, R),
        error=lambda: product_error(c[:, :, :N], inputs.factor(a[:, :, :K]), inputs.factor(w), start[ids]),
        idle=lambda: matmul(a, packed, start, ids, c, 0, 0),
        flop=2 * T * R * K * N,
    )


def adding_product(inputs: Inputs, name: str, R: int, K: int, N: int) -> Case:
    """``c += a b`` for R rows: ``start`` is the memory of ``c``."""
    a, w, c = inputs.rows(1, R, K), inputs.matrix(K, N), inputs.rows(1, R, N)
    packed, before, start, ids = inputs.packed(w, R), c.copy(), c[0], np.arange(R, dtype=np.int32)[np.newaxis]
    return Case(
        name,
        f"{R}x{K} {K}x{N}",
        run=lambda: matmul(a, packed, start, ids, c, 0, R),
        error=lambda: product_error(c[:, :, :N], inputs.factor(a[:, :, :K]), inputs.factor(w), before[:, :, :N]),
        prepare=lambda: np.copyto(c, before),
        idle=lambda: matmul(a, packed, start, ids, c, 0, 0),
        flop=2 * R * K * N,
    )


def weight_gradients(inputs: Inputs, name: str, M: int, factors: int, sums: int = 1) -> Case:
    """``c = a^T b`` for one or two b (T B, H), with the sums of a's rows (T B, M) by ``sums`` ids."""
    rows, H = inputs.shape.characters, inputs.shape.hidden
    widths = (H, H if factors == 2 else 0)
    a, ids, totals = inputs.rows(rows, M), inputs.ids(sums, rows), inputs.matrix(sums, M)
    bs = tuple(inputs.rows(rows, width) for width in widths)
    cs = tuple(inputs.matrix(M, width) for width in widths)
    buffers = sum_buffers(2 * H, inputs.config.packed_dtype)

    def error() -> float:
        chosen = ids == np.arange(sums)[:, np.newaxis]
        left = inputs.factor(a[:, :M]).T
        errors = [
            product_error(c, left, inputs.factor(b[:, :width])) for b, c, width in zip(bs, cs, widths, strict=True)
        ]
        return max(*errors, product_error(totals, chosen, a[:, :M]))

    return Case(
        name,
        f"{M}x{rows} {rows}x{factors * H}",
        run=lambda: matmul_transposed(a, bs, cs, ids, totals, buffers, 0, M),
        error=error,
        flop=2 * rows * M * factors * H,
    )


def packing(inputs: Inputs, w: Array, function: Callable[..., None], wanted: Array) -> Case:
    """W_hh or its transpose into panels; a product with the identity gives the matrix back."""
    depth, columns = wanted.shape
    packed = inputs.unpacked(depth, columns, depth)

    def error() -> float:
        identity, zeros = np.eye(depth, dtype=inputs.dtype)[np.newaxis], np.zeros((1, columns), inputs.dtype)
        result = np.empty((1, depth, columns), inputs.dtype)
        matmul(identity, packed, zeros, np.zeros((1, depth), np.int32), result, 0, depth)
        return exact(np.array_equal(result[0], inputs.factor(wanted)))

    return Case(
        f"{function.__name__}: W_hh",
        f"{w.shape[0]}x{w.shape[1]}",
        run=lambda: function(w, packed, 0, 1),
        error=error,
        count=w.size,
    )
