import json
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from waiting import until

from charrnn.errors import CheckpointError, RunError
from charrnn.storage.atomic import leftovers
from charrnn.storage.checkpoint import (
    FORMAT,
    FORMAT_VERSION,
    LARGEST_HEADER,
    MOST_TENSORS,
    Checkpoint,
    load_checkpoint,
    load_header,
    save_checkpoint,
    stored_shapes,
)

READERS = [load_checkpoint, load_header, stored_shapes]

SAVE_FOREVER = """
import itertools, sys
from pathlib import Path
import numpy as np
from charrnn.storage.checkpoint import Checkpoint, save_checkpoint

for step in itertools.count():
    tensors = {name: np.full(1 << 20, step, np.int64) for name in ("first", "second")}
    save_checkpoint(Path(sys.argv[1]), Checkpoint(tensors, {"step": step}))
"""

SAVE_WITHOUT_SPACE = """
import resource, sys
from pathlib import Path
import numpy as np
from charrnn.errors import RunError
from charrnn.storage.checkpoint import Checkpoint, save_checkpoint

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    save_checkpoint(Path(sys.argv[1]), Checkpoint({"large": np.zeros(4096)}, {}))
except RunError as error:
    print(error)
"""


def example():
    rng = np.random.default_rng(1)
    tensors = {
        "rnn.weight_ih_l0": rng.standard_normal((8, 3), dtype=np.float32),
        "adam.m": rng.standard_normal(5),
        "random.state": rng.integers(0, 2**64, 4, dtype=np.uint64, endpoint=False),
        "position": np.array(7, np.int64),
        "empty": np.zeros((0, 3), np.float32),
        "flags": np.array([True, False]),
    }
    header = {"config": {"cell": "lstm", "hidden_size": 2}, "vocabulary": ["\n", "é", "\ud800", "🎵"], "best": None}
    return Checkpoint(tensors, header)


def saved(folder):
    path = folder / "last.safetensors"
    save_checkpoint(path, example())
    return path


def assert_same(got, wanted):
    assert got.header == wanted.header
    assert sorted(got.tensors) == sorted(wanted.tensors)
    for name, array in wanted.tensors.items():
        assert got.tensors[name].dtype == array.dtype
        assert got.tensors[name].shape == array.shape
        assert got.tensors[name].tobytes() == array.tobytes()


def write_raw(path, header, data=b""):
    """A safetensors file with any header, sane or not."""
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def assert_refused(path, wanted):
    for reader in READERS:
        with pytest.raises(CheckpointError) as caught:
            reader(path)
        message = str(caught.value)
        assert wanted in message
        assert str(path) in message
        assert "\n" not in message


def test_what_is_loaded_is_what_was_saved(tmp_path):
    assert_same(load_checkpoint(saved(tmp_path)), example())


def test_loaded_arrays_can_be_written_to(tmp_path):
    for array in load_checkpoint(saved(tmp_path)).tensors.values():
        array[...] = 0


def test_arrays_in_any_memory_order_are_saved_as_they_read(tmp_path):
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    tensors = {"columns": base[:, ::2], "transposed": base.T, "backwards": base[::-1], "swapped": base.astype(">f4")}
    path = tmp_path / "file"
    save_checkpoint(path, Checkpoint(tensors, {}))
    loaded = load_checkpoint(path).tensors
    for name, array in tensors.items():
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_saved(tmp_path, value):
    path = saved(tmp_path)
    for checkpoint in (Checkpoint({"a": np.array([1, value])}, {}), Checkpoint({}, {"best_bpc": value})):
        with pytest.raises(ValueError, match=r"not finite|not JSON compliant"):
            save_checkpoint(path, checkpoint)
    assert_same(load_checkpoint(path), example())


def test_what_is_not_finite_is_refused(tmp_path):
    path = tmp_path / "file"
    version_1 = {"format": FORMAT, "format_version": "1", "header": "{}"}
    save_file({"a": np.array([1, np.nan])}, path, version_1)
    with pytest.raises(CheckpointError, match="tensor a is not finite"):
        load_checkpoint(path)


def test_a_checkpoint_may_hold_nothing(tmp_path):
    path = tmp_path / "file"
    save_checkpoint(path, Checkpoint({}, {}))
    assert load_checkpoint(path) == Checkpoint({}, {})


