import math
import mmap
from pathlib import Path

import numpy as np
import pytest

from charrnn.errors import ConfigError, CorpusError
from charrnn.text.windows import Windows, fit

SHAPES = [(2, 1, 1), (11, 2, 5), (101, 4, 8), (100, 7, 3), (100, 1, 1000), (1000, 10, 33), (65, 64, 9), (130, 3, 1)]


def numbered(N):
    return np.arange(N, dtype=np.int32)


@pytest.mark.parametrize(("N", "B", "T"), SHAPES)
def test_windows_joined_are_the_streams(N, B, T):
    ids = numbered(N)
    windows = Windows(ids, B, T)
    m = (N - 1) // B
    x, y = (np.concatenate(arrays) for arrays in zip(*windows, strict=True))
    for b in range(B):
        stream = ids[b * m : (b + 1) * m + 1]
        assert x[:, b].tolist() == stream[:-1].tolist()
        assert y[:, b].tolist() == stream[1:].tolist()
    assert windows.steps == m
    assert windows.characters == m * B == x.size


@pytest.mark.parametrize(("N", "B", "T"), SHAPES)
def test_window_lengths_are_balanced(N, B, T):
    windows = Windows(numbered(N), B, T)
    lengths = [len(x) for x, _ in windows]
    assert len(windows) == len(lengths) == math.ceil(windows.steps / T)
    assert max(lengths) <= T
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(("B", "T"), [(1, 5), (5, 1), (4, 6)])
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_arrays_are_contiguous_int32_copies(B, T, dtype):
    ids = numbered(100).astype(dtype)
    for array in Windows(ids, B, T)[0]:
        assert array.dtype == np.int32
        assert array.flags.c_contiguous
        assert not np.shares_memory(array, ids)


def test_any_window_can_be_had_alone():
    windows = Windows(numbered(50), 3, 5)
    everything = list(windows)
    for i in range(-len(windows), len(windows)):
        for alone, in_turn in zip(windows[i], everything[i], strict=True):
            assert np.array_equal(alone, in_turn)
    with pytest.raises(IndexError):
        windows[len(windows)]


@pytest.mark.parametrize(("length", "context"), [(4, 3), (2, 7), (5, 0), (3, 40)])
def test_with_a_context_windows_overlap_and_their_own_steps_do_not(length, context):
    windows, plain = Windows(numbered(62), 3, length, context), Windows(numbered(62), 3, length)
    for i, (own, _) in enumerate(plain):
        x, y = windows[i]
        assert windows.burn_in(i) == min(context, windows.steps * i // len(windows))
        assert np.array_equal(x[windows.burn_in(i) :], own)
        assert np.array_equal(y[:-1], x[1:])
        assert x[0, 0] == windows.start(i)


def test_the_ids_are_not_copied():
    ids = numbered(10)
    windows = Windows(ids, 1, 4)
    ids[:] = 7
    assert windows[0][0].tolist() == [[7], [7], [7]]


def test_too_few_ids():
    assert len(Windows(numbered(5), 4, 3)) == 1
    with pytest.raises(CorpusError, match="4 streams need at least 5 characters, not 4"):
        Windows(numbered(4), 4, 3)
    with pytest.raises(CorpusError, match="at least 2 characters, not 0"):
        Windows(numbered(0), 1, 1)


@pytest.mark.parametrize(("streams", "length"), [(0, 5), (5, 0), (-1, 1)])
def test_streams_and_length_are_at_least_one(streams, length):
    with pytest.raises(ConfigError, match=f"at least 1, not {streams} and {length}"):
        Windows(numbered(100), streams, length)
    with pytest.raises(ConfigError, match=f"at least 1, not {streams} and {length}"):
        fit(100, streams, length)


@pytest.mark.parametrize(
    ("N", "streams", "length", "fitted"),
    [
        (1000, 10, 20, (10, 20)),
        (201, 10, 20, (10, 20)),
        (200, 10, 20, (9, 20)),
        (41, 10, 20, (2, 20)),
        (40, 10, 20, (1, 20)),
        (20, 10, 20, (1, 19)),
        (2, 10, 20, (1, 1)),
    ],
)
def test_fit_shrinks_the_streams_first(N, streams, length, fitted):
    assert fit(N, streams, length) == fitted
    x, _ = Windows(numbered(N), *fitted)[0]
    assert x.shape[1] == fitted[0]


@pytest.mark.parametrize("N", [0, 1])
def test_fit_needs_two_characters(N):
    with pytest.raises(CorpusError, match=f"at least two characters, not {N}"):
        fit(N, 4, 4)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what is mapped")
def test_a_mapped_text_takes_no_more_memory_the_more_of_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("charrnn.text.windows.MOST_MAPPED_IDS", 1 << 20)
    size = 1 << 27
    with (tmp_path / "ids").open("wb") as file:
        file.truncate(size)
    ids = np.asarray(np.memmap(tmp_path / "ids", np.uint8, "r"))

    def mapped():
        return int(Path("/proc/self/statm").read_text().split()[2]) * mmap.PAGESIZE

    before = mapped()
    assert max(mapped() for _ in Windows(ids, 4, 1 << 14)) - before < size / 4  # a system may map 2 MiB at a time


@pytest.mark.parametrize(
    ("characters", "streams", "length", "context"), [(100, 3, 10, 0), (27, 2, 12, 0), (100, 3, 10, 7), (30, 2, 1, 40)]
)
def test_the_longest_window(characters, streams, length, context):
    windows = Windows(np.arange(characters), streams, length, context)
    assert windows.longest >= max(len(x) for x, _ in windows) >= windows.longest - context
    if not context:
        assert windows.longest == max(len(x) for x, _ in windows)
