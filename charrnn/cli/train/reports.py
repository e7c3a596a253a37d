"""Reports of a training run: text and a progress bar on stderr, JSON on stdout, or nothing."""

import dataclasses
import math
import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any

from charrnn.cli.shared.output import (
    as_line,
    bar_width,
    counted,
    duration,
    one_line,
    print_event,
    progress_bar,
    say,
    terminal_width,
)
from charrnn.display import width_of
from charrnn.kinds.kind import Kind
from charrnn.kinds.metric import Metric
from charrnn.text.symbols import to_text
from charrnn.training.events import (
    AdaptationChosen,
    Evaluated,
    Event,
    Finished,
    MemberEvent,
    Mixed,
    NotMixed,
    RolledBack,
    Sampled,
    SaveFailed,
    Started,
    StepDone,
)

if TYPE_CHECKING:
    from charrnn.job import TrainingJob

Field = tuple[int, str]
"""A rank and a piece of a line. If the line is too long, the pieces with the highest ranks are left out."""

SHORTEST_BAR = 10

AGAIN = "(trains the same model, bit for bit)"

SMOOTHED_STEPS = 50
"""Steps over which the bar's training loss is averaged."""


class NoReport:
    """A report that shows nothing."""

    stream: IO[str] = sys.stderr

    def show(self, event: Event) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonReport(NoReport):
    """A report of one JSON object for each event, on stdout."""

    def __init__(self, unit: str) -> None:
        self.stream = sys.stdout
        self._unit = unit

    def show(self, event: Event) -> None:
        """Print the event."""
        if isinstance(event, Sampled):
            event = dataclasses.replace(event, text=to_text(event.text, self._unit))
        print_event(event)


