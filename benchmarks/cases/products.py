"""Matrix products as forward and backward use them, and the packing of weights."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.cases.contract import Array, Case, Inputs, exact, worst
from charrnn.kernels.matmul import matmul, matmul_transposed, pack, pack_transposed, packed_zeros

RECURRENT = "matmul: W_hh h, one step"
RECURRENT_BACK = "matmul: W_hh^T d_a, one step"


def product_cases(inputs: Inputs) -> Iterator[Case]:
    """``matmul``, ``matmul_transposed`` over all steps and streams, ``pack``."""
    shape, G = inputs.shape, inputs.gates
    H, B, T, V = shape.hidden, shape.streams, shape.steps, shape.vocabulary
    yield product(inputs, RECURRENT, 1, B, H, G)
    yield product(inputs, RECURRENT_BACK, 1, B, G, H)
    yield product(inputs, "matmul: W_ih h, all steps", T, B, H, G)
    yield product(inputs, "matmul: W_ih^T d_a, all steps", T, B, G, H)
    yield product(inputs, "matmul: head, all steps", T, B, H, V)
    yield product(inputs, "matmul: head^T, all steps", T, B, V, H)
    yield product(inputs, "matmul: first layer's table", 1, V, V, G)
    yield weight_gradient(inputs, "matmul_transposed: d W_hh or W_ih", G)
    yield weight_gradient(inputs, "matmul_transposed: d head", V)
    w = inputs.matrix(G, H)
    yield packing(inputs, w, pack, w)
    yield packing(inputs, w, pack_transposed, w.T)


def product_error(got: Array, a: Array, b: Array, c: Array) -> float:
    """Error of ``got`` = c + a b as a part of the bound of a sum of K products in any order."""
    a, b, c = (array.astype("float64") for array in (a, b, c))
    bound = (a.shape[-1] + 2) * np.finfo(got.dtype).eps * (np.abs(a) @ np.abs(b) + np.abs(c))
    return worst(got, c + a @ b, bound)


def product(inputs: Inputs, name: str, T: int, R: int, K: int, N: int) -> Case:
    """``c += a b`` for T times R rows."""
    a, w, c = inputs.rows(T, R, K), inputs.matrix(K, N), inputs.rows(T, R, N)
    packed, before = inputs.packed(w), c[:, :, :N].copy()
    return Case(
        name,
        f"{T * R}x{K} {K}x{N}",
        run=lambda: matmul(a, packed, c, 0, R),
        error=lambda: product_error(c[:, :, :N], a[:, :, :K], w, before),
        idle=lambda: matmul(a, packed, c, 0, 0),
        flop=2 * T * R * K * N,
    )


def weight_gradient(inputs: Inputs, name: str, M: int) -> Case:
    """``c += a^T b``, a (T B, M) and b (T B, H)."""
    rows, H = inputs.shape.characters, inputs.shape.hidden
    a, b, c = inputs.rows(rows, M), inputs.rows(rows, H), inputs.matrix(M, H)
    before = c.copy()
    return Case(
        name,
        f"{M}x{rows} {rows}x{H}",
        run=lambda: matmul_transposed(a, b, c, 0, M),
        error=lambda: product_error(c, a[:, :M].T, b[:, :H], before),
        flop=2 * rows * M * H,
    )


def packing(inputs: Inputs, w: Array, function: Callable[..., None], wanted: Array) -> Case:
    """W_hh or its transpose into panels; a product with the identity gives the matrix back."""
    depth, columns = wanted.shape
    packed = packed_zeros(depth, columns, inputs.dtype)

    def error() -> float:
        result = np.zeros((1, depth, columns), inputs.dtype)
        matmul(np.eye(depth, dtype=inputs.dtype)[np.newaxis], packed, result, 0, depth)
        return exact(np.array_equal(result[0], wanted))

    return Case(
        f"{function.__name__}: W_hh",
        f"{w.shape[0]}x{w.shape[1]}",
        run=lambda: function(w, packed, 0, 1),
        error=error,
        bytes=2 * w.nbytes,
        count=w.size,
    )
