"""Report of the passages that drawn texts have copied from a corpus."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.cli.shared.output import counted, one_line, print_json, say, terminal_width
from charrnn.sampling.growth import Step
from charrnn.scoring.novelty import MOST_PASSAGES, Novelty, novelties
from charrnn.text.documents import read_documents
from charrnn.text.surrogates import CODE_UNIT
from charrnn.text.symbols import to_text
from charrnn.text.vocabulary import Vocabulary


class KeepingWriter:
    """A writer that wraps another one and keeps the drawn texts.

    Args:
        writer: the other writer.
        results: the list to which ``writer`` adds a JSON object for each text, if it prints JSON.
        prefix: the beginning of the document that each text continues; None if it is not known.

    Attributes:
        portion: the other writer's ``portion``.
        results: the list of JSON objects.
        texts: the symbols of each text, without its prefix.
        documents: the whole document, with its prefix, of each text; None if the text ended before its document.
        cut_off: number of texts that ended because they reached the maximum length.
    """

    def __init__(self, writer: Any, results: list[dict[str, Any]], prefix: str | None) -> None:
        self.portion, self.results = writer.portion, results
        self.texts: list[str] = []
        self.documents: list[str | None] = []
        self.cut_off = 0
        self._writer, self._prefix = writer, prefix

    def begin(self, text: int) -> None:
        """Begin a text."""
        self._pieces: list[str] = []
        self._writer.begin(text)

    def step(self, step: Step) -> None:
        """Write the characters of a step."""
        self._pieces.append(step.piece.symbols)
        self._writer.step(step)

    def end(self, step: Step) -> None:
        """End a text with its last step."""
        text = "".join(self._pieces)
        is_whole = step.stop_reason == "end" and self._prefix is not None
        self.texts.append(text)
        self.cut_off += step.stop_reason == "length"
        self.documents.append(f"{self._prefix}{text}" if is_whole else None)
        self._writer.end(step)


def tell_novelty(drawn: KeepingWriter, sources: Sequence[str], encoding: str, vocabulary: Vocabulary) -> None:
    """Compare the texts with a corpus and print the result, in each text's JSON or in lines on stderr.

    Args:
        drawn: the writer that has kept the texts; their JSON is printed even if a source cannot be read.
        sources: files, folders, or "-" for standard input.
        encoding: the sources' encoding.
        vocabulary: the model's vocabulary; it also tells how the corpus is split into documents.

    Raises:
        CorpusError: A source cannot be read or decoded.
    """
    unit, texts, documents = vocabulary.unit, drawn.texts, drawn.documents
    if unit == CODE_UNIT:
        unit, texts = "character", [to_text(text, unit) for text in texts]
        documents = [document and to_text(document, CODE_UNIT) for document in documents]
    found: list[Novelty | None] = [None] * len(drawn.texts)
    try:
        pieces = read_documents(sources, vocabulary.documents, encoding=encoding, unit=unit)
        found[:] = compared = novelties(texts, (piece.text for piece in pieces), documents=documents)
    finally:
        for result, novelty in zip(drawn.results, found, strict=False):
            print_json(result | {"novelty": novelty and novelty_as_json(novelty, unit)})
    if not drawn.results:
        for line in novelty_lines(compared, drawn.cut_off, sources, unit):
            say(line)


def novelty_as_json(novelty: Novelty, unit: str) -> dict[str, Any]:
    """Return a result as JSON values."""
    passages = [
        {"start": passage.start, "characters": len(passage.text), "text": to_text(passage.text, unit)}
        for passage in novelty.passages
    ]
    return {
        "copied": novelty.copied,
        "share": novelty.share,
        "shortest": novelty.shortest,
        "passages": passages,
        "document": novelty.document,
    }


def novelty_lines(compared: Sequence[Novelty], cut_off: int, sources: Sequence[str], unit: str) -> Iterator[str]:
    """Yield lines that summarise all texts; ``cut_off`` of them reached the maximum length."""
    corpus = " ".join(sources)
    if whole := [novelty.document for novelty in compared if novelty.document is not None]:
        found = f"{sum(whole):,} of {counted(len(whole), 'complete document')} {'is' if sum(whole) == 1 else 'are'}"
        others = f"; {cut_off:,} {'was' if cut_off == 1 else 'were'} cut off by --length" if cut_off else ""
        yield f"copied: {found} in {corpus} word for word{others}"
    characters, copied = (sum(getattr(novelty, name) for novelty in compared) for name in ("characters", "copied"))
    yield (
        f"copied: {copied / max(characters, 1):.1%} of {counted(characters, 'character')}, in passages of at least "
        f"{compared[0].shortest} that {corpus} holds"
    )
    passages = {passage.text for novelty in compared for passage in novelty.passages}
    for text in sorted(passages, key=lambda text: (-len(text), text))[:MOST_PASSAGES]:
        start = f"  {len(text):,}: "
        yield start + one_line(to_text(text, unit), terminal_width(sys.stderr) - len(start) - 1)
