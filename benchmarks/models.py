"""All models on one text, at equal parameters and equal minutes: every recurrent cell, the TDNN, and n-gram counts.

Each model gets the hidden size (or order) whose number of parameters (or counts) is closest to the one asked for, and
trains as long as the others, once with each learning rate; its best validation loss counts. Kernels are compiled, or
read from the cache, before the clock starts. An n-gram model takes what time it needs: one pass.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import charrnn
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import RESULTS, number, table
from charrnn.cells.contract import cell_names
from charrnn.model.config import HIGHEST_ORDER, ModelConfig
from charrnn.model.ngram import NGram
from charrnn.text.corpus import split
from charrnn.text.sources import read_pieces
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import Evaluated, Started, StepDone
from charrnn.training.gradients import new_parameters

VAL_FRACTION = 0.1

LARGEST_HIDDEN = 1 << 12

EVALUATIONS = 20
"""Of each run, so that there is a curve."""


@dataclass(frozen=True)
class Contender:
    """A model of the size asked for.

    Attributes:
        name: of the cell, or of the model.
        options: of ``charrnn.train``.
        shape: its hidden size or order, in words.
    """

    name: str
    options: dict[str, Any]
    shape: str


@dataclass
class Result:
    """What a model reached with one learning rate.

    Attributes:
        curve: (seconds, bits per character of the validation text) at each evaluation.
    """

    name: str
    shape: str
    learning_rate: float
    parameters: int = 0
    characters: int = 0
    seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The lowest validation loss."""
        return min(bpc for _, bpc in self.curve)


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("models", __doc__ or "")
    parser.add_argument("text", type=Path, help="the text; its last tenth validates")
    parser.add_argument(
        "--parameters", type=int, default=500_000, help="of each model, as near as can be (%(default)s)"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="that each model trains (%(default)s)")
    parser.add_argument("--rates", default="0.003,0.01", help="learning rates between commas (%(default)s)")
    parser.add_argument("--models", type=command.names, help="names between commas; all if not given")
    parser.add_argument("--threads", type=int, default=1, help="(%(default)s)")
    parser.add_argument(
        "--plot", type=Path, default=RESULTS / "models.svg", help="where to draw the curves (%(default)s)"
    )
    return parser


def nearest(count: Callable[[int], int], wanted: int, most: int) -> int:
    """The size of 1 to ``most`` whose count, which rises with it, is nearest to the wanted one."""
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= wanted else (low, middle)
    return min((low, high), key=lambda size: abs(count(size) - wanted))


def contenders(path: Path, wanted: int) -> Iterator[Contender]:
    """Every model, of about ``wanted`` parameters."""
    text = "".join(piece.text for piece in read_pieces([str(path)]))
    vocabulary = Vocabulary.of(text)
    V = len(vocabulary)
    train_ids, _ = split(vocabulary.encode(text), VAL_FRACTION)
    networks = {name: {"cell": name} for name in cell_names()} | {"tdnn": {"model": "tdnn"}}
    for name, shape in networks.items():

        def count(hidden: int, shape: dict[str, str] = shape) -> int:
            return new_parameters(ModelConfig(V, hidden_size=hidden, **shape)).count  # type: ignore[arg-type]

        hidden = nearest(count, wanted, LARGEST_HIDDEN)
        yield Contender(name, {**shape, "hidden_size": hidden}, f"{hidden} units")
    sizes = {}
    for order in range(1, HIGHEST_ORDER + 1):
        sizes[order] = NGram.count(ModelConfig(V, "ngram", order=order), train_ids).size
        if sizes[order] > wanted:
            break
    order = min(sizes, key=lambda order: abs(sizes[order] - wanted))
    yield Contender("ngram", {"model": "ngram", "order": order}, f"order {order}")


def trained(contender: Contender, rate: float, choices: argparse.Namespace, folder: str) -> Result:
    """Train a model, and tell what came of it."""
    own = {"learning_rate": rate, "minutes": choices.minutes}
    shared = {"threads": choices.threads, "val_fraction": VAL_FRACTION, "checkpoints": folder, "overwrite": True}
    if "ngram" not in contender.options.values():
        own["eval_every"] = _paced(contender, shared, choices)
    result = Result(contender.name, contender.shape, rate)
    for event in charrnn.train(choices.text, **contender.options, **own, **shared):
        if isinstance(event, Started):
            result.parameters = event.parameters
        elif isinstance(event, StepDone):
            result.characters += event.characters
        elif isinstance(event, Evaluated) and event.val_bpc is not None:
            result.curve.append((event.seconds, event.val_bpc))
            result.seconds = event.seconds
    return result


def _paced(contender: Contender, shared: dict[str, Any], choices: argparse.Namespace) -> int:
    """Steps between two evaluations; also has all kernels compiled."""
    seconds: list[float] = []
    for event in charrnn.train(choices.text, **contender.options, **shared, steps=12, eval_every=6):
        if isinstance(event, StepDone):
            seconds.append(event.seconds)
    step = (seconds[-1] - seconds[-4]) / 3
    minutes: float = choices.minutes
    return max(1, round(60 * minutes / EVALUATIONS / step))


def draw(results: Sequence[Result], path: Path) -> str:
    """Draw the curves of the best runs; returns where, or why not."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "matplotlib is not installed, so that nothing is drawn: python -m pip install -e '.[plots]'"
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    end = max(result.seconds for result in results)
    for result in results:
        seconds, bpc = zip(*result.curve, strict=True)
        if result.name == "ngram":
            axes.plot([0, end], [bpc[-1]] * 2, "k--", label=f"ngram, {result.shape}")
        else:
            axes.plot(seconds, bpc, label=f"{result.name}, {result.shape}")
    axes.set(xlabel="seconds of training", ylabel="bits per character of the validation text")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return f"The curves: {path}"


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Train all models; figures and tables."""
    rates = [float(rate) for rate in choices.rates.split(",")]
    if choices.quick:
        choices.parameters, choices.minutes, rates = 3000, 0.01, rates[:1]
    all_models = list(contenders(choices.text, choices.parameters))
    names = [contender.name for contender in all_models]
    if unknown := set(choices.models or ()) - set(names):
        raise BenchmarkError(f"unknown model {sorted(unknown)[0]!r}; choose from {', '.join(names)}")
    results, best = [], []
    with tempfile.TemporaryDirectory() as folder:
        for contender in all_models:
            if choices.models and contender.name not in choices.models:
                continue
            own = [
                trained(contender, rate, choices, folder) for rate in rates[: 1 if contender.name == "ngram" else None]
            ]
            command.say(f"{contender.name}: {min(result.best for result in own):.4f}")
            results += own
            best.append(min(own, key=lambda result: result.best))
    best.sort(key=lambda result: result.best)
    text = f"{choices.text.name}, {choices.minutes:g} minutes each, the best of the learning rates {choices.rates}\n\n"
    text += best_table(best) + "\n\n" + draw(best, choices.plot)
    return {"results": [asdict(result) for result in results]}, text


def best_table(results: Sequence[Result]) -> str:
    """A row for each model, the best one first."""
    heads = ["model", "shape", "parameters", "rate", "bits per character", "characters/s", "seconds"]
    rows = [
        [
            result.name,
            result.shape,
            f"{result.parameters:,}",
            "-" if result.name == "ngram" else f"{result.learning_rate:g}",
            f"{result.best:.4f}",
            number(result.characters / result.seconds) if result.characters else "-",
            number(result.seconds),
        ]
        for result in results
    ]
    return table(heads, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return command.run("models", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
