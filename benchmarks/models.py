"""All models on one text, at equal parameters and equal minutes: every recurrent cell, the TDNN, and n-gram counts.

Each network has the hidden size whose number of parameters is closest to the one asked for. It trains as many steps as
one core does in the minutes asked for, once with each learning rate; its best validation loss counts. The pace of all
networks is measured first, in turns, so that it does not matter what else the machine does later. N-gram models are
counted in one pass: with about as many counts as the networks have parameters, and with the best order.

The runs are a sweep: the same command again goes on where the last one stopped.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.shared import command
from benchmarks.shared.contenders import VAL_FRACTION, Contender, Counted, Text, counted, networks, paces
from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.output import RESULTS, replace_part, table
from benchmarks.shared.picture import new_figure, save
from charrnn.errors import RunError
from charrnn.storage.metrics import read_metrics
from charrnn.sweeps.folder import SweepFolder
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.spec import Spec
from charrnn.sweeps.sweep import LocalExecutor, RunEnded, Sweep
from charrnn.workers import available_threads

EVALUATIONS = 12
"""Of each run, so that there is a curve."""

PICTURE = "models.svg"


@dataclass(frozen=True)
class Result:
    """What a network reached with one learning rate.

    Attributes:
        epochs: passes over the text.
        curve: (minutes of one core, bits per character of the validation text) at each evaluation; empty if it has
            diverged.
    """

    name: str
    hidden_size: int
    parameters: int
    learning_rate: float
    epochs: float
    curve: list[tuple[float, float]]

    @property
    def best(self) -> float:
        """The lowest validation loss."""
        return min((bpc for _, bpc in self.curve), default=float("inf"))


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command.parser("models", __doc__ or "")
    parser.add_argument("text", type=Path, help="the text; its last tenth validates")
    parser.add_argument("--parameters", type=int, default=200_000, help="of each network, nearly (%(default)s)")
    parser.add_argument("--minutes", type=float, default=1.0, help="of one core, for each run (%(default)s)")
    parser.add_argument("--rates", default="0.002,0.005,0.01", help="learning rates between commas (%(default)s)")
    parser.add_argument("--models", type=command.names, help="networks between commas; all if not given")
    parser.add_argument("--jobs", type=int, default=available_threads(), help="runs at once (%(default)s)")
    parser.add_argument("--folder", type=Path, default=RESULTS / "models", help="of the sweeps (%(default)s)")
    parser.add_argument(
        "--page", type=Path, help=f"a Markdown file, whose marked part is replaced, and beside which {PICTURE} goes"
    )
    return parser


def run_name(contender: Contender, rate: float) -> str:
    """Of a run's folder."""
    return f"{contender.name},learning-rate={rate:g}"


