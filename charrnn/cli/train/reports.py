"""What a training run shows: text and a progress bar on stderr, or JSON on stdout, or nothing."""

import dataclasses
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

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
from charrnn.training.events import Evaluated, Event, Finished, RolledBack, Sampled, SaveFailed, Started, StepDone

if TYPE_CHECKING:
    from charrnn.job import TrainingJob

Field = tuple[int, str]
"""A piece of a line, after its rank: where the line is too long, the greatest ranks are left out."""

SHORTEST_BAR = 10

SMOOTHED_STEPS = 50
"""Steps over which the bar's training loss is averaged."""


class NoReport:
    """Shows nothing."""

    stream: IO[str] = sys.stderr

    def show(self, event: Event) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonReport(NoReport):
    """One JSON object for each event, on stdout."""

    def __init__(self, unit: str) -> None:
        self.stream = sys.stdout
        self._unit = unit

    def show(self, event: Event) -> None:
        """Print the event."""
        if isinstance(event, Sampled):
            event = dataclasses.replace(event, text=to_text(event.text, self._unit))
        print_event(event)


class TextReport:
    """A header, a line and a sample at each evaluation, what to do next, and on a terminal a progress bar."""

    def __init__(self, job: "TrainingJob", budget: str, next_command: str, repeat_command: str | None) -> None:
        self._job, self._budget = job, budget
        self._next_command, self._repeat_command = next_command, repeat_command
        self.stream = sys.stderr
        self._bar = Bar(job.trainer.metric) if sys.stderr.isatty() else None

    def show(self, event: Event) -> None:
        """Show the event."""
        if isinstance(event, StepDone) and self._bar:
            self._bar.show(event)
        elif isinstance(event, Started):
            for line in self._header(event):
                say(line)
        elif isinstance(event, Evaluated):
            self._write(fitting(evaluation_fields(event, self._job.trainer.metric), self._width()))
            if self._bar:
                self._bar.validated = event.val[self._job.trainer.metric.name]
        elif isinstance(event, Sampled):
            text = to_text(event.text, self._job.trainer.vocabulary.unit)
            self._write("  " + one_line(text, terminal_width(sys.stderr) - 3))
        elif isinstance(event, RolledBack):
            self._write(rollback_line(event))
        elif isinstance(event, SaveFailed):
            self._write(f"step {event.step:,}  {event.why}; the run goes on and tries again")
        elif isinstance(event, Finished):
            self.close()
            for line in self._footer(event):
                say(line)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.close()

    def _header(self, started: Started) -> list[str]:
        config = self._job.trainer.config
        counted_in = config.kind.counted
        different = f", {started.vocabulary} different ones" if counted_in == Kind.counted else ""
        validation = f" + {started.val_characters:,} to validate" if started.val_characters else ""
        threads = counted(started.threads, "thread")
        resumed = f", resumed after step {started.resumed_from:,}" if started.resumed_from else ""
        return [
            f"text:  {started.characters:,} {counted_in}{validation}{different}",
            f"model: {config.title}, {started.parameters:,} {config.kind.learned}, {threads}",
            f"run:   {started.run}{resumed}, {self._budget}",
            *(f"plan:  {line}" for line in started.plan),
            *([f"again: {self._repeat_command}"] if self._repeat_command else []),
            *(f"note:  {note}" for note in started.notes),
        ]

    def _footer(self, finished: Finished) -> list[str]:
        if finished.reason == "interrupted":
            return []
        run = self._job.run
        if finished.step == self._job.started.resumed_from:
            if "steps" in self._job.trainer.config.kind.lacks:
                return ["all of the text has been counted already"]
            if finished.reason == "patience":
                return ["this run has waited long enough for a better evaluation; give it more --patience"]
            return [f"this run has done all its {finished.reason}; give it more with --steps, --epochs or --minutes"]
        if finished.best is None:
            saved = f"saved: {run.last}"
        else:
            saved = f"best:  {finished.best:.3f} {finished.metric} on the validation text, {run.best}"
        hint = [f"hint:  {finished.hint}"] if finished.hint else []
        return [*self._late(finished), saved, *hint, f"next:  {self._next_command}"]

    def _late(self, finished: Finished) -> list[str]:
        """What to know about a run whose minutes were over before its steps."""
        steps = self._job.trainer.settings.steps
        if finished.reason != "minutes" or not steps:
            return []
        all_of_them = ", all of which the command above trains" if self._repeat_command else ""
        return [f"note:  the minutes were over after {finished.step:,} of {steps:,} steps{all_of_them}"]

    def _width(self) -> int | None:
        return terminal_width(sys.stderr) if self._bar else None

    def _write(self, line: str) -> None:
        if self._bar:
            self._bar.write(line)
        else:
            say(line)


