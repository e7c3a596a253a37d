"""A run's metrics: a file with one JSON object per line, each with its step."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charrnn.errors import RunError
from charrnn.storage.atomic import append, reason, write_atomically, writing


def append_metrics(path: Path, record: Mapping[str, Any]) -> None:
    """Append one line and return when it is on the disk.

    Args:
        path: The file, which is created if needed.
        record: A flat mapping of plain JSON values; NaN and the infinities become null.

    Raises:
        RunError: The file cannot be written.
    """
    with writing(path):
        append(path, _line(record))


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the records, oldest first; none if there is no file.

    A last line without a newline is omitted, as the process was killed while it wrote the line.

    Raises:
        RunError: The file cannot be read, or a line is not a JSON object.
    """
    return [record for _, record in _lines(path)]


def truncate_metrics(path: Path, step: int) -> None:
    """Remove the records after ``step``, which a resumed run writes again; call it before the first append.

    Records without a step are kept, and an unfinished last line is removed.

    Raises:
        RunError: See `read_metrics`; or the file cannot be written.
    """
    kept = [line + b"\n" for line, record in _lines(path) if not _is_after(record, step)]
    with writing(path):
        if path.is_file():
            write_atomically(path, kept)


def _lines(path: Path) -> list[tuple[bytes, dict[str, Any]]]:
    """Read each line, without its newline, and its record."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"cannot read {path}: {reason(error)}; make it a readable file") from error
    return [(line, _record(path, number, line)) for number, line in enumerate(lines, start=1)]


def _record(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise RunError(f"line {number} of {path} is not a JSON object: remove that line")
    return record


def _is_after(record: Mapping[str, Any], step: int) -> bool:
    at = record.get("step")
    return isinstance(at, int | float) and at > step


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(finite(dict(record)), allow_nan=False).encode() + b"\n"


def finite(value: Any) -> Any:
    """Replace NaN and the infinities, which JSON lacks, by None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
