"""How well a text is learned in some minutes: ours with nothing chosen, PyTorch's LSTM, and nanoGPT's recipe for a CPU.

All learn the first nine tenths of a text on the same threads, and are scored on the last tenth. Ours has the minutes
for everything, from the command to the last evaluation; of the others, only the steps of training count. Ours is the
median of several seeds of the random generator; of the others, the best of some settings counts, so that nobody can
say that they were badly chosen. What was measured is kept: the same command again goes on where the last one stopped.
"""

import argparse
import hashlib
import json
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.learners.contract import OURS, Point, find_learner, learner_names
from benchmarks.shared import command
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.lesson import learn_apart
from benchmarks.shared.output import RESULTS, replace_part, table
from benchmarks.shared.picture import new_figure, save
from charrnn.workers import available_threads

PICTURE = "quality.svg"
ABOVE = 0.6
"""Nats above the best end that pictures still show."""


@dataclass(frozen=True)
class Result:
    """What a learner has reached on a text with one of its settings.

    Attributes:
        curve: (seconds, nats for each character of the last tenth).
    """

    text: str
    minutes: float
    learner: str
    setting: str
    rng_seed: int
    curve: list[Point]

    @property
    def nats(self) -> float:
        """At the end."""
        return self.curve[-1][1]


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("quality", __doc__ or "")
    parser.add_argument("texts", type=Path, nargs="+", metavar="TEXT", help="UTF-8; its last tenth is scored")
    parser.add_argument("--minutes", default="2", help="numbers between commas, for each text (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="of the random generator, for ours (%(default)s)")
    parser.add_argument("--threads", type=int, default=available_threads(), help="of each learner (%(default)s)")
    parser.add_argument("--learners", type=command.names, help="between commas; all if not given")
    parser.add_argument("--folder", type=Path, default=RESULTS / "quality", help="of what was measured (%(default)s)")
    parser.add_argument(
        "--page", type=Path, help=f"a Markdown file, whose marked part is replaced, and beside which {PICTURE} goes"
    )
    return parser


def learned(text: Path, minutes: float, learners: Sequence[str], choices: argparse.Namespace) -> Iterator[Result]:
    """What each of the learners reaches on a text in so many minutes."""
    fingerprint = hashlib.sha256(text.read_bytes()).hexdigest()
    for name in learners:
        for setting, chosen in find_learner(name).settings.items():
            for seed in range(choices.seeds if name == OURS else 1):
                lesson = {"seconds": 60 * minutes, "threads": choices.threads, "rng_seed": seed, "options": chosen}
                key = json.dumps([fingerprint, name, lesson], sort_keys=True)
                known = choices.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
                if not known.exists():
                    curve = learn_apart(name, {"text": str(text.resolve()), **lesson})
                    known.write_text(json.dumps(curve))
                curve = [(seconds, nats) for seconds, nats in json.loads(known.read_text())]
                result = Result(text.name, minutes, name, setting, seed, curve)
                command.say(f"{text.name}, {minutes:g} min: {name}, {setting}, seed {seed}: {result.nats:.4f} nats")
                yield result


def chosen_of(results: Sequence[Result]) -> Result:
    """Of ours, the run with the median of the ends; of another learner, the best run."""
    if results[0].learner == OURS:
        median = statistics.median_low(result.nats for result in results)
        return next(result for result in results if result.nats == median)
    return min(results, key=lambda result: result.nats)


def by_learner(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The runs of each learner."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.learner, []).append(result)
    return found


def draw(groups: Sequence[list[Result]], path: Path) -> None:
    """Draw the curves of each text: the one that counts of each learner, and faintly all others."""
    figure = new_figure(5.5 * len(groups), 5)
    for results, axes in zip(groups, figure.subplots(1, len(groups), squeeze=False)[0], strict=True):
        ends = []
        for learner, own in by_learner(results).items():
            chosen = chosen_of(own)
            ends.append(chosen.nats)
            (line,) = axes.plot(
                *zip(*chosen.curve, strict=True), label=f"{find_learner(learner).name}: {chosen.nats:.3f}"
            )
            for other in own:
                axes.plot(*zip(*other.curve, strict=True), color=line.get_color(), alpha=0.25)
        axes.set(
            title=f"{results[0].text}, {results[0].minutes:.3g} min", xlabel="seconds", ylabel="nats per character"
        )
        axes.set(ylim=(min(ends) - 0.05, min(ends) + ABOVE))
        axes.legend(fontsize="small")
    save(figure, path)


def quality_table(groups: Sequence[list[Result]]) -> str:
    """A row for each text and time: the end of each learner in nats, and in bits of ours."""
    learners = list(dict.fromkeys(result.learner for results in groups for result in results))
    rows = []
    for results in groups:
        own = by_learner(results)
        cells = [f"{chosen_of(own[name]).nats:.3f} ({_spread(own[name])})" if name in own else "-" for name in learners]
        bits = f"{chosen_of(own[OURS]).nats / math.log(2):.3f}" if OURS in own else "-"
        rows.append([results[0].text, f"{results[0].minutes:.3g}", *cells, bits])
    heads = ["text", "minutes", *(find_learner(name).name for name in learners), "ours, bits/character"]
    return table(heads, rows)


def _spread(results: Sequence[Result]) -> str:
    ends = [result.nats for result in results]
    return f"{min(ends):.3f}-{max(ends):.3f}"


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Let all learn; figures and tables."""
    budgets = [float(minutes) for minutes in choices.minutes.split(",")]
    if choices.quick:
        budgets, choices.seeds = [0.01], 1
    known = learner_names()
    if unknown := set(choices.learners or ()) - set(known):
        raise BenchmarkError(f"unknown learner {sorted(unknown)[0]!r}; choose from {', '.join(known)}")
    wanted = [name for name in known if name in (choices.learners or known)]
    left_out = {name: why for name in wanted if (why := find_learner(name).absent())}
    learners = [name for name in wanted if name not in left_out]
    choices.folder.mkdir(parents=True, exist_ok=True)
    groups = [list(learned(text, minutes, learners, choices)) for text in choices.texts for minutes in budgets]
    told = (
        "Nats for each character of the last tenth: of ours the median of "
        f"{choices.seeds} seeds, of the others the best of their settings (and from the best to the worst); "
        f"{choices.threads} threads."
    )
    tables = "\n\n".join([told, *(f"{name} left out: {why}" for name, why in left_out.items()), quality_table(groups)])
    if choices.page:
        draw(groups, choices.page.parent / PICTURE)
        replace_part(choices.page, "quality", f"{tables}\n\n![nats per character]({PICTURE})")
    return {"left_out": left_out, "results": [asdict(result) for results in groups for result in results]}, tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return command.run("quality", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
