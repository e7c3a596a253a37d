"""``charrnn sample``: draw text from a model."""

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import announce_compilation, print_json, readable, say
from charrnn.errors import ConfigError

FLUSH_SECONDS = 0.05
"""Longest time that a drawn character waits to be shown."""


@click.command("sample")
@options.target
@option(
    "--seed",
    "--prime",
    "--primetext",
    "--start-text",
    "seed",
    metavar="TEXT",
    default="",
    help="Text to continue; - reads standard input, @FILE a file.",
)
@option("--length", type=int, default=500, show_default=True, help="Characters to draw.")
@option(
    "--temperature",
    type=float,
    default=0.8,
    show_default=True,
    help="Below 1 safer, above 1 wilder, 0 always the most probable character.",
)
@option("--rng-seed", type=int, help="Seed of the random generator.", unset="another one each time")
@options.checkpoints
@options.as_json
def command(
    *,
    target: str | None,
    seed: str,
    length: int,
    temperature: float,
    rng_seed: int | None,
    checkpoints: Path,
    as_json: bool,
) -> None:
    """Draw text from a model: a RUN, a checkpoint FILE, or else the newest run.

    The text goes to stdout as it is drawn, after the seed. The seed is continued exactly as it is, with the newline at
    the end of a file.
    """
    import secrets

    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints)
    prefix = _read_seed(seed)
    announce_compilation()
    from charrnn.api import Model

    model = Model.load(path, threads=1)  # one stream is one thread's work
    rng_seed = secrets.randbits(32) if rng_seed is None else rng_seed
    unit = model.vocabulary.unit
    start = model.symbols(prefix if unit == "byte" else _decoded(prefix))
    drawn = model.stream(prefix if unit == "byte" else start, length=length, temperature=temperature, rng_seed=rng_seed)
    if as_json:
        print_json(
            {
                "text": readable(start + "".join(drawn), unit),
                "seed": readable(start, unit),
                "length": length,
                "temperature": temperature,
                "rng_seed": rng_seed,
                "checkpoint": str(path),
            }
        )
        return
    encoding = "latin-1" if unit == "byte" else "utf-8"
    sys.stdout.buffer.write(start.encode(encoding))
    _write_as_drawn((character.encode(encoding) for character in drawn), sys.stdout.buffer)
    if sys.stdout.isatty():
        click.echo()
    say(f"drawn from {path} with --rng-seed {rng_seed}")


def _read_seed(seed: str) -> bytes:
    """The bytes that the option --seed stands for."""
    if seed == "-":
        return sys.stdin.buffer.read()
    if not seed.startswith("@"):
        return seed.encode("utf-8", "surrogateescape")  # bytes that the locale could not read, as they were
    try:
        return Path(seed[1:]).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read the seed from {seed[1:]!r}: {error.strerror}; write --seed @FILE with a file that is there"
        ) from error


def _decoded(seed: bytes) -> str:
    try:
        return seed.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"the seed must be UTF-8 text for a model of characters, but its byte {error.start} is not; re-encode it"
        ) from error


def _write_as_drawn(pieces: Iterable[bytes], file: BinaryIO) -> None:
    """Write pieces so that a reader sees them as they come, without a system call for each."""
    shown = 0.0  # long ago, so that the first one shows at once
    for piece in pieces:
        file.write(piece)
        if (now := time.monotonic()) - shown > FLUSH_SECONDS:
            file.flush()
            shown = now
    file.flush()
