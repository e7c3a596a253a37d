"""``charrnn corpus``: write a training text: prose, code or random exercises."""

import sys
from pathlib import Path

import click

from charrnn.cli.shared.files import write_file
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import say

CORPORA = ("english", "python", "addition", "parity", "brackets")
"""The corpora, in the order in which the help names them."""

SUFFIXES = {"k": 1_000, "M": 1_000_000}


def number_of_characters(value: str) -> int:
    """Parse ``value``, such as 5000, 500k or 2M.

    Raises:
        click.BadParameter: ``value`` is not such a number.
    """
    digits, factor = (value[:-1], SUFFIXES[value[-1]]) if value[-1:] in SUFFIXES else (value, 1)
    try:
        return int(digits) * factor
    except ValueError:
        raise click.BadParameter(
            f"the size must be a number of characters, not {value!r}: write 5000, 500k or 2M."
        ) from None


def lengths_of_questions(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Parse ``value``, such as 200 or 1-20, as the least and the greatest length.

    Raises:
        click.BadParameter: ``value`` is neither a number nor a range.
    """
    if value is None:
        return None
    least, dash, greatest = value.partition("-")
    try:
        return int(least), int(greatest if dash else least)
    except ValueError:
        raise click.BadParameter(
            f"the lengths must be a number or a range, not {value!r}: write 200 or 1-20."
        ) from None


@click.command("corpus")
@click.argument("name", metavar="NAME", type=click.Choice(CORPORA))
@option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
@option("--overwrite", is_flag=True, help="Replace the output file if it exists.")
@option(
    "--size",
    type=number_of_characters,
    metavar="N",
    help="Length in characters, such as 5000, 500k or 2M.",
    unset="the whole text; 1M for addition, parity and brackets",
)
@option(
    "--lengths",
    callback=lengths_of_questions,
    metavar="N-M",
    help="Lengths of the questions, such as 1-20 or 200, in digits per number, bits or brackets.",
    unset="addition 1-3, parity 1-20, brackets 1-30",
)
@option(
    "--rng-seed",
    type=int,
    metavar="N",
    default=0,
    show_default=True,
    help="Seed of the random generator. For english and python, 0 keeps their parts in order, any other shuffles them.",
)
def command(
    name: str, output: Path | None, overwrite: bool, size: int | None, lengths: tuple[int, int] | None, rng_seed: int
) -> None:
    """Write a training text: Python's documentation, its source, or randomly generated exercises.

    \b
    NAME is one of
      english   the prose of Python's documentation
      python    the source of Python's standard library
      addition  sums, such as 12+345=357
      parity    bits and their parity (1 if the number of ones is odd), such as 0110100=1
      brackets  brackets, then =, then the closing brackets that are missing: ([]{( = )})

    charrnn eval --exact counts a model's right answers to the last three.
    """  # noqa: D301 - click reads the backspace
    from charrnn.text.generate import generate

    pieces = generate(name, size, rng_seed, lengths)
    if output is None or output == Path("-"):
        sys.stdout.buffer.writelines(piece.encode() for piece in pieces)
        sys.stdout.buffer.flush()
        return
    characters = write_file(pieces, output, overwrite=overwrite, option="--output")
    say(f"wrote {output} ({characters:,} characters)")