class TextReport:
    """A header, a line and a sample for each evaluation, the next command, and on a terminal a progress bar.

    Args:
        job: the job whose events are shown.
        length: when the run ends, in words.
        next_command: the command that samples from the trained model.
        repeat_command: the command that trains the same model again; None if there is none.
    """

    def __init__(self, job: "TrainingJob", length: str, next_command: str, repeat_command: str | None) -> None:
        self._job, self._length = job, length
        self._next_command, self._repeat_command = next_command, repeat_command
        self.stream, self._joined = sys.stderr, False
        self._bar = Bar(job.trainer.metric, unit_of(job)) if sys.stderr.isatty() else None

    def show(self, event: Event) -> None:
        """Show the event."""
        if isinstance(event, StepDone) and self._bar:
            self._bar.show(event)
        elif isinstance(event, Started):
            for line in self._header(event):
                say(line)
        elif isinstance(event, Evaluated):
            self._write(fitting(evaluation_fields(event, self._job.trainer.metric, unit_of(self._job)), self._width()))
            if self._bar:
                self._bar.validated = event.val[self._job.trainer.metric.name]
        elif isinstance(event, Sampled):
            text = to_text(event.text, self._job.trainer.vocabulary.unit)
            self._write("  " + one_line(text, terminal_width(sys.stderr) - 3))
        elif isinstance(event, MemberEvent):
            self._show_member(event)
        elif line_of := LINES.get(type(event)):
            self._joined |= isinstance(event, Mixed)
            self._write(line_of(event))
        elif isinstance(event, SaveFailed):
            self._write(f"step {event.step:,}  {event.why}; training goes on and saves again later")
        elif isinstance(event, Finished):
            self.close()
            for line in self._footer(event):
                say(line)

    def _show_member(self, event: MemberEvent) -> None:
        """Show an event of a further network."""
        if isinstance(event.event, Started):
            done = event.event.resumed_from
            resumed = f", resumed after step {done:,}" if done else ""
            self._write(f"network {event.member} of {event.members}{resumed}, in {event.event.run}")
        elif not isinstance(event.event, Finished):
            self.show(event.event)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar:
            self._bar.close()

    def _header(self, started: Started) -> list[str]:
        config = self._job.trainer.config
        held_out = f"{started.val_characters:,}" if started.val_characters else "none"
        files = f"{started.files:,} files, " if started.files > 1 else ""
        unit = config.kind.counted
        split = f"{files}{started.characters:,} {unit} for training, {held_out} for validation"
        different = f", vocabulary of {started.vocabulary:,}" if unit == Kind.counted else ""
        fitted = "hidden_size" in started.chosen
        further = counted(self._job.members - 1, "further network") if self._job.members > 1 else ""
        joining = " and ".join(filter(None, (further, "counts of the text" * self._job.counts)))
        joined = f"; {joining} join{'s' * (joining == '1 further network')} it at the end" if joining else ""
        why = f", chosen for this text and {counted(self._job.trainer.settings.minutes, 'minute')}" if fitted else ""
        return [
            f"text:  {split}{different}",
            f"model: {config.title}, {started.parameters:,} {config.kind.learned}{why}{joined}",
            f"run:   {self._length}",
            f"saved: {self._saves()}",
            *([f"again: {AGAIN} {self._repeat_command}"] if self._repeat_command else []),
            *(f"note:  {note}" for note in started.notes),
        ]

    def _saves(self) -> str:
        """Say when the run is saved, and where."""
        run, every = self._job.started.run, self._job.save_every
        if "steps" in self._job.trainer.config.kind.lacks:
            return f"at the end, in {run}"
        often = "about once a minute" if not every else "after each step" if every == 1 else f"every {every:,} steps"
        return f"{often} and at each evaluation, in {run}; Ctrl-C saves and stops, --resume continues"

    def _footer(self, finished: Finished) -> list[str]:
        if finished.reason == "interrupted":
            return []
        run = self._job.run
        if finished.step == self._job.started.resumed_from and not self._joined:
            if "steps" in self._job.trainer.config.kind.lacks:
                return ["nothing left to do: the whole text has been counted"]
            if finished.reason == "patience":
                return ["nothing left to do: validation has stopped improving; raise --patience to train on"]
            limits = "raise --steps, --epochs or --minutes to train on"
            return [f"nothing left to do: the run has reached its limit of {finished.reason}; {limits}"]
        if finished.best is None:
            saved = f"saved: {run.last}"
        else:
            saved = f"best:  {finished.best:.3f} {finished.metric} on the validation text, {run.best}"
        hint = [f"hint:  {finished.hint}"] if finished.hint else []
        return [*self._late(finished), saved, *hint, f"next:  {self._next_command}"]

    def _late(self, finished: Finished) -> list[str]:
        """Return a note if the run's time was up before all its steps were done."""
        steps = self._job.trainer.settings.steps
        if finished.reason != "minutes" or not steps:
            return []
        further = "--resume with more --minutes trains on"
        if self._repeat_command:
            further = "the command after 'again:' trains all of them"
        return [f"note:  time was up after {finished.step:,} of {steps:,} steps; {further}"]

    def _width(self) -> int | None:
        return terminal_width(sys.stderr) if self._bar else None

    def _write(self, line: str) -> None:
        if self._bar:
            self._bar.write(line)
        else:
            say(line)


class Bar:
    """A progress bar on stderr, as wide as the terminal.

    Attributes:
        validated: the metric's value in the last evaluation.

    Args:
        metric: the metric that is shown.
        unit: what the throughput counts, such as "chars".
    """

    def __init__(self, metric: Metric, unit: str) -> None:
        self._tqdm = progress_bar(
            bar_format="{percentage:3.0f}% {bar} {desc}",
            miniters=0,
            mininterval=0.1,
            delay=1e-9,  # draws nothing before the first step
        )
        self._metric, self._unit, self._trained = metric, unit, Mean()
        self.validated: float | None = None

    def show(self, event: StepDone) -> None:
        """Show a step."""
        trained = event.train.get(self._metric.name)
        width = bar_width(sys.stderr)
        left = event.seconds * (1 - event.progress) / max(event.progress, 1e-9)
        fields = [
            (3, f"epoch {event.epoch:.2f}"),
            *([(0, f"train {self._trained.add(trained):.3f}")] if trained is not None else []),
            *([(1, f"val {self.validated:.3f}")] if self.validated is not None else []),
            (4, f"{event.chars_per_second:,.0f} {self._unit}/s"),
            (2, f"{duration(left)} left"),
        ]
        self._tqdm.ncols = width
        self._tqdm.set_description_str(fitting(fields, width - len("100%  ") - SHORTEST_BAR), refresh=False)
        self._tqdm.update(event.progress - self._tqdm.n)

    def write(self, line: str) -> None:
        """Print a line above the bar."""
        self._tqdm.write(as_line(line, sys.stderr), file=sys.stderr)

    def close(self) -> None:
        """Remove the bar."""
        self._tqdm.close()


