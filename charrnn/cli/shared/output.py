"""Printing: data goes to stdout, all else to stderr."""

import json
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from charrnn.cli.shared.terminal import ESCAPES, put

if TYPE_CHECKING:
    from charrnn.text.vocabulary import Vocabulary

FALLBACK_WIDTH = 80


def say(text: str = "", *, err: bool = True) -> None:
    """Print a line that is not data, or to stdout one that is; names of files in it are harmless on a terminal.

    A line that is not data is lost where there is no room for it: nothing else should fail for that.
    """
    stream = sys.stderr if err else sys.stdout
    try:
        put(f"{text.translate(ESCAPES) if stream.isatty() else text}\n", stream)
    except OSError as error:
        if not err or isinstance(error, BrokenPipeError):
            raise


def announce_compilation() -> None:
    """Say so if kernels have to be compiled, when that begins."""
    from charrnn.kernels.jit import CACHE_FOLDER, compile_listeners

    def announce(kept: bool) -> None:
        if kept:
            say("compiling for this machine: some 20 seconds, once")
        else:
            say("compiling: up to 20 seconds at each start, because no folder for compiled code can be written")

    if CACHE_FOLDER:
        compile_listeners.append(announce)
    else:  # nothing is looked for
        announce(kept=False)


def print_json(value: Any, *, err: bool = False) -> None:
    """Print a value as one line of JSON, to stderr if ``err``; NaN and the infinities become null."""
    put(f"{json.dumps(finite(value), allow_nan=False)}\n", sys.stderr if err else sys.stdout)


def json_name(symbol: str, vocabulary: "Vocabulary") -> str | int | None:
    """A symbol as JSON has it: a character, a byte's number, or None for a document's end."""
    if symbol == vocabulary.end:
        return None
    return ord(symbol) if vocabulary.unit == "byte" else symbol


def finite(value: Any) -> Any:
    """The value, with None for the floats that JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def table(rows: Sequence[Sequence[str]], *, left: int = 1) -> Iterable[str]:
    """Lines of aligned columns: the first ``left`` columns to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line = "  ".join(f"{{:{'<' if index < left else '>'}{width}}}" for index, width in enumerate(widths))
    for row in rows:
        yield line.format(*row).rstrip()


def terminal_width(stream: IO[Any]) -> int:
    """Columns of the terminal behind a stream."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or FALLBACK_WIDTH
    except (OSError, ValueError):  # no terminal, or not even a file
        return FALLBACK_WIDTH


def one_line(text: str, width: int) -> str:
    """A text on one line of a terminal, control characters escaped, cut to ``width`` columns."""
    from tqdm.utils import disp_trim

    shown = (c if c.isprintable() else "⏎" if c == "\n" else repr(c)[1:-1] for c in text)
    return str(disp_trim("".join(shown), width))


def duration(seconds: float) -> str:
    """Seconds as 3:07 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


MOST_AHEAD = 300
"""Seconds by which a clock may be ahead of this one without a word; see ``charrnn.storage.run``."""


def age(seconds: float) -> str:
    """How long ago something was, in its largest unit."""
    if seconds < -MOST_AHEAD:
        return "in the future"
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"


def size(count: float) -> str:
    """Bytes as 1.2 MB."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000 or unit == "GB":
            break
    return f"{count:.1f} {unit}"


def counted(count: float, noun: str) -> str:
    """A count and its noun, in the plural if need be."""
    return f"{count:,.12g} {noun}{'' if count == 1 else 's'}"


def budget(limits: Mapping[Any, float]) -> str:
    """When a run ends."""
    return " or ".join(counted(limit, name[:-1]) for name, limit in limits.items())


def number(value: float | None, form: str = ",.3f") -> str:
    """A number, or a dash for none."""
    return "-" if value is None else format(value, form)
