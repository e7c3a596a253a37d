"""``charrnn sweep``: train the runs that a file describes, to compare them."""

import gc
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.failures import show_events, unwritable
from charrnn.cli.shared.options import VariableOption, declared, option
from charrnn.cli.shared.output import announce_compilation, budget, counted, duration, print_json, say, table
from charrnn.cli.shared.signals import signals, stopping
from charrnn.cli.train import command as train
from charrnn.errors import CharrnnError, ConfigError, RunError
from charrnn.system import is_closed_pipe
from charrnn.training.options import ALL_OPTIONS, check_value
from charrnn.training.run_options import RUN_OPTIONS

if TYPE_CHECKING:
    from charrnn.cli.sweep.progress import NoProgress
    from charrnn.options import Option
    from charrnn.sweeps.folder import SweepFolder
    from charrnn.sweeps.spec import Spec
    from charrnn.sweeps.sweep import Executor


FILES_ALONE = ("threads", "init-from")
"""Options that a sweep does not take from environment variables.

The sweep divides the threads among its runs, and paths are relative to its file."""

SWEEP_EXAMPLES = """\b
Examples:
  charrnn sweep sizes.toml --dry-run
  charrnn sweep sizes.toml --jobs 2
  charrnn sweep sizes.toml --dask tcp://10.0.0.1:8786
  charrnn sweep seeds.toml --dask tcp://10.0.0.1:8786 --mix together
"""


