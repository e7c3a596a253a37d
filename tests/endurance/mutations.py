"""Damage a checkpoint in every way that comes to mind, and load it: as before, or with our error.

``python -m endurance.mutations 20000`` in ``tests`` tries so many in one process.
"""

import argparse
import collections
import json
import random
import resource
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.model.config import ModelConfig
from charrnn.model.header import header_of, model_of
from charrnn.model.parameters import Parameters
from charrnn.storage import checkpoint as format_of
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, load_header, save_checkpoint, tensor_shapes
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.progress import Progress

LONGEST_SECONDS = 5.0
MOST_MEMORY = 10**9
WORDS = (-1, 0, 1, 2**31, 2**63, 2**64, 10**30, 1e999, "x", "", None, True, [], {}, [[]], "\ud800", "\0")


def example() -> Checkpoint:
    vocabulary = Vocabulary("\n abcdé☃")
    config = ModelConfig(vocab_size=len(vocabulary), hidden_size=6, num_layers=2)
    tensors = Parameters(config).initialise(0).to_tensors()
    header = header_of(config, vocabulary) | {"progress": Progress(step=7).to_dict(), "epoch": 0.5}
    return Checkpoint(tensors | {"optimizer.first_moment": np.zeros(50, np.float32)}, header)


def read(path: Path) -> tuple:
    """Read a checkpoint in every way; returns what of it matters."""
    load_header(path)
    tensor_shapes(path)
    checkpoint = load_checkpoint(path)
    config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
    Progress.from_dict(checkpoint.header["progress"]) if "progress" in checkpoint.header else None
    vector = Parameters(config).load_tensors(checkpoint.tensors).vector.tobytes()
    return config, vocabulary, vector, json.dumps(checkpoint.header, sort_keys=True)


def split(data: bytes) -> tuple[dict, bytes]:
    start = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:start]), data[start:]


def joined(entries: dict, body: bytes) -> bytes:
    header = json.dumps(entries).encode()
    return len(header).to_bytes(8, "little") + header + body


def flip(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 16))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def pad(data: bytes, dice: random.Random) -> bytes:
    return data + dice.randbytes(dice.choice((1, 8, 100)))


def remove(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.randint(1, 64) :]


def overwrite(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    noise = dice.randbytes(dice.randint(1, 64))
    return data[:start] + noise + data[start + len(noise) :]


def length(data: bytes, dice: random.Random) -> bytes:
    new = dice.choice((0, 1, 2**24, 2**25 - 1, 2**32, 2**63, 2**64 - 1, dice.randrange(len(data) * 2)))
    return new.to_bytes(8, "little") + data[8:]


def offsets(data: bytes, dice: random.Random) -> bytes:
    entries, body = split(data)
    one, other = dice.sample([name for name in entries if name != "__metadata__"], 2)
    field = dice.choice(("data_offsets", "shape", "dtype"))
    entries[one][field], entries[other][field] = entries[other][field], entries[one][field]
    return joined(entries, body)


def shape(data: bytes, dice: random.Random) -> bytes:
    entries, body = split(data)
    entry = entries[dice.choice([name for name in entries if name != "__metadata__"])]
    entry["shape"] = [dice.choice((0, 1, 7, 2**20, 2**31, 2**40, 2**62, 2**64)) for _ in range(dice.randint(0, 4))]
    return joined(entries, body)


def field(data: bytes, dice: random.Random) -> bytes:
    entries, body = split(data)
    place = entries[dice.choice(list(entries))]
    place[dice.choice([*place, "new"])] = dice.choice(WORDS)
    return joined(entries, body)


def signed_header(data: bytes, dice: random.Random) -> bytes:
    """A change of the header by someone who knows how to compute its checksum."""
    entries, body = split(data)
    metadata = entries["__metadata__"]
    header = json.loads(metadata["header"])
    place = dice.choice([header, header["config"], header["vocabulary"], header["progress"]])
    name = dice.choice([*place, "new"])
    place[name] = dice.choice((*WORDS, 3, 10**6, 10**9, 0.5, "zyx", "aab"))
    metadata["header"] = json.dumps(header)
    return resigned(entries, body)


def signed_tensor(data: bytes, dice: random.Random) -> bytes:
    """A change of the tensors by someone who knows how to compute their checksum."""
    entries, body = split(data)
    changed = bytearray(body)
    start = dice.randrange(len(changed) // 4) * 4
    changed[start : start + 4] = dice.choice((b"\0\0\xc0\x7f", b"\0\0\x80\xff", b"\0\0\x80\x7f"))  # NaN, -inf, inf
    return resigned(entries, bytes(changed))


def resigned(entries: dict, body: bytes) -> bytes:
    checksum = 0
    for name in sorted(entries.keys() - {"__metadata__"}):
        checksum = zlib.crc32(body[slice(*entries[name]["data_offsets"])], checksum)
    entries["__metadata__"]["tensors_checksum"] = f"{checksum:08x}"
    return format_of._signed_header(entries) + body


DAMAGES = (flip, flip, flip, cut, pad, remove, overwrite, length, offsets, shape, field)
FORGERIES = (signed_header, signed_tensor)


def check(folder: Path, count: int, seed: int = 0) -> collections.Counter:
    """Read so many damaged checkpoints; returns how often which damage was refused or not seen.

    Raises:
        AssertionError: one was read as something else, or took too long, or all together too much memory.
    """
    original, path = folder / "original.safetensors", folder / "damaged.safetensors"
    save_checkpoint(original, example())
    data, wanted = original.read_bytes(), read(original)
    dice, seen = random.Random(seed), collections.Counter()
    for number in range(count):
        damage = dice.choice(DAMAGES + FORGERIES)
        path.write_bytes(damage(data, dice))
        began = time.monotonic()
        try:
            same = read(path) == wanted
        except CheckpointError as error:
            lines = str(error).count("\n")
            seen[f"{damage.__name__} refused"] += 1
        else:
            lines = 0
            assert same or damage in FORGERIES, (number, damage.__name__)
            seen[f"{damage.__name__} read"] += 1
        assert lines == 0, (number, damage.__name__)
        assert time.monotonic() - began < LONGEST_SECONDS, (number, damage.__name__)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seen = check(Path(folder), given.count, given.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for name, times in sorted(seen.items()):
        print(f"{times:7,} {name}")
    print(f"{given.count:,} in {time.monotonic() - began:.0f} s, peak memory {peak / 1e6:.0f} MB")
    assert peak < MOST_MEMORY


if __name__ == "__main__":
    main()
