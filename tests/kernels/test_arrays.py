import pytest

from charrnn.kernels.arrays import ALIGNMENT, PAGE, aligned_zeros, padded, row_stride

itemsizes = pytest.mark.parametrize("itemsize", [4, 8])


@itemsizes
def test_padded_is_the_next_multiple_of_a_line(itemsize):
    line = 64 // itemsize
    assert [padded(n, itemsize) for n in (0, 1, line - 1, line, line + 1, 3 * line)] == [
        0, line, line, line, 2 * line, 3 * line
    ]  # fmt: skip


@itemsizes
def test_row_stride_is_padded_but_never_whole_pages(itemsize):
    for columns in range(1, 3 * PAGE // itemsize):
        stride, least = row_stride(columns, itemsize), padded(columns, itemsize)
        assert stride * itemsize % ALIGNMENT == 0
        assert stride * itemsize % PAGE != 0
        assert stride == least or (stride == least + ALIGNMENT // itemsize and least * itemsize % PAGE == 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [0, 1, 17, (1, 1), (3, 5), (2, 0, 3), (4, 1, 9)])
def test_aligned_zeros(shape, dtype):
    arrays = [aligned_zeros(shape, dtype) for _ in range(5)]
    for array in arrays:
        assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.ctypes.data % ALIGNMENT == 0 or array.size == 0
        assert not array.any()
        array[...] = 1
    assert all((array == 1).all() for array in arrays)
