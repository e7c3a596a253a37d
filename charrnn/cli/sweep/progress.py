"""Reports of a sweep: a line for each run and a progress bar on stderr, JSON on stdout, or nothing."""

import sys
from typing import IO

from charrnn.cli.shared.output import as_line, bar_width, counted, duration, number, print_event, progress_bar, say
from charrnn.display import trimmed
from charrnn.sweeps.sweep import RunEnded, RunEvaluated, SweepEvent, SweepStarted


class NoProgress:
    """A report that shows nothing.

    Attributes:
        stream: the stream that it writes to.
    """

    stream: IO[str] = sys.stderr

    def show(self, event: SweepEvent) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonProgress(NoProgress):
    """A report of one JSON object for each event, on stdout."""

    def __init__(self) -> None:
        self.stream = sys.stdout

    def show(self, event: SweepEvent) -> None:
        """Print the event."""
        print_event(event)
        sys.stdout.flush()


class TextProgress(NoProgress):
    """A line for each run that ends, and on a terminal a bar over all runs."""

    def __init__(self) -> None:
        self.stream = sys.stderr
        self._bar = progress_bar(
            bar_format="{percentage:3.0f}% {bar} {desc}{remaining} left",
            ncols=bar_width(sys.stderr),
            disable=not sys.stderr.isatty(),
        )

    def show(self, event: SweepEvent) -> None:
        """Show the event."""
        if isinstance(event, SweepStarted):
            before = f", {counted(event.failed, 'run')} failed before (--retry-failed)" if event.failed else ""
            self._write(f"sweep: {event.sweep}, {counted(event.runs, 'run')}, {event.to_train} to train{before}")
        elif isinstance(event, RunEnded):
            self._write(_line(event))
            self._move(event.progress, "")
        elif isinstance(event, RunEvaluated):
            self._move(event.progress, f"{event.run} {number(event.value)}  ")

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def _move(self, progress: float, text: str) -> None:
        if not self._bar.disable:
            self._bar.ncols = bar_width(sys.stderr)
            self._bar.set_description_str(trimmed(text, self._bar.ncols // 2), refresh=False)
            self._bar.update(progress - self._bar.n)

    def _write(self, line: str) -> None:
        if self._bar.disable:
            say(line)
        else:
            self._bar.write(as_line(line, sys.stderr), file=sys.stderr)


def _line(ended: RunEnded) -> str:
    if ended.state == "failed":
        return f"{ended.run}  failed: {ended.why}"
    figures = f"{number(ended.best)} {ended.metric}, {counted(ended.steps, 'step')}, {duration(ended.seconds)}"
    return f"{ended.run}  {'saved at' if ended.state == 'cut' else ended.state}: {figures}"