class Bar:
    """A progress bar on stderr that fits the terminal at any moment.

    Attributes:
        validated: the metric's value in the last evaluation.

    Args:
        metric: what is shown.
    """

    def __init__(self, metric: Metric) -> None:
        self._tqdm = progress_bar(
            bar_format="{percentage:3.0f}% {bar} {desc}",
            miniters=0,
            mininterval=0.1,
            delay=1e-9,  # draws nothing before the first step
        )
        self._metric, self._trained = metric, Mean()
        self.validated: float | None = None

    def show(self, event: StepDone) -> None:
        """Move on to a step."""
        trained = event.train.get(self._metric.name)
        width = bar_width(sys.stderr)
        left = event.seconds * (1 - event.progress) / max(event.progress, 1e-9)
        fields = [
            (3, f"epoch {event.epoch:.2f}"),
            *([(0, f"train {self._trained.add(trained):.3f}")] if trained is not None else []),
            *([(1, f"val {self.validated:.3f}")] if self.validated is not None else []),
            (4, f"{event.chars_per_second:,.0f} chars/s"),
            (2, f"{duration(left)} left"),
        ]
        self._tqdm.ncols = width
        self._tqdm.set_description_str(fitting(fields, width - len("100%  ") - SHORTEST_BAR), refresh=False)
        self._tqdm.update(event.progress - self._tqdm.n)

    def write(self, line: str) -> None:
        """Print a line above the bar."""
        self._tqdm.write(as_line(line, sys.stderr), file=sys.stderr)

    def close(self) -> None:
        """Take the bar away."""
        self._tqdm.close()


class Mean:
    """A running mean that forgets the past: exact at first, later of about ``SMOOTHED_STEPS`` values."""

    def __init__(self) -> None:
        self._count, self._mean = 0, 0.0

    def add(self, value: float) -> float:
        """Take a value in; returns the mean."""
        self._count = min(self._count + 1, SMOOTHED_STEPS)
        self._mean += (value - self._mean) / self._count
        return self._mean


def evaluation_fields(event: Evaluated, metric: Metric) -> list[Field]:
    """The line of an evaluation."""
    name, trained, value = metric.name, event.train.get(metric.name), event.val[metric.name]
    validated = [] if value is None else [(0, f"val {value:.3f} {name}")]
    if value is not None and metric.nats:
        validated.append((4, f"({value * metric.nats:.3f} nats)"))
    return [
        (1, f"step {event.step:,}"),
        (3, f"epoch {event.epoch:.2f}"),
        *([(2, f"train {trained:.3f} {name}")] if trained is not None else []),
        *validated,
        (6, f"rate {event.learning_rate:.2g}"),
        (5, f"{event.chars_per_second:,.0f} chars/s"),
    ]


def rollback_line(event: RolledBack) -> str:
    """What is told of a divergence."""
    return (
        f"step {event.step:,}  diverged ({event.why}): back to step {event.back_to:,}, "
        f"the learning rate times {event.rate_factor:g} from there"
    )


def fitting(fields: Sequence[Field], width: int | None) -> str:
    """One line of the fields, as many as fit into ``width`` columns; all of them without one."""
    kept = list(fields)
    while True:
        line = "  ".join(text for _, text in kept)
        if width is None or width_of(line) <= width or len(kept) == 1:
            return line
        kept.remove(max(kept))
