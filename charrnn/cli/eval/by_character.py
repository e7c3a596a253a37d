"""Reports of a scored text by character or by line, written while the text is read."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from charrnn.cli.shared.output import LINE_ENDS, json_name, number
from charrnn.cli.shared.terminal import CONTROL_ESCAPES
from charrnn.text.symbols import to_text
from charrnn.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from charrnn.scoring.score import ScoredText

SHADES = (None, 230, 229, 228, 222, 216, 209, 203, 196)
"""Backgrounds of characters, from expected to surprising: white, yellow, red of the 256 colours of terminals."""

BITS_OF_A_SHADE = 1.5

RESET = "\x1b[0m"


@dataclass(frozen=True)
class Line:
    """A line of a scored text.

    Attributes:
        origin: the file's path, or "stdin".
        number: the line's number in the file, from 1.
        text: the line without its newline; for a model of bytes, each byte is the character of that number.
        characters: the number of characters, with the newline.
        bits_per_character: mean over the predicted characters; NaN if there are none.
        bits: bits of each character, NaN where none is predicted; empty unless requested.
    """

    origin: str
    number: int
    text: str
    characters: int
    bits_per_character: float
    bits: npt.NDArray[np.float64]


class Lines:
    """The lines of a scored text, joined from its parts; each line is passed to ``show``.

    A document's end also ends a line.

    Args:
        show: a function that receives each line.
        vocabulary: the model's vocabulary.
        with_bits: whether ``show`` needs the bits of each character, which take eight bytes.
    """

    def __init__(self, show: Callable[[Line], None], vocabulary: Vocabulary, *, with_bits: bool) -> None:
        self._show, self._end, self._with_bits = show, vocabulary.end, with_bits
        self._origin, self._number = "", 1
        self._begin()

    def _begin(self) -> None:
        """Begin a line."""
        self._text: list[str] = []
        self._bits = [np.empty(0)]
        self._characters = self._predicted = 0
        self._sum = 0.0

    def add(self, scored: "ScoredText") -> None:
        """Add the next part of the text."""
        if scored.piece.start == 0:
            self.finish()
            self._origin, self._number = scored.piece.origin, 1
        bits, start = scored.bits, 0
        text = scored.text.replace(self._end, "\n") if self._end else scored.text
        for line in text.split("\n")[:-1]:
            end = start + len(line) + 1
            self._take(line, bits[start:end])
            self._hand_over()
            start = end
        if start < len(bits):
            self._take(text[start:], bits[start:])

    def finish(self) -> None:
        """Pass on the last line of a file, which may lack a newline."""
        if self._characters:
            self._hand_over()

    def _take(self, text: str, bits: npt.NDArray[np.float64]) -> None:
        predicted = bits[~np.isnan(bits)]
        self._text.append(text)
        self._characters += len(bits)
        self._predicted += len(predicted)
        self._sum += float(predicted.sum())
        if self._with_bits:
            self._bits.append(bits)

    def _hand_over(self) -> None:
        mean = self._sum / self._predicted if self._predicted else math.nan
        bits = np.concatenate(self._bits)
        self._show(Line(self._origin, self._number, "".join(self._text), self._characters, mean, bits))
        self._begin()
        self._number += 1


def line_as_json(line: Line, unit: str) -> str:
    """Format a line as a JSON object."""
    bpc = line.bits_per_character
    return json.dumps(
        {
            "source": line.origin,
            "line": line.number,
            "bits_per_character": None if math.isnan(bpc) else bpc,
            "characters": line.characters,
            "text": to_text(line.text, unit),
        }
    )


def line_as_columns(line: Line, unit: str, *, named: bool, escaped: bool) -> str:
    """Format a line as bits per character, line number (after the file's name if ``named``) and text, between tabs.

    Bytes that are not UTF-8 become surrogates; if ``escaped``, they and control characters become escapes.
    """
    bpc = line.bits_per_character
    origin = line.origin.translate(LINE_ENDS)
    text = to_text(line.text, unit, "backslashreplace" if escaped else "surrogateescape")
    if escaped:
        origin, text = origin.translate(CONTROL_ESCAPES), text.removesuffix("\r").translate(CONTROL_ESCAPES)
    place = f"{origin}:{line.number}" if named else str(line.number)
    return f"{number(None if math.isnan(bpc) else bpc, '.4f')}\t{place}\t{text}"


def line_as_heat(line: Line, unit: str) -> str:
    """Format a line for a terminal: the more bits a character costs, the redder its background."""
    shown: list[str] = []
    now = None
    for character, bits in _visible(line, unit):
        shade = SHADES[int(min(bits / BITS_OF_A_SHADE, len(SHADES) - 1))] if bits >= 0 else None  # NaN has none
        if shade != now:
            shown.append(RESET if shade is None else f"\x1b[30;48;5;{shade}m")
            now = shade
        shown.append(character)
    return "".join(shown) + (RESET if now is not None else "")


def _visible(line: Line, unit: str) -> Iterator[tuple[str, float]]:
    """Yield each character, escaped for a terminal, with its bits; newlines become spaces, UTF-8 bytes are joined."""
    symbols = line.text + "\n" * (len(line.bits) - len(line.text))
    start, returns = 0, len(symbols) - 2 if symbols.endswith("\r\n") else len(symbols)
    while start < len(symbols):
        end = start + (_utf8_length(symbols, start) if unit == "byte" else 1)
        character = symbols[start:end]
        if end - start > 1:
            character = character.encode("latin-1").decode()
        elif unit == "byte" and character > "\x7f":
            character = f"\\x{ord(character):02x}"
        is_end = character == "\n" or start == returns
        yield " " if is_end else character.translate(CONTROL_ESCAPES), sum(line.bits[start:end])
        start = end


def _utf8_length(symbols: str, start: int) -> int:
    """Return the bytes of the UTF-8 character that begins at ``start``; 1 if none does."""
    if symbols[start] < "\x80":
        return 1
    for length in (2, 3, 4):
        try:
            if len(symbols[start : start + length].encode("latin-1").decode()) == 1:
                return length
        except UnicodeDecodeError:
            continue
    return 1


def characters_as_json(scored: "ScoredText", vocabulary: Vocabulary) -> str:
    """Format each character as a line of JSON: itself (a byte, or null for a document's end), its bits and rank."""
    unit = vocabulary.unit
    names = {c: json.dumps(json_name(c, vocabulary)) for c in set(scored.text)}
    return "".join(
        f'{{"{unit}": {names[c]}, "bits": {f"{bits:.7g}" if math.isfinite(bits) else "null"}, '
        f'"rank": {rank or "null"}}}\n'
        for c, bits, rank in zip(scored.text, scored.bits.tolist(), scored.ranks.tolist(), strict=True)
    )