@click.command("sweep", epilog=SWEEP_EXAMPLES)
@click.argument("spec_file", metavar="SPEC.toml", type=click.Path(path_type=Path))
@option("--dry-run", is_flag=True, help="List the runs and estimate how long they take, without training.")
@option("--jobs", type=options.THREADS, metavar="N", help="Number of runs at once.", default=1, show_default=True)
@declared(
    RUN_OPTIONS["threads"], type=options.THREADS, help="Threads of each run.", unset="the cores, divided by --jobs"
)
@option(
    "--dask",
    metavar="WHERE",
    help="Train on the Dask cluster with this address or scheduler file; the word local starts one on this machine.",
    unset="this machine, no cluster",
)
@option("--mix", metavar="NAME", help="At the end, mix the models of all runs; see charrnn mix.", unset="no mixture")
@option("--retry-failed", is_flag=True, help="Train failed runs again.")
@options.checkpoints
@option("--quiet", is_flag=True, help="Show errors only.")
@option("--json", "as_json", is_flag=True, help="Print one JSON object for each event, and nothing else.")
def command(
    *,
    spec_file: Path,
    dry_run: bool,
    jobs: int,
    threads: int | None,
    dask: str | None,
    mix: str | None,
    retry_failed: bool,
    checkpoints: Path,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train the many runs that a file describes, to compare hyperparameters.

    SPEC.toml names a text, the options of all runs in [fixed], and the runs: all combinations of values in [grid],
    random draws in [random], draws by Optuna in [optuna], single runs in [[run]]. Each run has a folder of its own,
    checkpoints/<sweep>/<run>. Ctrl-C saves all runs and stops; the same command continues them and skips what is done.
    """
    from charrnn.sweeps.folder import SweepFolder
    from charrnn.sweeps.spec import read_spec
    from charrnn.sweeps.table import best_run

    gc.freeze()  # with many runs, looking for garbage among the imported objects takes long
    spec = read_spec(spec_file, train_options(), checkpoints, variables())
    folder = SweepFolder(checkpoints / spec.name)
    if mix is not None:
        _check_free(mix, checkpoints)
    if dry_run:
        announce_compilation()
        _list(spec, folder, jobs, threads, as_json)
        return
    from charrnn.sweeps.sweep import Sweep, SweepEnded

    with closing(_place(dask, jobs, threads)) as place:
        folder.begin()
        try:
            sweep = Sweep(spec, folder, place, retry_failed=retry_failed)
            signals.keep(stopping(sweep.stop))
            with closing(sweep.events()) as events:
                ended, failure = show_events(events, _progress(quiet, as_json), sweep.stop)
        finally:
            folder.end()
    assert isinstance(ended, SweepEnded), ended
    number = signals.let_go() or signal.SIGINT
    if failure and not is_closed_pipe(failure):
        raise RunError(f"{unwritable('what the sweep tells', failure)}; all runs are saved")
    if not quiet and not as_json and folder.plan():
        _show_table(folder)
    if ended.interrupted:
        so_far = options.command_on(spec.name, checkpoints, "sweep-table")
        say(f"go on with the same command; what is done so far: {so_far}")
        raise click.exceptions.Exit(128 + number)
    if not quiet and not as_json and (best := best_run(folder)):
        use = "predict" if best.kind.answers else "sample"
        say(f"next:  {options.command_on(f'{spec.name}/{best.name}', checkpoints, use)}")
    if ended.failed:
        raise RunError(f"{counted(ended.failed, 'run')} failed: try again with --retry-failed, once the cause is gone")
    if mix is not None:
        _mix(folder, spec.name, mix, checkpoints, threads, as_json)


def train_options() -> "dict[str, Option]":
    """Return the options of ``train`` that a sweep may set, by their flags without dashes."""
    from charrnn.sweeps.values import OWN_OPTIONS

    return {one.flag: one for one in ALL_OPTIONS.values() if one.flag not in OWN_OPTIONS}


def variables() -> dict[str, Any]:
    """Return the options that CHARRNN_* variables set, except ``FILES_ALONE``."""
    context, found = click.Context(train), {}
    parameters = {parameter.name: parameter for parameter in train.params}
    for flag, one in train_options().items():
        parameter = parameters[one.name]
        assert isinstance(parameter, VariableOption)
        variable = parameter.variable(context)
        if variable is None or flag in FILES_ALONE:
            continue
        try:
            found[flag] = parameter.type_cast_value(context, parameter.value_from_envvar(context))
            check_value(one.name, found[flag])
        except click.BadParameter as error:
            raise ConfigError(f"{variable}: {error.message}") from None
        except CharrnnError as error:
            raise ConfigError(f"{variable}: {error}") from None
    return found


def _place(dask: str | None, jobs: int, threads: int | None) -> "Executor":
    from charrnn.sweeps.sweep import LocalExecutor

    if dask is None:
        return LocalExecutor(jobs, _threads(jobs, threads))
    from charrnn.sweeps.cluster import Cluster

    return Cluster(dask, jobs, threads)


def _threads(jobs: int, threads: int | None) -> int:
    """Return the number of threads of each run."""
    from charrnn.workers import available_threads

    return threads or max(1, available_threads() // jobs)


def _progress(quiet: bool, as_json: bool) -> "NoProgress":
    from charrnn.cli.sweep.progress import JsonProgress, NoProgress, TextProgress

    return JsonProgress() if as_json else NoProgress() if quiet else TextProgress()


def _list(spec: "Spec", folder: "SweepFolder", jobs: int, threads: int | None, as_json: bool) -> None:
    """Print the runs that would be trained and an estimate of their time."""
    from charrnn.sweeps.estimate import Estimate
    from charrnn.sweeps.folder import TO_TRAIN
    from charrnn.training.settings import limits_in

    trials = folder.trials() if spec.search else []
    runs, estimate = [*spec.runs, *trials], Estimate(_threads(jobs, threads))
    states = folder.states(runs)
    left = {run.name: estimate.seconds(run) for run in runs if states[run.name] in TO_TRAIN}
    for run in runs:
        if states[run.name] == "cut":
            left[run.name] *= 1 - folder.progress(run)
    if as_json:
        for run in runs:
            state, options = states[run.name], run.options
            seconds = left.get(run.name, 0.0)
            print_json(
                {"run": run.name, "state": state, "seconds": seconds, "sources": run.sources, "options": options}
            )
        return
    rows = [
        (run.name, states[run.name], budget(limits_in(run.options)), duration(left.get(run.name, 0.0))) for run in runs
    ]
    for line in table([("run", "state", "trains for", "about"), *rows], left=2):
        say(line, err=False)
    unchosen = [estimate.seconds(run) for run in spec.search.drawn(len(trials))] if spec.search else []
    ahead = f", and {counted(len(unchosen), 'trial')} of [optuna]" if unchosen else ""
    total = duration((sum(left.values()) + sum(unchosen)) / jobs)
    say(f"{counted(len(runs), 'run')}, {len(left):,} to train{ahead}: an estimated {total} with --jobs {jobs}")


def _show_table(folder: "SweepFolder") -> None:
    from charrnn.cli.sweep_table import table_lines
    from charrnn.sweeps.table import fold, rows_of

    for line in table_lines(fold(rows_of(folder))):
        say(line, err=False)


def _check_free(name: str, checkpoints: Path) -> None:
    """Check before the training that there is no run with the name of the mixture."""
    from charrnn.storage.run import Run

    if Run(checkpoints / name).exists():
        raise RunError(f"a run called {name!r} exists already in {checkpoints}: choose another name for --mix")


def _mix(folder: "SweepFolder", sweep: str, name: str, checkpoints: Path, threads: int | None, as_json: bool) -> None:
    """Mix the models of the runs that are done, the best first."""
    from charrnn.cli.mix import show_mixture
    from charrnn.mixing import mix_runs
    from charrnn.sweeps.table import rows_of

    targets = [f"{sweep}/{row.run}" for row in rows_of(folder) if row.state == "done"]
    mixed = mix_runs(targets, name, checkpoints=checkpoints, counts=False, threads=_threads(1, threads))
    show_mixture(mixed, name, checkpoints, as_json)
