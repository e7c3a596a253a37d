"""The forms in which samples are printed."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from charrnn.cli.shared.output import print_json
from charrnn.cli.shared.terminal import Display
from charrnn.sampling.growth import Piece, Step
from charrnn.text.symbols import to_text
from charrnn.text.vocabulary import Vocabulary

LN2 = math.log(2)


def head(display: Display, text: int, rng_seeds: Sequence[int | None]) -> None:
    """Of several texts, the line before each."""
    if len(rng_seeds) > 1:
        display.line(f"--- sample {text + 1} of {len(rng_seeds)}: --rng-seed {rng_seeds[text]} ---")


class TextWriter:
    """The texts themselves, the first as it is drawn; of several, each after a line that tells its seed.

    Texts that are lines need none: they are printed as lines.
    """

    def __init__(self, vocabulary: Vocabulary, prefix: str, rng_seeds: Sequence[int | None]) -> None:
        self.display = Display(vocabulary.unit)
        self._prefix, self._seeds = prefix, rng_seeds
        self._lines = vocabulary.documents == "line"
        self._last = "\n"

    def begin(self, text: int) -> None:
        """Before the first step of a text."""
        if not self._lines:
            head(self.display, text, self._seeds)
        self._write(self._prefix)

    def step(self, step: Step) -> None:
        """What was drawn."""
        self._write(step.piece.symbols)

    def end(self, step: Step) -> None:
        """After the last step of a text."""
        self.display.end()
        if self.display.is_terminal or self._lines or (len(self._seeds) > 1 and self._last != "\n"):
            self.display.line("")
        self._last = "\n"

    def _write(self, symbols: str) -> None:
        self.display.write(symbols)
        self._last = symbols[-1:] or self._last


class JsonWriter:
    """One object for each text, which goes to ``show``."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        prefix: str,
        rng_seeds: Sequence[int | None],
        settings: dict[str, Any],
        probabilities: bool,
        show: Callable[[dict[str, Any]], None] = print_json,
    ) -> None:
        self._show = show
        self._vocabulary, self._prefix, self._seeds = vocabulary, prefix, rng_seeds
        self._settings, self._probabilities = settings, probabilities

    def begin(self, text: int) -> None:
        """Before the first step of a text."""
        self._pieces: list[Piece] = []

    def step(self, step: Step) -> None:
        """Keep what was drawn."""
        self._pieces.append(step.piece)

    def end(self, step: Step) -> None:
        """Show the object."""
        unit = self._vocabulary.unit
        symbols = "".join(piece.symbols for piece in self._pieces)
        nats = math.fsum(nats for piece in self._pieces for nats in piece.nats)  # wherever the text was cut
        result = {
            "text": to_text(self._prefix + symbols, unit),
            "seed": to_text(self._prefix, unit),
            "characters": len(symbols),
            "bits_per_character": nats / LN2 / len(symbols) if symbols else None,
            "stop_reason": step.stop_reason,
            "rng_seed": self._seeds[step.text],
        }
        if self._probabilities:
            result["probabilities"] = [
                {"character": name, "probability": p, "rivals": dict(rivals)}
                for piece in self._pieces
                for name, p, rivals in ranked(piece, self._vocabulary)
            ]
        self._show(result | self._settings)


class ProbabilityWriter:
    """A line for each drawn character: it, its probability, then its rivals and theirs, between tabs."""

    def __init__(self, vocabulary: Vocabulary, rng_seeds: Sequence[int | None]) -> None:
        self._vocabulary, self._seeds = vocabulary, rng_seeds
        self._display = Display(vocabulary.unit)

    def begin(self, text: int) -> None:
        """Before the first step of a text."""
        head(self._display, text, self._seeds)

    def step(self, step: Step) -> None:
        """What was drawn."""
        for name, p, rivals in ranked(step.piece, self._vocabulary):
            cells = [quoted(name), f"{p:.6f}"]
            for rival, rival_p in rivals:
                cells += [quoted(rival), f"{rival_p:.6f}"]
            self._display.line("\t".join(cells))

    def end(self, step: Step) -> None:
        """After the last step of a text."""


def ranked(piece: Piece, vocabulary: Vocabulary) -> list[tuple[str, float, list[tuple[str, float]]]]:
    """Each character with its probability, and its rivals with theirs; all by the model, at temperature 1."""
    rows = zip(piece.symbols, piece.nats, piece.rivals, piece.rival_nats, strict=True)
    return [
        (
            c,
            math.exp(-nats),
            [(vocabulary.symbols[i], math.exp(-n)) for i, n in zip(ids, others, strict=True)],
        )
        for c, nats, ids, others in rows
    ]


def quoted(character: str) -> str:
    """A character that can be seen: between quotes, control characters escaped."""
    return json.dumps(character, ensure_ascii=not character.isprintable())
