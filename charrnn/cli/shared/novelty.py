"""What the texts that were drawn have copied from a corpus."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.cli.shared.output import counted, one_line, print_json, say, terminal_width
from charrnn.sampling.growth import Step
from charrnn.scoring.novelty import MOST_PASSAGES, Novelty, novelties
from charrnn.text.sources import read_pieces
from charrnn.text.symbols import to_text


class KeepingWriter:
    """Another writer; keeps what was drawn.

    Attributes:
        texts: the symbols of each text, without its prefix.
    """

    def __init__(self, writer: Any) -> None:
        self.texts: list[str] = []
        self._writer = writer

    def begin(self, text: int) -> None:
        """Before the first step of a text."""
        self._pieces: list[str] = []
        self._writer.begin(text)

    def step(self, step: Step) -> None:
        """What was drawn."""
        self._pieces.append(step.piece.symbols)
        self._writer.step(step)

    def end(self, step: Step) -> None:
        """After the last step of a text."""
        self.texts.append("".join(self._pieces))
        self._writer.end(step)


def tell_novelty(
    texts: Sequence[str], results: Sequence[dict[str, Any]], sources: Sequence[str], encoding: str, unit: str
) -> None:
    """Compare the texts with a corpus, and print what was found.

    Args:
        texts: symbols.
        results: an object for each text, to be printed with what was found, whether that could be or not; if there are
            none, lines on stderr tell it.
        sources: files, folders, or "-" for standard input.
        encoding: of these.
        unit: of the model that has drawn the texts.

    Raises:
        CorpusError: a source cannot be read or decoded.
    """
    found: list[Novelty | None] = [None] * len(texts)
    try:
        pieces = read_pieces(sources, encoding=encoding, as_bytes=unit == "byte")
        found[:] = compared = novelties(texts, (piece.text for piece in pieces))
    finally:
        for result, novelty in zip(results, found, strict=False):
            print_json(result | {"novelty": novelty and novelty_as_json(novelty, unit)})
    if not results:
        for line in novelty_lines(compared, sources, unit):
            say(line)


def novelty_as_json(novelty: Novelty, unit: str) -> dict[str, Any]:
    """As JSON can hold it."""
    passages = [
        {"start": passage.start, "characters": len(passage.text), "text": to_text(passage.text, unit)}
        for passage in novelty.passages
    ]
    return {"copied": novelty.copied, "share": novelty.share, "shortest": novelty.shortest, "passages": passages}


def novelty_lines(compared: Sequence[Novelty], sources: Sequence[str], unit: str) -> Iterator[str]:
    """Lines that tell of all texts together."""
    characters, copied = (sum(getattr(novelty, name) for novelty in compared) for name in ("characters", "copied"))
    yield (
        f"copied: {copied / max(characters, 1):.1%} of {counted(characters, 'character')}, in passages of at least "
        f"{compared[0].shortest} that {' '.join(sources)} holds"
    )
    passages = {passage.text for novelty in compared for passage in novelty.passages}
    for text in sorted(passages, key=lambda text: (-len(text), text))[:MOST_PASSAGES]:
        start = f"  {len(text):,}: "
        yield start + one_line(to_text(text, unit), terminal_width(sys.stderr) - len(start) - 1)