def test_other_programs_can_read_the_tensors(tmp_path):
    loaded = load_file(saved(tmp_path))
    assert_same(Checkpoint(loaded, {}), Checkpoint(example().tensors, {}))


def test_tensors_start_aligned_in_the_file(tmp_path):
    assert int.from_bytes(saved(tmp_path).read_bytes()[:8], "little") % 8 == 0


def test_equal_content_gives_equal_bytes(tmp_path):
    path, names = tmp_path / "file", ["a", "bb", "ccc"]
    contents = set()
    for order in [names, names[::-1]] * 10:
        tensors = {name: np.full(3, len(name), np.float32) for name in order}
        save_checkpoint(path, Checkpoint(tensors, {name: len(name) for name in order}))
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_the_header_is_read_alone(tmp_path):
    assert load_header(saved(tmp_path)) == example().header


def test_shapes_and_dtypes_are_read_alone(tmp_path):
    assert stored_shapes(saved(tmp_path)) == {
        "adam.m": ((5,), "F64"),
        "empty": ((0, 3), "F32"),
        "flags": ((2,), "BOOL"),
        "position": ((), "I64"),
        "random.state": ((4,), "U64"),
        "rnn.weight_ih_l0": ((8, 3), "F32"),
    }


def test_header_and_shapes_read_no_tensors(tmp_path):
    path, size = tmp_path / "file", 1 << 22
    save_checkpoint(path, Checkpoint({"a": np.zeros(size, np.uint8)}, {}))

    def peak(read):
        tracemalloc.start()
        read(path)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    assert peak(load_checkpoint) >= size
    assert peak(load_header) < size / 10
    assert peak(stored_shapes) < size / 10


def test_saving_replaces_the_older_checkpoint(tmp_path):
    path = saved(tmp_path)
    save_checkpoint(path, Checkpoint({}, {"step": 2}))
    assert load_checkpoint(path) == Checkpoint({}, {"step": 2})
    assert list(tmp_path.iterdir()) == [path]


def test_a_header_that_is_not_json_leaves_the_older_checkpoint(tmp_path):
    path = saved(tmp_path)
    with pytest.raises(TypeError):
        save_checkpoint(path, Checkpoint({}, {"set": {1}}))
    assert_same(load_checkpoint(path), example())


def test_a_checkpoint_that_cannot_be_written_is_a_run_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "last.safetensors"
    with pytest.raises(RunError) as caught:
        save_checkpoint(path, example())
    assert str(caught.value) == (f"cannot write {path}: Not a directory; choose another folder with --checkpoints")


def test_running_out_of_space_leaves_the_older_checkpoint(tmp_path):
    pytest.importorskip("resource")  # missing on Windows
    path = saved(tmp_path)
    child = subprocess.run(
        [sys.executable, "-c", SAVE_WITHOUT_SPACE, path], check=True, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.startswith(f"cannot write {path}: File too large; free some space")
    assert_same(load_checkpoint(path), example())
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_refused(tmp_path):
    assert_refused(tmp_path / "missing.safetensors", "No such file")


def test_a_folder_is_refused(tmp_path):
    assert_refused(tmp_path, "it is a folder")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no devices of this kind")
def test_a_device_is_refused():
    assert_refused(Path("/dev/null"), "not a regular file")


def test_a_name_that_the_system_refuses_is_refused(tmp_path):
    assert_refused(tmp_path / ("long" * 100), "File name too long")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x02",
        b"To be, or not to be\n" * 50,
        np.random.default_rng(0).bytes(1000),
        b"\xff" * 8 + b"{}",
        (2**40).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
    ],
    ids=["empty", "one byte", "text", "random", "length 2^64-1", "length 2^40", "a list", "a deep list"],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert_refused(path, "is not a checkpoint of charrnn, or is damaged")


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}], ids=["none", "empty", "pt"])
def test_a_safetensors_file_of_another_program_is_refused(tmp_path, metadata):
    path = tmp_path / "file"
    save_file({"a": np.zeros(3)}, path, metadata)
    assert_refused(path, "another program wrote it")


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    newer = {"format": FORMAT, "format_version": str(FORMAT_VERSION + 1), "header": "{}"}
    assert_refused(write_raw(tmp_path / "file", {"__metadata__": newer}), "format 3, this charrnn reads up to format 2")
    assert_refused(write_raw(tmp_path / "file", {"__metadata__": newer}), "upgrade charrnn-cpu")


