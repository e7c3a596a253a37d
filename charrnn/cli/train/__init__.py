"""``charrnn train``: train a model on a text."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.failures import show_events, unwritable
from charrnn.cli.shared.options import declared, option
from charrnn.cli.shared.output import announce_compilation, budget, counted, say
from charrnn.cli.shared.signals import signals, stopping, tell
from charrnn.cli.train.distributed import together_with
from charrnn.cli.train.grouped import GroupedCommand
from charrnn.cli.train.trackers import TRACKERS, find_package, tracked
from charrnn.display import pasteable
from charrnn.errors import RunError
from charrnn.system import is_closed_pipe
from charrnn.training.options import ALL_OPTIONS

if TYPE_CHECKING:
    from charrnn.cli.shared.failures import Shower
    from charrnn.job import TrainingJob
    from charrnn.storage.run import Run
    from charrnn.training.events import Event, Finished
    from charrnn.training.plan import Plan
    from charrnn.training.together import Together


ONCE = ("minutes", "plan", "preview", "name", "checkpoints", "resume", "overwrite", "threads")
"""Options left out of the command that repeats a run: they change nothing that is trained, or it sets them itself."""

TRAIN_EXAMPLES = """\b
Examples:
  charrnn train book.txt
  charrnn train book.txt notes/ --minutes 60 --num-layers 2 --dropout 0.1
  charrnn train --resume
  charrnn train sonnets.txt --init-from book --minutes 5
"""


SHARED_OPTIONS = {"checkpoints": options.checkpoints, "threads": options.threads}
"""Options that other commands have too, by name."""


def all_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add all options of a run to a command, in the order of their declarations."""
    for name, one in reversed(ALL_OPTIONS.items()):
        command = SHARED_OPTIONS.get(name, declared(one))(command)
    return command


@click.command("train", epilog=TRAIN_EXAMPLES, cls=GroupedCommand)
@click.argument("corpora", metavar="CORPUS...", nargs=-1)
@all_options
@option("--distributed", is_flag=True, help="Train in all processes that mpirun has started; needs mpi4py.")
@option("--until-eof", is_flag=True, help="Save and stop when standard input is closed; for programs that run charrnn.")
@option("--quiet", is_flag=True, help="Show errors only.")
@option("--json", "as_json", is_flag=True, help="Print one JSON object for each event, and nothing else.")
@option(
    "--log-to",
    type=click.Choice(list(TRACKERS)),
    help="Also send the figures to this program, whose package must be installed.",
)
def command(
    corpora: tuple[str, ...],
    distributed: bool,
    until_eof: bool,
    quiet: bool,
    as_json: bool,
    log_to: str | None,
    **given: Any,
) -> None:
    """Train a model on a text.

    CORPUS is one or more files, folders (all their files, except hidden files and runs' folders), or - for standard
    input. Files compressed by gzip, bzip2, xz or zip are read as their contents.

    The model is saved in the folder checkpoints/<name>. Ctrl-C saves it and stops; --resume continues exactly where it
    stopped. --steps, --epochs and --minutes count from the first start of a run, not from where it is resumed.

    Without --steps and --epochs, a run takes 10 minutes, or --minutes, and charrnn chooses the options that you leave
    out, for this text and machine. The defaults below hold for runs with --steps, --epochs or --no-plan.
    """
    with together_with(distributed, given["threads"]) as together:
        if together is None:
            return
        run, finished, failure = _trained(together, corpora, until_eof, quiet, as_json, log_to, given)
    number = signals.let_go() or signal.SIGINT
    if finished.reason == "interrupted" and finished.step:
        say(f"resume with: {_resume_command(corpora, run, given, together.processes)}")
    if failure and not is_closed_pipe(failure):
        saved = "; the run is saved" if finished.step else ""
        raise RunError(f"{unwritable('what the run tells', failure)}{saved}")
    if finished.reason == "interrupted":
        raise click.exceptions.Exit(128 + number)


def _trained(
    together: "Together",
    corpora: tuple[str, ...],
    until_eof: bool,
    quiet: bool,
    as_json: bool,
    log_to: str | None,
    given: Mapping[str, Any],
) -> "tuple[Run, Finished, OSError | None]":
    """Train; returns the run, its last event, and the failure to show what it told, if any."""
    if not corpora and not given["resume"]:
        raise click.UsageError("No text to train on: give a file, a folder, or - for standard input.")
    if until_eof and "-" in corpora:
        raise click.UsageError("--until-eof and - cannot both read standard input: leave out one of them.")
    if until_eof:
        _terminate_at_eof(quiet)
    if log_to:
        find_package(log_to)
    announce_compilation(quiet=quiet)
    from charrnn.starting import open_job
    from charrnn.training.events import Finished

    job = open_job(corpora, together=together, **given)
    report = _report(job, corpora, quiet, as_json, given, together.processes)
    events = tracked(job, _kept(job), log_to) if log_to else _kept(job)
    finished, failure = show_events(events, report, job.trainer.stop)
    assert isinstance(finished, Finished), finished
    return job.run, finished, failure


