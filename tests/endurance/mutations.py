"""Damage a checkpoint in every way that comes to mind, and load it: as before, or with our error.

``python -m endurance.mutations 20000`` in ``tests`` tries so many in one process.
"""

import argparse
import collections
import json
import math
import random
import tempfile
import time
import zlib
from pathlib import Path

from charrnn.errors import CharrnnError
from charrnn.kinds.header import model_of
from charrnn.models.language.parameters import LanguageParameters
from charrnn.starting import open_job
from charrnn.storage import checkpoint as format_of
from charrnn.storage.checkpoint import load_checkpoint, load_header, stored_shapes
from charrnn.training.events import StepDone
from endurance.runs import write_text

LONGEST_SECONDS = 5.0
MOST_MEMORY = 10**9
WORDS = (-1, 0, 1, 2**31, 2**63, 2**64, 10**30, 1e999, "x", "", None, True, [], {}, [[]], "\ud800", "\0")


def example(folder):
    """A run of a few steps, whose last checkpoint is later than its last evaluation."""
    options = {"hidden_size": 6, "num_layers": 2, "batch_size": 4, "seq_length": 8, "rng_seed": 0, "threads": 1}
    limits = {"steps": 4, "eval_every": 3, "save_every": 1}
    job = open_job([str(write_text(folder))], checkpoints=folder, **options, **limits)
    for event in job.events():
        if isinstance(event, StepDone) and event.step == 4:
            job.trainer.stop()
    assert "good" in load_header(job.run.last)
    return job.run


def read(path):
    """Read a checkpoint in every way; returns what of it matters."""
    load_header(path)
    stored_shapes(path)
    checkpoint = load_checkpoint(path)
    config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
    vector = LanguageParameters(config).load_tensors(checkpoint.tensors).vector.tobytes()
    return config, vocabulary, vector, json.dumps(checkpoint.header, sort_keys=True)


def resume(run):
    """Take a run up, as ``--resume`` does before the first step."""
    open_job(name=run.name, checkpoints=run.folder.parent, resume=True, threads=1).close()


def split(data):
    start = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:start]), data[start:]


def joined(entries, body):
    header = json.dumps(entries).encode()
    return len(header).to_bytes(8, "little") + header + body


def flip(data, dice):
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 16))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut(data, dice):
    return data[: dice.randrange(len(data))]


def pad(data, dice):
    return data + dice.randbytes(dice.choice((1, 8, 100)))


def remove(data, dice):
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.randint(1, 64) :]


def overwrite(data, dice):
    start = dice.randrange(len(data))
    noise = dice.randbytes(dice.randint(1, 64))
    return data[:start] + noise + data[start + len(noise) :]


def length(data, dice):
    new = dice.choice((0, 1, 2**24, 2**25 - 1, 2**32, 2**63, 2**64 - 1, dice.randrange(len(data) * 2)))
    return new.to_bytes(8, "little") + data[8:]


def offsets(data, dice):
    entries, body = split(data)
    one, other = dice.sample([name for name in entries if name != "__metadata__"], 2)
    field = dice.choice(("data_offsets", "shape", "dtype"))
    entries[one][field], entries[other][field] = entries[other][field], entries[one][field]
    return joined(entries, body)


def shape(data, dice):
    entries, body = split(data)
    entry = entries[dice.choice([name for name in entries if name != "__metadata__"])]
    entry["shape"] = [dice.choice((0, 1, 7, 2**20, 2**31, 2**40, 2**62, 2**64)) for _ in range(dice.randint(0, 4))]
    return joined(entries, body)


def field(data, dice):
    entries, body = split(data)
    place = entries[dice.choice(list(entries))]
    place[dice.choice([*place, "new"])] = dice.choice(WORDS)
    return joined(entries, body)


def signed_header(data, dice):
    """A change of the header by someone who knows how to compute its checksum."""
    entries, body = split(data)
    metadata = entries["__metadata__"]
    header = json.loads(metadata["header"])
    place = dice.choice([header, *(part for part in header.values() if isinstance(part, dict))])
    name = dice.choice([*place, "new"])
    place[name] = dice.choice((*WORDS, 3, 10**6, 10**9, 10**400, 0.5, "zyx", "aab"))
    metadata["header"] = json.dumps(header)
    return resigned(entries, body)


def signed_tensor(data, dice):
    """A change of the tensors by someone who knows how to compute their checksum."""
    entries, body = split(data)
    changed = bytearray(body)
    start = dice.randrange(len(changed) // 4) * 4
    changed[start : start + 4] = dice.choice((b"\0\0\xc0\x7f", b"\0\0\x80\xff", b"\0\0\x80\x7f"))  # NaN, -inf, inf
    return resigned(entries, bytes(changed))


def resigned(entries, body):
    checksum = 0
    for name in sorted(entries.keys() - {"__metadata__"}):
        checksum = zlib.crc32(body[slice(*entries[name]["data_offsets"])], checksum)
    entries["__metadata__"]["tensors_checksum"] = f"{checksum:08x}"
    return format_of.signed_header(entries) + body


DAMAGES = (flip, flip, flip, cut, pad, remove, overwrite, length, offsets, shape, field)
FORGERIES = (signed_header, signed_tensor)


def check(folder, count, seed=0, longest=math.inf):
    """Read so many damaged checkpoints; returns how often which damage was refused or not seen.

    Raises:
        AssertionError: one was read as something else, or took too long, or all together too much memory.
    """
    run = example(folder)
    path = run.last
    data, wanted = path.read_bytes(), read(path)
    dice, seen = random.Random(seed), collections.Counter()
    for number in range(count):
        damage = dice.choice(DAMAGES + FORGERIES)
        path.write_bytes(damage(data, dice))
        began = time.monotonic()
        try:
            same = read(path) == wanted
            if damage in FORGERIES:  # what is damaged by chance has been refused by now, or is as before
                resume(run)
        except CharrnnError as error:
            lines = str(error).count("\n")
            seen[f"{damage.__name__} refused"] += 1
        else:
            lines = 0
            assert same or damage in FORGERIES, (number, damage.__name__)
            seen[f"{damage.__name__} read"] += 1
        assert lines == 0, (number, damage.__name__)
        assert time.monotonic() - began < longest, (number, damage.__name__)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seen = check(Path(folder), given.count, given.seed, LONGEST_SECONDS)
    import resource  # not on Windows, where only the mutations themselves are tested

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for name, times in sorted(seen.items()):
        print(f"{times:7,} {name}")
    print(f"{given.count:,} in {time.monotonic() - began:.0f} s, peak memory {peak / 1e6:.0f} MB")
    assert peak < MOST_MEMORY


if __name__ == "__main__":
    main()
