"""Printing: data goes to stdout, all else to stderr."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from charrnn.cli.shared.terminal import CONTROL_ESCAPES, put
from charrnn.display import trimmed, visible, width_of
from charrnn.storage.metrics import finite
from charrnn.system import is_closed_pipe

if TYPE_CHECKING:
    from charrnn.text.vocabulary import Vocabulary

FALLBACK_WIDTH = 80

LINE_ENDS = {ord(end): repr(end)[1:-1] for end in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"}
"""Escapes for Unicode's line ends inside a line, such as a newline in the name of a file."""


def say(text: str = "", *, err: bool = True) -> None:
    """Print one line to stderr, or to stdout if it is data (``err=False``).

    A line for stderr that cannot be written, as on a full disk, is dropped, so that the command still succeeds.
    """
    stream = sys.stderr if err else sys.stdout
    try:
        put(f"{as_line(text, stream)}\n".encode(stream.encoding, "backslashreplace"), stream)
    except OSError as error:
        if not err or is_closed_pipe(error):
            raise


def as_line(text: str, stream: IO[Any]) -> str:
    """Escape line ends in a text; for a terminal, escape all control characters."""
    line = text.translate(LINE_ENDS)
    return line.translate(CONTROL_ESCAPES) if stream.isatty() else line


def announce_compilation(*, quiet: bool = False) -> None:
    """When kernels begin to compile, print a line, unless ``quiet``, and let other processes help."""
    from charrnn.compiling import allow_helpers
    from charrnn.kernels.jit import CACHE_FOLDER, compile_listeners

    allow_helpers()
    if quiet:
        return

    def announce(kept: bool) -> None:
        if kept:
            say("compiling kernels that this machine has not used before: up to 20 seconds")
        else:
            say("compiling: takes up to 20 seconds at each start, as no cache folder is writable")

    if CACHE_FOLDER:
        compile_listeners.append(announce)
    else:  # no cache is searched, so the kernels always compile
        announce(kept=False)


def compile_for(checkpoint: Path, precision: str | None) -> None:
    """Let another process compile what sampling from a checkpoint, or asking it, needs."""
    from charrnn.compiling import compile_beside

    compile_beside({"checkpoint": str(checkpoint.absolute()), "precision": precision})


def print_json(value: Any, *, err: bool = False) -> None:
    """Print a value as one line of JSON, to stderr if ``err``; NaN and the infinities become null."""
    put(f"{json.dumps(finite(value), allow_nan=False)}\n", sys.stderr if err else sys.stdout)


def print_event(event: Any) -> None:
    """Print a dataclass as one line of JSON, with its name in snake_case as the ``event``."""
    from charrnn.training.events import event_dict

    print_json(event_dict(event))


def json_name(symbol: str, vocabulary: "Vocabulary") -> str | int | None:
    """Return a symbol's value in JSON: a character, a byte's number, or None for a document's end."""
    if symbol == vocabulary.end:
        return None
    return ord(symbol) if vocabulary.unit == "byte" else symbol


def table(rows: Sequence[Sequence[str]], *, left: int = 1) -> Iterable[str]:
    """Align rows in columns: the first ``left`` columns to the left, the others to the right."""
    lines = [[cell.translate(LINE_ENDS) for cell in row] for row in rows]
    columns = [aligned(column, to_the_left=index < left) for index, column in enumerate(zip(*lines, strict=True))]
    for cells in zip(*columns, strict=True):
        yield "  ".join(cells).rstrip()


def aligned(cells: Sequence[str], *, to_the_left: bool) -> list[str]:
    """Pad texts to equal width."""
    widths = [width_of(cell) for cell in cells]
    gaps = [" " * (max(widths) - width) for width in widths]
    return [cell + gap if to_the_left else gap + cell for cell, gap in zip(cells, gaps, strict=True)]


def terminal_width(stream: IO[Any]) -> int:
    """Return the width of the terminal behind a stream, in columns."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or FALLBACK_WIDTH
    except (OSError, ValueError):  # no terminal, or not even a file
        return FALLBACK_WIDTH


def progress_bar(**attributes: Any) -> Any:
    """Create a bar of tqdm on stderr, from 0 to 1, that disappears when closed."""
    import threading

    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no extra thread that redraws
    tqdm.set_lock(threading.RLock())  # tqdm's own lock is a system semaphore, which os._exit would leak
    return tqdm(total=1.0, file=sys.stderr, leave=False, **attributes)


def bar_width(stream: IO[Any]) -> int:
    """Return the columns for a progress bar: at least 1, as tqdm takes 0 for no limit and hangs below 0."""
    return max(1, terminal_width(stream) - 1)


def one_line(text: str, width: int) -> str:
    """Cut a text to one terminal line of ``width`` columns, with control characters escaped."""
    return trimmed(("⏎" if piece == "\\n" else piece for piece in visible(text)), width)


def duration(seconds: float) -> str:
    """Format seconds as 3:07 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def counted(count: float, noun: str) -> str:
    """Format a count with its noun, such as 1 step or 2 steps."""
    return f"{count:,.12g} {noun}{'' if count == 1 else 's'}"


def budget(limits: Mapping[Any, float]) -> str:
    """Say at which limits a run ends, such as "30 steps or 2 minutes"."""
    return " or ".join(counted(limit, name[:-1]) for name, limit in limits.items())


def number(value: float | None, form: str = ",.3f") -> str:
    """Format a number, or None as a dash."""
    return "-" if value is None else format(value, form)