class Mean:
    """A running mean: exact for the first ``SMOOTHED_STEPS`` values, then exponentially weighted."""

    def __init__(self) -> None:
        self._count, self._mean = 0, 0.0

    def add(self, value: float) -> float:
        """Add a value and return the mean."""
        self._count = min(self._count + 1, SMOOTHED_STEPS)
        self._mean += (value - self._mean) / self._count
        return self._mean


def unit_of(job: "TrainingJob") -> str:
    """Return what a run's throughput counts: characters, or the rows of a series."""
    unit = job.trainer.config.kind.counted
    return "chars" if unit == Kind.counted else unit


def evaluation_fields(event: Evaluated, metric: Metric, unit: str) -> list[Field]:
    """Return the fields of an evaluation's line; the throughput is in ``unit`` per second."""
    name, trained, value = metric.name, event.train.get(metric.name), event.val[metric.name]
    validated = [] if value is None else [(0, f"val {value:.3f} {name}")]
    if value is not None and metric.nats:
        validated.append((4, f"({value * metric.nats:.3f} nats)"))
    return [
        (1, f"step {event.step:,}"),
        (3, f"epoch {event.epoch:.2f}"),
        *([(2, f"train {trained:.3f} {name}")] if trained is not None else []),
        *validated,
        (6, f"lr {event.learning_rate:.2g}"),
        (5, f"{event.chars_per_second:,.0f} {unit}/s"),
    ]


def rollback_line(event: RolledBack) -> str:
    """Return the line that reports a divergence."""
    return (
        f"step {event.step:,}  diverged ({event.why}): training goes on from step {event.back_to:,}, "
        f"with the learning rate times {event.rate_factor:g}"
    )


def adaptation_line(event: AdaptationChosen) -> str:
    """The line that reports how the model is to learn from a text that it reads."""
    nats = f"{event.nats:.3f} nats instead of {event.default_nats:.3f}"
    return (
        f"adapts best at rate {event.rate:g}, segments of {event.segment} and decay {event.decay:g}: {nats} on "
        f"{event.characters:,} characters of the validation text; chosen in {event.seconds:.0f} s"
    )


def mixed_line(event: Mixed) -> str:
    """The line that reports what counts of the text and further networks are worth beside the network."""
    alone, mixed = event.nats / math.log(2), event.mixed_nats / math.log(2)
    unit, tried = f"bits per {event.unit}", [f"{len(event.further_nats)} further"] if event.further_nats else []
    if event.path is None:
        others = " and ".join(tried + ["counts of the text"] * (event.counts_nats is not None))
        return f"{others} gain too little beside the network, {alone:.3f} {unit}: they are left out"
    used = "predict and eval use both" if event.answers else "eval uses both, sample the network alone"
    others = "counts of the text"
    if event.networks > 1:
        joined = [counted(event.networks - 1, "further network"), *["counts of the text"] * event.has_counts]
        others, used = " and ".join(joined), used.replace("both", "all")
    left = len(event.further_nats) + 1 - event.networks
    out = f" ({counted(left, 'network')} gained too little)" if left else ""
    size = f"{event.size / 1e6:.1f} MB, the network alone {event.network_size / 1e6:.1f}"
    return f"mixed: {mixed:.3f} {unit} with {others}{out}, {alone:.3f} without, {event.path} ({size}); {used}"


def not_mixed_line(event: NotMixed) -> str:
    """The line that says why nothing is mixed with the network."""
    return f"nothing joins the network: {event.why}"


LINES: dict[type, Callable[[Any], str]] = {
    RolledBack: rollback_line,
    AdaptationChosen: adaptation_line,
    Mixed: mixed_line,
    NotMixed: not_mixed_line,
}
"""The functions that make the line of an event."""


def fitting(fields: Sequence[Field], width: int | None) -> str:
    """Join as many fields as fit into ``width`` columns, or all if ``width`` is None."""
    kept = list(fields)
    while True:
        line = "  ".join(text for _, text in kept)
        if width is None or width_of(line) <= width or len(kept) == 1:
            return line
        kept.remove(max(kept))