@pytest.mark.parametrize(
    "change",
    [
        {"header": "{"},
        {"header": "[]"},
        {"header": "[" * 100_000},
        {"header": None},
        {"format_version": "one"},
        {"format_version": "0"},
        {"format_version": "9" * 5000},
        {"format_version": None},
    ],
    ids=["half", "a list", "a deep list", "no header", "a word", "version 0", "a long version", "no version"],
)
def test_a_broken_header_is_refused(tmp_path, change):
    fields = {"format": FORMAT, "format_version": "1", "header": "{}"} | change
    metadata = {key: value for key, value in fields.items() if value is not None}
    assert_refused(write_raw(tmp_path / "file", {"__metadata__": metadata}), "its header is broken")


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [("BF16", [2], 4), ("F8_E4M3", [4], 4), ("F32", [0, 2**62], 0), ("F32", [1] * 100, 4)],
    ids=["bf16", "f8", "huge", "100 axes"],
)
def test_a_tensor_that_numpy_cannot_hold_is_refused(tmp_path, dtype, shape, size):
    metadata = {"format": FORMAT, "format_version": "1", "header": "{}"}
    tensor = {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}
    path = write_raw(tmp_path / "file", {"__metadata__": metadata, "a": tensor}, bytes(size))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = saved(tmp_path)
    content = path.read_bytes()
    for size in range(0, len(content), 3):
        path.write_bytes(content[:size])
        with pytest.raises(CheckpointError):
            load_checkpoint(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def refuses(reader, path):
    try:
        reader(path)
    except CheckpointError:
        return True
    return False


def test_a_flipped_bit_raises_a_checkpoint_error_or_nothing(tmp_path):
    path = saved(tmp_path)
    content = path.read_bytes()
    refused = 0
    for position in range(0, len(content), 3):
        flipped = bytearray(content)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        refused += sum(refuses(reader, path) for reader in READERS)
    assert 0 < refused < len(content)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_killed_while_saving_leaves_a_whole_checkpoint(tmp_path):
    path = tmp_path / "last.safetensors"
    struck = 0
    while struck < 3:
        child = subprocess.Popen([sys.executable, "-c", SAVE_FOREVER, path])
        until(lambda child=child: child.poll() is not None or (path.exists() and leftovers(path)), pause=0)
        assert child.poll() is None
        child.kill()
        assert child.wait() == -signal.SIGKILL
        struck += bool(leftovers(path))
        loaded = load_checkpoint(path)
        for array in loaded.tensors.values():
            np.testing.assert_array_equal(array, np.full(1 << 20, loaded.header["step"]))
        for leftover in leftovers(path):
            leftover.unlink()
        path.unlink()


def test_files_of_format_1_are_read_for_ever():
    old = load_checkpoint(Path(__file__).parent / "old" / "version1.safetensors")
    assert old.header["config"]["hidden_size"] == 2
    assert old.header["progress"]["step"] == 4
    assert "seconds" not in old.header["progress"]
    assert old.tensors["rnn.weight_hh_l0"].shape == (8, 2)


def test_a_header_longer_than_the_file_or_than_any_of_ours_takes_no_memory(tmp_path):
    path = tmp_path / "file"
    for length in (LARGEST_HEADER + 1, 2**40):
        with path.open("wb") as file:
            file.write(length.to_bytes(8, "little"))
            file.truncate(8 + 2 * LARGEST_HEADER)
        assert_refused(path, f"its header would be {length:,} bytes long")


def test_a_file_of_more_tensors_than_any_of_ours_is_refused_before_they_are_read(tmp_path):
    entry = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    entries = {str(number): entry for number in range(MOST_TENSORS)}
    metadata = {"__metadata__": {"format": "charrnn"}}
    assert_refused(write_raw(tmp_path / "file", metadata | entries), "its header is broken")
    more = write_raw(tmp_path / "file", metadata | entries | {"one more": entry})
    assert_refused(more, f"it holds {MOST_TENSORS + 1:,} tensors")


def test_what_has_changed_since_it_was_written_is_refused(tmp_path):
    path = saved(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="its tensors have changed since they were written"):
        load_checkpoint(path)
    path.write_bytes(content.replace(b"hidden_size", b"hidden_sizf"))
    assert_refused(path, "its header has changed since it was written")
    path.write_bytes(content.replace(b'"checksum"', b'"checksun"'))
    assert_refused(path, "its checksums are missing")