def plan(
    contenders: Sequence[Contender], rates: Sequence[float], text: Text, choices: argparse.Namespace, old: SweepFolder
) -> dict[str, PlannedRun]:
    """The runs, by name. A network that was planned before keeps its steps: measured again, they would be others."""
    try:
        runs = {run.name: run for run in old.plan()}
    except RunError:
        runs = {}
    steps = {run.name.split(",")[0]: run.options["steps"] for run in runs.values()}
    for contender, seconds in paces([contender for contender in contenders if contender.name not in steps], text):
        steps[contender.name] = max(1, round(60 * choices.minutes / seconds))
        command.say(f"{contender.name}: {1e3 * seconds:.3g} ms a step, {steps[contender.name]:,} steps")
    for contender in contenders:
        trained = steps[contender.name]
        rest = {"steps": trained, "eval-every": -(-trained // EVALUATIONS), "val-fraction": VAL_FRACTION, "threads": 1}
        for rate in rates:
            own = {name.replace("_", "-"): value for name, value in contender.options.items()} | {"learning-rate": rate}
            name = run_name(contender, rate)
            runs[name] = PlannedRun(name, (str(choices.text.resolve()),), {**own, **rest}, own)
    return runs


def train(runs: Mapping[str, PlannedRun], folder: SweepFolder, jobs: int) -> None:
    """Train what is not done yet."""
    spec = Spec(folder.name, tuple(runs.values()))
    with closing(LocalExecutor(jobs, threads=1)) as place:
        folder.begin()
        try:
            with closing(Sweep(spec, folder, place).events()) as events:
                for event in events:
                    if isinstance(event, RunEnded):
                        bpc = "-" if event.best is None else f"{event.best:.4f}"
                        command.say(f"{100 * event.progress:3.0f} %  {event.run}: {bpc} {event.why}")
        finally:
            folder.end()


def result_of(contender: Contender, rate: float, planned: PlannedRun, folder: SweepFolder, minutes: float) -> Result:
    """What a run has reached."""
    records = [] if planned.name in folder.failures() else read_metrics(folder.run(planned).metrics)
    curve = [(minutes * record["step"] / planned.options["steps"], record["val_bpc"]) for record in records]
    epochs = records[-1]["epoch"] if records else 0.0
    return Result(contender.name, contender.hidden_size, contender.parameters, rate, epochs, curve)


def draw(results: Sequence[Result], counts: Sequence[Counted], path: Path) -> None:
    """Draw the curves of the best runs, and what each run reached by its learning rate.

    Raises:
        BenchmarkError: matplotlib is not installed.
    """
    figure = new_figure(11, 5)
    left, right = figure.subplots(1, 2, sharey=True)
    best = best_of(results)
    for result in best:
        minutes, bpc = zip(*result.curve, strict=True)
        (line,) = left.plot(minutes, bpc, label=result.name)
        own = [other for other in results if other.name == result.name and other.curve]
        right.plot([other.learning_rate for other in own], [other.best for other in own], "o-", color=line.get_color())
    for count, style in zip(counts, ("--", ":"), strict=False):
        left.axhline(count.bpc, color="black", linestyle=style, label=f"ngram of order {count.order}")
    low, high = best[0].best, max(best[-1].best, *(count.bpc for count in counts))
    left.set(xlabel="minutes of one core", ylabel="bits per character", ylim=(low - 0.05, high + 0.5))
    rates = sorted({result.learning_rate for result in results})
    right.set(xlabel="learning rate", xscale="log", xticks=rates, xticklabels=[f"{rate:g}" for rate in rates])
    right.minorticks_off()
    left.legend(fontsize="small")
    save(figure, path)


def best_of(results: Sequence[Result]) -> list[Result]:
    """Each network with its best learning rate, the best network first."""
    best: dict[str, Result] = {}
    for result in sorted(results, key=lambda result: result.best):
        best.setdefault(result.name, result)
    return [result for result in best.values() if result.curve]


def models_table(results: Sequence[Result], counts: Sequence[Counted], rates: Sequence[float]) -> str:
    """A row for each model, the best one first: its bits per character with each learning rate."""
    rows = []
    for best in best_of(results):
        own = {result.learning_rate: result for result in results if result.name == best.name}
        ends = [f"{own[rate].best:.3f}" if own[rate].curve else "diverged" for rate in rates]
        sizes = [f"{best.hidden_size} units", f"{best.parameters:,}", f"{best.epochs:.1f}"]
        rows.append((best.best, [best.name, *sizes, *ends, f"{best.best:.3f}"]))
    for count in counts:
        sizes = [f"order {count.order}", f"{count.size:,}", "1"]
        rows.append((count.bpc, ["ngram", *sizes, *["-"] * len(rates), f"{count.bpc:.3f}"]))
    heads = ["model", "size", "parameters or counts", "epochs", *(f"at {rate:g}" for rate in rates), "bits/character"]
    return table(heads, [row for _, row in sorted(rows, key=lambda pair: pair[0])])


def benchmark(choices: argparse.Namespace) -> command.Report:
    """Train all models; figures and tables."""
    rates = [float(rate) for rate in choices.rates.split(",")]
    if choices.quick:
        choices.parameters, choices.minutes, rates = 3000, 0.001, rates[:1]
    text = Text.read(choices.text)
    contenders = list(networks(text, choices.parameters))
    names = [contender.name for contender in contenders]
    if unknown := set(choices.models or ()) - set(names):
        raise BenchmarkError(f"unknown network {sorted(unknown)[0]!r}; choose from {', '.join(names)}")
    contenders = [contender for contender in contenders if contender.name in (choices.models or names)]
    folder = SweepFolder(choices.folder / f"{choices.text.stem}-{choices.parameters}-{choices.minutes:g}")
    runs = plan(contenders, rates, text, choices, folder)
    train(runs, folder, choices.jobs)
    results = [
        result_of(contender, rate, runs[run_name(contender, rate)], folder, choices.minutes)
        for contender in contenders
        for rate in rates
    ]
    counts = list(counted(text))
    nearest_size = min(counts, key=lambda count: abs(count.size - choices.parameters))
    shown = list(dict.fromkeys([nearest_size, min(counts, key=lambda count: count.bpc)]))
    told = (
        f"{choices.text.name}, {60 * choices.minutes:g} seconds of one core for each run. Bits per character of the "
        "last tenth of the text, at each learning rate and at the best."
    )
    tables = f"{told}\n\n{models_table(results, shown, rates)}"
    if choices.page:
        draw(results, shown, choices.page.parent / PICTURE)
        replace_part(choices.page, "models", f"{tables}\n\n![bits per character]({PICTURE})")
    return {"results": [asdict(result) for result in results], "ngrams": [asdict(count) for count in counts]}, tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    return command.run("models", benchmark, options(), arguments)


if __name__ == "__main__":
    sys.exit(main())
