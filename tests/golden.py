"""Golden files: small checkpoints of every cell and kind of model, and what is computed with them.

They were written by an earlier version, and are what a later one must still compute. ``python -m golden`` in ``tests``
writes them anew to ``data/golden``, which is right only where results are meant to change. ``python -m golden digest``
prints a hash of every result, to the last bit: it shows on one machine whether two versions compute the same.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

import charrnn
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

FOLDER = Path(__file__).parent / "data" / "golden"
RESULTS = FOLDER / "results.json"

TEXT = "a cat sat on a mat.\nthe rat ate that hat.\nten tea cans at noon.\n" * 12
OTHER = "the cat ate ten mats at noon.\na hat sat on the rat.\n"
SEED = "the "

STEPS, FURTHER = 40, 20
"""Updates before the checkpoint, and from there on."""

SMALL = {
    "hidden_size": 6,
    "embedding_size": 4,
    "batch_size": 4,
    "seq_length": 8,
    "threads": 1,
    "warmup_steps": 5,
    "plan": False,
    "preview": False,
}
COUNTED = {"threads": 1, "preview": False, "model": "ngram", "order": 3}

CASES = {
    **{
        f"cell-{cell}": SMALL | {"cell": cell, "optimizer": optimizer}
        for cell, optimizer in (
            ("lstm", "adam"),
            ("lstm-peephole", "rmsprop"),
            ("gru", "adam"),
            ("gru-lecture", "adagrad"),
            ("rnn", "sgd"),
            ("rnn-relu", "adam"),
            ("leaky", "adam"),
            ("leaky-fixed", "adam"),
        )
    },
    "one-hot": SMALL | {"embedding_size": 0, "weight_decay": 0.01, "clip_value": 0.1},
    "tied": SMALL | {"tie_embedding": True, "embedding_size": 6, "schedule": "cosine"},
    "stacked": SMALL
    | {"num_layers": 2, "skip_connections": True, "dropout": 0.2, "learn_initial_state": True, "seq_length": 9}
    | {"update_every": 4},
    "documents": SMALL | {"cell": "gru", "documents": "line", "learn_initial_state": True},
    "bytes": SMALL | {"as_bytes": True, "recurrent_init": "orthogonal"},
    "float64": SMALL | {"precision": "float64", "schedule": "step", "decay_every": 0.5},
    "tdnn": SMALL | {"model": "tdnn", "context_size": 3},
    "kneser-ney": COUNTED,
    "witten-bell": COUNTED | {"smoothing": "witten-bell"},
}

NOISE = 1e-4
"""Relative change of all numbers of a model that must not change what is sampled."""


def train(folder, **options):
    """Train to the end; returns the last checkpoint."""
    (folder / "text.txt").write_text(TEXT, newline="")
    for _ in charrnn.train(folder / "text.txt", name="run", checkpoints=folder, **options):
        pass
    return folder / "run" / "last.safetensors"


def train_on(folder, case):
    """Train from a golden checkpoint on; returns the last checkpoint."""
    (folder / "run").mkdir()
    (folder / "run" / "last.safetensors").write_bytes((FOLDER / f"{case}.safetensors").read_bytes())
    return train(folder, resume=True, threads=1, preview=False, steps=STEPS + FURTHER)


def sample(path, rng_seed):
    """The most probable text, and one at random."""
    model = charrnn.load(path, threads=1)
    return [model.sample(SEED, length=24, rng_seed=rng_seed, temperature=t) for t in (0, 0.7)]


def scores(path):
    """Bits of each character of another text, and their mean after dynamic evaluation where the model can learn."""
    model = charrnn.load(path, threads=1)
    bits = [round(float(each), 7) for each in model.score(OTHER, unknown="skip").bits if np.isfinite(each)]
    if model.config.kind.documents:
        bits.append(model.score(OTHER, unknown="skip", dynamic=True).bits_per_character)
    return bits


def sums(path):
    """Of each tensor of a checkpoint, two sums that nearly any change of it changes."""
    tensors = load_checkpoint(path).tensors
    flat = {name: np.asarray(tensor, np.float64).reshape(-1) for name, tensor in sorted(tensors.items())}
    return {name: [float(np.abs(v).sum()), float(v @ np.cos(np.arange(len(v))))] for name, v in flat.items()}


def has_margin(path, folder, rng_seed):
    """Whether what is sampled stays the same when all numbers change a little."""
    wanted, checkpoint, random = sample(path, rng_seed), load_checkpoint(path), np.random.default_rng(0)
    for number in range(6):
        tensors = {
            name: (t * (1 + NOISE * random.uniform(-1, 1, t.shape))).astype(t.dtype) if t.dtype.kind == "f" else t
            for name, t in checkpoint.tensors.items()
        }
        save_checkpoint(folder / f"noisy{number}.safetensors", Checkpoint(tensors, checkpoint.header))
        if sample(folder / f"noisy{number}.safetensors", rng_seed) != wanted:
            return False
    return True


def write(case, options):
    """Write a golden checkpoint; returns what is computed with it."""
    path = FOLDER / f"{case}.safetensors"
    with tempfile.TemporaryDirectory() as folder:
        limit = {} if options.get("model") == "ngram" else {"steps": STEPS}
        path.write_bytes(train(Path(folder), **options, **limit).read_bytes())
        rng_seed = next(seed for seed in range(100) if has_margin(path, Path(folder), seed))
    result = {"rng_seed": rng_seed, "samples": sample(path, rng_seed), "scores": scores(path)}
    if limit:
        with tempfile.TemporaryDirectory() as folder:
            result["sums"] = sums(train_on(Path(folder), case))
    return result


def digest(case):
    """A hash of all that is computed, to the last bit."""
    path, found = FOLDER / f"{case}.safetensors", hashlib.sha256()
    found.update(repr((sample(path, 0), scores(path))).encode())
    if "sums" in json.loads(RESULTS.read_text())[case]:
        with tempfile.TemporaryDirectory() as folder:
            found.update(train_on(Path(folder), case).read_bytes())
    return found.hexdigest()[:16]


def main():
    if sys.argv[1:] == ["digest"]:
        for case in CASES:
            print(case, digest(case), flush=True)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    results = {case: write(case, options) for case, options in CASES.items()}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
