import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from products import PAIR_CUT, ROWS, TALL, WIDEST, assert_product, normal, packed, packed_pairs, precisions
from reference import nearest_bfloat16

from charrnn.kernels.matmul import adds_start_last, matmul, panels_at_once
from charrnn.kernels.operands import NUMBERS, PAIRS, share_of_blocks
from charrnn.kernels.packing import pack_transposed, packed_zeros, panel_count
from charrnn.kernels.simd import ROW_PANELS, TILE


@pytest.mark.parametrize("most", [1, 3, ROW_PANELS])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_single_row_takes_all_panels_once_and_several_where_they_are_full(most, members, is_reversed):
    for vectors in range(1, 4 * ROW_PANELS * TILE.vectors):
        count = panel_count(vectors, 1)
        sizes = np.diff([share_of_blocks(vectors, count, panel) for panel in range(count + 1)])
        for member in range(members):
            first, last = share_of_blocks(count, members, member), share_of_blocks(count, members, member + 1)
            taken, low, high = [], first, last
            while low < high:
                taken.append(panels_at_once(vectors, count, low, high, is_reversed, most))
                panel = high - taken[-1] if is_reversed else low
                assert taken[-1] == 1 or set(sizes[panel : panel + taken[-1]]) == {TILE.vectors}
                low, high = (low, panel) if is_reversed else (panel + taken[-1], high)
            assert sum(taken) == last - first
            assert max(taken, default=0) <= most
            if taken and vectors % TILE.vectors == 0:  # all are full
                assert len(taken) == -(-(last - first) // most)
                assert max(taken) - min(taken) <= 1


DEPTH, ROW_BLOCK = NUMBERS.depth, NUMBERS.rows

PRODUCTS = [
    (1, 1, 1, 1),
    (1, 5, 3, 7),
    (3, ROWS + 1, 20, WIDEST),
    (2, 2 * ROWS - 1, 31, WIDEST + 1),
    (5, ROW_BLOCK // 2 - 8, DEPTH + 1, 65),
    (2, ROW_BLOCK + 1, 40, 2 * WIDEST + 5),
    (1, 3, 2 * DEPTH + 6, 17),
    (1, 1, 7, 2 * ROW_PANELS * WIDEST),
    (2, 2, DEPTH + 1, (2 * ROW_PANELS + 1) * WIDEST + 3),
]


@precisions
@pytest.mark.parametrize("gap", [0, 3, 64])
@pytest.mark.parametrize(("T", "R", "K", "N"), PRODUCTS)
def test_matmul_starts_from_the_rows_that_ids_name_and_leaves_the_rest_alone(random, T, R, K, N, gap, dtype):
    b = normal(random, (K, N), dtype)
    check_product(random, (T, R, K, N), gap, packed(b), b, lambda rows: rows)


def check_product(random, sizes, gap, w, b, factor):
    """A product with the packed ``w``: that of ``factor(rows)`` and ``b``, in the rows asked for and nowhere else."""
    (T, R, K, N), dtype = sizes, b.dtype
    a, c, start = (normal(random, shape, dtype) for shape in ((T, R, K + gap), (T, R, N + gap), (5, N + gap)))
    ids = random.integers(0, 5, (T, R)).astype("int32")
    a[:, :, K:] = start[:, N:] = np.nan  # must not be read
    first, last = (1, R - 1) if R > 2 else (0, R)
    before = c.copy()
    matmul(a, w, start, ids, c, first, last)
    assert_product(c[:, first:last, :N], factor(a[:, first:last, :K]), b, start[ids][:, first:last, :N])
    c[:, first:last, :N] = before[:, first:last, :N]
    assert c.tobytes() == before.tobytes()


@precisions
@pytest.mark.parametrize("gap", [0, 64])
@pytest.mark.parametrize(("T", "R", "K", "N"), PRODUCTS)
def test_matmul_gives_the_same_bytes_in_place_and_however_rows_and_steps_are_cut(random, T, R, K, N, gap, dtype):
    a, b = normal(random, (T, R, K), dtype), packed(normal(random, (K, N), dtype))
    start, ids = normal(random, (5, N + gap), dtype), random.integers(0, 5, (T, R)).astype("int32")
    check_cuts(a, b, start, ids)


def check_cuts(a, b, start, ids):
    """A product is the same to the last bit in place, and one step and some rows at a time."""
    (T, R), N, whole = ids.shape, b.columns, start[ids]
    matmul(a, b, start, ids, whole, 0, R)
    in_place, row_ids = start[ids], np.arange(T * R, dtype="int32").reshape(T, R)
    matmul(a, b, in_place.reshape(T * R, -1), row_ids, in_place, 0, R)
    assert in_place.tobytes() == whole.tobytes()
    for parts in {2, 3, R}:
        c = start[ids]
        c[..., :N] = np.nan  # must not be read
        for t in range(T):
            for part in reversed(range(parts)):
                rows = share_of_blocks(R, parts, part), share_of_blocks(R, parts, part + 1)
                matmul(a[t : t + 1], b, start, ids[t : t + 1], c[t : t + 1], *rows)
        assert c.tobytes() == whole.tobytes()


@precisions
def test_matmul_of_no_rows_does_nothing(random, dtype):
    a, b, c = normal(random, (2, 3, 4), dtype), normal(random, (4, 5), dtype), normal(random, (2, 3, 5), dtype)
    before = c.copy()
    matmul(a, packed(b), np.zeros((1, 5), dtype), np.zeros((2, 3), "int32"), c, 2, 2)
    assert np.array_equal(c, before)


@precisions
@pytest.mark.parametrize(("T", "R", "K", "N"), PRODUCTS)
def test_matmul_gives_the_same_bytes_in_either_direction(random, T, R, K, N, dtype):
    a, b = normal(random, (T, R, K), dtype), packed(normal(random, (K, N), dtype))
    start, ids = normal(random, (5, N), dtype), random.integers(0, 5, (T, R)).astype("int32")
    c, is_reversed = np.empty((2, T, R, N), dtype)
    matmul(a, b, start, ids, c, 0, R)
    matmul(a, b._replace(is_reversed=True), start, ids, is_reversed, 0, R)
    assert is_reversed.tobytes() == c.tobytes()


@precisions
def test_a_turned_matrix_is_read_from_its_last_panel_to_its_first(random, dtype):
    """A row whose beginning its own product overwrites: only what is multiplied before that is right."""
    depth, columns = 5, 4 * ROW_PANELS * WIDEST
    row, b = normal(random, (1, 1, columns), dtype), packed(normal(random, (depth, columns), dtype))
    start, ids, whole = np.zeros((1, columns), dtype), np.zeros((1, 1), "int32"), np.empty_like(row)
    matmul(row, b, start, ids, whole, 0, 1)
    there, back = row.copy(), row.copy()
    matmul(there, b, start, ids, there, 0, 1)
    matmul(back, b._replace(is_reversed=True), start, ids, back, 0, 1)
    assert np.array_equal(there[..., :depth], whole[..., :depth])
    assert (there[..., -depth:] != whole[..., -depth:]).all()
    assert np.array_equal(back, whole)


def check_made_ahead(a, b, start, ids, gap):
    """A product made ahead, and added to other rows and in place; it is exact wherever ``adds_start_last`` says so."""
    (T, R, _), N, zeros = a.shape, b.columns, np.zeros_like(start)
    whole, precomputed, c = (np.zeros((T, R, N + gap), start.dtype) for _ in range(3))
    matmul(a, b, start, ids, whole, 0, R)
    matmul(a, b, zeros, ids, precomputed, 0, R)
    precomputed[..., N:] = np.nan  # must not be read
    first, last = (1, R - 1) if R > 2 else (0, R)
    matmul(np.full_like(a, np.nan), b._replace(precomputed=precomputed), start, ids, c, first, last)
    assert not c[:, :first].any()
    assert not c[:, last:].any()
    c, whole, precomputed = c[:, first:last], whole[:, first:last], precomputed[:, first:last]
    assert not c[..., N:].any()
    c, whole = c[..., :N], whole[..., :N]
    assert np.array_equal(c, (precomputed + start[ids][:, first:last])[..., :N])
    if adds_start_last(b):
        assert np.array_equal(c, whole)
    in_place, row_ids = start[ids], np.arange(T * R, dtype="int32").reshape(T, R)
    kept = np.zeros((T, R, N + gap), start.dtype)
    kept[:, first:last] = precomputed
    matmul(a, b._replace(precomputed=kept), in_place.reshape(T * R, -1), row_ids, in_place, first, last)
    assert np.array_equal(in_place[:, first:last, :N], c)
    assert not in_place[..., N:].any()
    assert np.array_equal(in_place[:, :first], start[ids][:, :first])


@precisions
@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize(("T", "R", "K", "N"), PRODUCTS)
def test_matmul_adds_what_was_made_ahead(random, T, R, K, N, gap, dtype):
    a, b = normal(random, (T, R, K), dtype), packed(normal(random, (K, N), dtype))
    start, ids = normal(random, (5, N + gap), dtype), random.integers(0, 5, (T, R)).astype("int32")
    start[:, N:] = 0
    check_made_ahead(a, b, start, ids, gap)
    assert adds_start_last(b) == (K <= DEPTH)


@precisions
def test_a_nan_reaches_its_row_and_no_other(random, dtype):
    check_nan(random, packed(normal(random, (9, 21), dtype)), 2 * ROWS, dtype)


def check_nan(random, b, rows, dtype):
    """A NaN in one row of A makes that row of the product NaN, and nothing else."""
    a, c = normal(random, (1, rows, b.depth), dtype), np.zeros((1, rows, b.columns + 64), dtype)
    a[0, 4, 3] = np.nan
    matmul(a, b, np.zeros((1, c.shape[2]), dtype), np.zeros((1, rows), "int32"), c, 0, rows)
    assert np.array_equal(np.isnan(c[:, :, : b.columns]).all(-1), np.isnan(a).any(-1))
    assert np.isnan(c).sum() == b.columns  # not even the padding


PAIR_PRODUCTS = [
    *PRODUCTS,
    (1, TALL // 2, 33, 16),
    (2, TALL // 2 + 1, 32, 47),
    (1, TALL - 1, 64, 48),
    (3, TALL + 1, 95, 49),
    (2, 2 * TALL + 3, 2 * PAIR_CUT.depth + 5, 80),
    (2, PAIR_CUT.rows // 2 + 5, 40, 17),
]


@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize(("T", "R", "K", "N"), PAIR_PRODUCTS)
def test_pairs_of_bfloat16_give_the_product_of_rounded_factors(random, T, R, K, N, gap):
    b = normal(random, (K, N), "float32")
    whole = packed_pairs(b, R)
    check_product(random, (T, R, K, N), gap, whole, nearest_bfloat16(b), lambda rows: nearest_bfloat16(rows.copy()))
    for parts in (1, 3):
        result = packed_zeros(K, N, PAIRS)
        for part in range(parts):
            pack_transposed(np.ascontiguousarray(b.T), result, part, parts)
        assert np.array_equal(result.panels, whole.panels)


@pytest.mark.parametrize(("T", "R", "K", "N"), PAIR_PRODUCTS)
def test_pairs_of_bfloat16_give_the_same_bytes_in_place_and_however_rows_and_steps_are_cut(random, T, R, K, N):
    a, w = normal(random, (T, R, K), "float32"), packed_pairs(normal(random, (K, N), "float32"), R)
    start, ids = normal(random, (5, N), "float32"), random.integers(0, 5, (T, R)).astype("int32")
    check_cuts(a, w, start, ids)


@pytest.mark.parametrize(("T", "R", "K", "N"), PAIR_PRODUCTS)
def test_pairs_of_bfloat16_are_made_ahead_and_read_in_either_direction(random, T, R, K, N):
    a, w = normal(random, (T, R, K), "float32"), packed_pairs(normal(random, (K, N), "float32"), R)
    start, ids = normal(random, (5, N), "float32"), random.integers(0, 5, (T, R)).astype("int32")
    check_made_ahead(a, w, start, ids, 0)
    c, is_reversed = np.empty((2, T, R, N), "float32")
    matmul(a, w, start, ids, c, 0, R)
    matmul(a, w._replace(is_reversed=True), start, ids, is_reversed, 0, R)
    assert is_reversed.tobytes() == c.tobytes()


def test_a_nan_among_pairs_reaches_its_row_and_no_other(random):
    check_nan(random, packed_pairs(normal(random, (9, 21), "float32"), 2 * TALL), 2 * TALL, "float32")


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
@pytest.mark.skipif("NUMBA_CPU_NAME" in os.environ, reason="runs for another processor already")
def test_products_cells_and_gradients_of_a_processor_without_avx_512():
    chosen = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
    tests = Path(__file__).parent.parent
    command = [sys.executable, "-m", "pytest", "-q", __file__, tests / "cells"]
    # Two cells see all that depends on the processor; what one of them has seen needs no compiling for the other.
    command += ["-k", "not (rnn or leaky or peephole or lecture or resumed or gru and (drawn or bf16))"]
    options = {"env": os.environ | chosen, "capture_output": True, "text": True, "cwd": tests.parent}
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0, done.stdout
