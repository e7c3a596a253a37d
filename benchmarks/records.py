"""Our losses beside published ones: one network, the network with counts, and the same model as it adapts.

Each model learns the first part of a text and is measured on the last, as in the literature. No column counts
characters that chose something: a mixture is measured in two folds, each half of the last part with the weights that
the other half has taught, and so is the model that adapts, which reads all of the part. Its rate is charrnn's default,
not the one that a run has chosen on a part of these characters.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared import command
from benchmarks.shared.output import replace_part, table
from charrnn.api import Model
from charrnn.models.mixture.combine import learn_gates
from charrnn.models.mixture.learning import observe
from charrnn.models.mixture.network import Mixture
from charrnn.scoring.defaults import Adaptation
from charrnn.scoring.score import Losses
from charrnn.storage.trained_on import data_parts_of
from charrnn.training.dynamic import DynamicReader
from charrnn.workers import available_threads


@dataclass(frozen=True)
class Published:
    """A published loss.

    Attributes:
        nats: a character.
        what: the model.
        source: where it is published.
        adaptive: whether the model adapts to the text that it is measured on.
    """

    nats: float
    what: str
    source: str
    adaptive: bool = False


PUBLISHED = {
    "tinyshakespeare.txt": (
        Published(1.4697, "nanoGPT, 10.7 M parameters, 3 minutes of an A100", "https://github.com/karpathy/nanoGPT"),
    ),
    "enwik8": (
        Published(
            1.08 * math.log(2),
            "multiplicative LSTM, dynamic evaluation",
            "Krause et al. 2018, https://arxiv.org/abs/1709.07432",
            adaptive=True,
        ),
    ),
}
"""By the name of the text's file. A prefix of enwik8 is comparable with no figure of the whole."""

VAL_FRACTIONS = {"enwik8": 0.05}
"""The last part of a text, where the literature's is not a tenth."""


@dataclass(frozen=True)
class Record:
    """What a run has reached, in nats for each character of the last part."""

    text: str
    minutes: float
    rng_seed: int
    network: float
    mixture: float
    adaptive: float | None


def measured(text: Path, minutes: float, rng_seed: int, threads: int, *, frozen: bool = False) -> Record:
    """Train on a text and measure the three models; without the one that adapts if ``frozen``."""
    fraction = VAL_FRACTIONS.get(text.name, 0.1)
    with tempfile.TemporaryDirectory() as folder:
        words = ["train", str(text), "--minutes", str(minutes), "--rng-seed", str(rng_seed), "--threads", str(threads)]
        words += [
            "--val-fraction",
            str(fraction),
            "--checkpoints",
            folder,
            "--name",
            "record",
            "--json",
            "--no-preview",
        ]
        run = subprocess.run([sys.executable, "-m", "charrnn", *words], stdout=subprocess.PIPE, text=True, check=True)
        events: list[dict[str, Any]] = [json.loads(line) for line in run.stdout.splitlines()]
        best = Path(folder) / "record" / "best.safetensors"
        mixed = best.with_name("mixture.safetensors")
        network = next(one["best_val_bpc"] for one in reversed(events) if "best_val_bpc" in one) * math.log(2)
        mixture = next((one["mixed_nats"] for one in events if "mixed_nats" in one), network)
        adaptive = None
        if not frozen:
            model = Model.load(mixed if mixed.exists() else best, threads=threads)
            parts = data_parts_of(best)
            assert parts, "the run has its text"
            adaptive = adaptive_nats(model, np.asarray(parts[1]))
    return Record(text.name, minutes, rng_seed, network, min(mixture, network), adaptive)


def adaptive_nats(model: Model, ids: Any) -> float:
    """Nats a character of a text while the model adapts to it, in two folds if it is a mixture."""
    network: Any = model._network
    if not isinstance(network, Mixture):
        return float(losses_of(model, network, ids).mean())
    observed = [observe(member, ids) for member in network.members]
    logprobs, entropies = (np.array(arrays) for arrays in zip(*observed, strict=True))
    half = (len(ids) - 1) // 2
    total = 0.0
    for taught, counted in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        own, begins = (logprobs[:, taught], entropies[:, taught]), taught.start or 0
        read = ids[begins : begins + own[0].shape[1] + 1]
        gate, cache_gate = learn_gates(*own, read, network.config.vocab_size, network.workers)
        fold = Mixture(network.config, network.members, gate, network.workers, cache_gate)
        total += float(losses_of(model, fold, ids)[counted].sum())
    return total / (len(ids) - 1)


def losses_of(model: Model, network: Any, ids: Any) -> Losses:
    """The losses of all ids but the first."""
    losses, _ = DynamicReader(model.config.kind.adapting(network, Adaptation())).read(ids.astype(np.int32))
    return losses[1:]


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("records", __doc__ or "")
    parser.add_argument("texts", type=Path, nargs="+", metavar="TEXT", help="UTF-8; its last part is scored")
    parser.add_argument("--minutes", default="2.17", help="numbers between commas, for each text (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="of the random generator (%(default)s)")
    parser.add_argument("--frozen", action="store_true", help="do not measure how the model adapts: it reads slowly")
    parser.add_argument("--threads", type=int, default=available_threads(), help="(%(default)s)")
    parser.add_argument("--page", type=Path, help="a Markdown file, whose marked part is replaced")
    return parser


COLUMNS = ("network", "mixture", "adaptive")
"""The figures of a record."""


def records_table(records: Sequence[Record]) -> str:
    """The median of the seeds for each text and time, then the published figures of the texts."""
    rows = []
    for text, minutes in dict.fromkeys((record.text, record.minutes) for record in records):
        own = [record for record in records if (record.text, record.minutes) == (text, minutes)]
        known = ([value for one in own if (value := getattr(one, name)) is not None] for name in COLUMNS)
        medians = [f"{statistics.median(values):.4f}" if values else "-" for values in known]
        rows.append([f"{text}, charrnn, {minutes:g} minutes", *medians, "this page"])
    for text in dict.fromkeys(record.text for record in records):
        for one in PUBLISHED.get(text, ()):
            cells = ["-", "-", f"{one.nats:.4f}"] if one.adaptive else [f"{one.nats:.4f}", "-", "-"]
            rows.append([f"{text}, {one.what}", *cells, one.source])
    return table(["text, model", "one network", "frozen mixture", "adaptive", "source"], rows)


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Train and measure; figures and a table."""
    budgets = [0.01] if choices.quick else [float(minutes) for minutes in choices.minutes.split(",")]
    records = []
    for text in choices.texts:
        for minutes in budgets:
            for seed in range(1 if choices.quick else choices.seeds):
                records.append(measured(text, minutes, seed, choices.threads, frozen=choices.frozen))
                command.say(json.dumps(asdict(records[-1])))
    told = f"Nats a character, medians of {choices.seeds} seeds, {choices.threads} threads."
    tables = f"{told}\n\n{records_table(records)}"
    if choices.page:
        replace_part(choices.page, "records", tables)
    return {"results": [asdict(record) for record in records]}, tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return command.run("records", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