def _terminate_at_eof(quiet: bool) -> None:
    """End the run at the end of standard input, a pipe that also ends when its other process is killed."""

    def wait() -> None:
        while os.read(0, 1 << 10):  # sys.stdin's lock would still be held at exit
            pass
        if not quiet:
            tell("standard input has ended, so --until-eof ends the run\n")
        signals.end_of_input()

    threading.Thread(target=wait, name="until-eof", daemon=True).start()


def _kept(job: "TrainingJob") -> "Iterator[Event]":
    """Yield the job's events; from the first step on, a signal makes the job save and stop."""
    from charrnn.training.events import MemberEvent, StepDone

    for event in job.events():
        if isinstance(event, StepDone | MemberEvent):
            signals.keep(stopping(job.trainer.stop))
        yield event


def _report(
    job: "TrainingJob",
    corpora: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    given: Mapping[str, Any],
    processes: int,
) -> "Shower":
    from charrnn.cli.train.reports import JsonReport, NoReport, TextReport

    if as_json:
        return JsonReport(job.trainer.vocabulary.unit)
    if quiet:
        return NoReport()
    use = "predict" if job.trainer.config.kind.answers else "sample"
    again, use = None, options.command_on(job.run.name, job.run.folder.parent, use)
    if job.plan and not _replaces_origin(given, job.run):
        again = _repeat_command(corpora, job.run, job.plan, {**given, **_joining(job)}, processes)
    return TextReport(job, _length(job, given), use, again)


def _joining(job: "TrainingJob") -> dict[str, Any]:
    """The options for what is mixed with a run's network at its end: counts and further networks."""
    return {"counts": job.counts, "members": job.members if job.members > 1 else None}


def _replaces_origin(given: Mapping[str, Any], run: "Run") -> bool:
    """Whether the run overwrites the run that it starts from, so that no command can train the same model again."""
    from charrnn.storage.run import find_checkpoint

    origin = given["init_from"]
    return origin is not None and find_checkpoint(origin, run.folder.parent).parent.samefile(run.folder)


def _length(job: "TrainingJob", given: Mapping[str, Any]) -> str:
    """Say when the run ends and on how many threads it trains."""
    settings, started = job.trainer.settings, job.started
    threads = f"on {counted(started.threads, 'thread')}"
    if "steps" in job.trainer.config.kind.lacks:
        return f"one pass over the text {threads}"
    if job.plan:
        why = ", more would overfit" if job.plan.limited_by_text else ""
        epochs, minutes = f"{job.plan.epochs:.1f} epochs{why}", counted(settings.minutes, "minute")
        limit = f"{settings.steps:,} steps ({epochs}) in at most {minutes}"
    else:
        limit = budget(settings.limits)
    if started.resumed_from:
        limit = f"resumed after step {started.resumed_from:,}, until {limit} in all,"
    evaluations = counted(settings.patience, "evaluation")
    patience = f", ends early after {evaluations} without improvement" if settings.patience else ""
    chosen = given["resume"] or any(given[name] for name in ("steps", "epochs", "minutes"))
    return f"{limit} {threads}{patience}" + ("" if chosen else "; change it with --minutes, --steps or --epochs")


def _command(corpora: tuple[str, ...], processes: int) -> list[str]:
    """Begin a command that trains on the texts with as many processes."""
    launched = ["mpirun", "-n", str(processes)] if processes > 1 else []
    return [*launched, "charrnn", "train", *_sources(corpora), *(["--distributed"] if launched else [])]


def _resume_command(corpora: tuple[str, ...], run: "Run", given: Mapping[str, Any], processes: int) -> str:
    """Build the command that resumes this run, with the options for its name, text and folder as they were given."""
    words = [*_command(corpora, processes), "--resume"]
    if given["name"] or not corpora:
        words += ["--name", given["name"] or run.name]
    if given["encoding"]:
        words += ["--encoding", given["encoding"]]
    return pasteable([*words, *options.where(run.folder.parent)])


def _sources(corpora: tuple[str, ...]) -> Iterator[str]:
    """Yield the texts' paths, with ./ before one that begins with a dash, so that none looks like an option."""
    return (f"./{source}" if source.startswith("-") and source != "-" else source for source in corpora)


def _repeat_command(
    corpora: tuple[str, ...], run: "Run", plan: "Plan", given: Mapping[str, Any], processes: int
) -> str:
    """Build the command that trains a planned run's model again: another name, its steps, and all chosen options."""
    words = _command(corpora, processes)
    chosen = {**given, **plan.options}
    for parameter in command.params:
        value = chosen.get(parameter.name or "")
        if parameter.name in ONCE or not isinstance(parameter, click.Option) or value is None or value is False:
            continue
        words.append(parameter.opts[0])
        if not parameter.is_flag:
            words.append(str(value))
    return pasteable([*words, "--name", f"{run.name}-again", *options.where(run.folder.parent)])
