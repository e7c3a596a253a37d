"""Writers that print samples: as text, JSON or a table of probabilities.

A writer's ``portion`` is the number of characters that it prints at a time; see ``charrnn.session.Session.steps``.
"""

import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from charrnn.cli.sample.display import PORTION, Display
from charrnn.cli.shared.output import json_name, print_json
from charrnn.display import is_harmless
from charrnn.sampling.growth import DrawnPiece, Step
from charrnn.text.symbols import to_text
from charrnn.text.vocabulary import Vocabulary

LN2 = math.log(2)


LabelOf = Callable[[int], str]
"""Function that returns the label that was drawn for a text; empty if there is none."""


def no_label(text: int) -> str:
    """Return no label, for models without labels."""
    return ""


def head(display: Display, text: int, rng_seeds: Sequence[int | None]) -> None:
    """Print the line before each of several texts."""
    if len(rng_seeds) > 1:
        display.line(f"--- sample {text + 1} of {len(rng_seeds)}: --rng-seed {rng_seeds[text]} ---")


class TextWriter:
    """A writer of the texts, the first one while it is drawn; a line with the seed precedes each of several texts.

    Documents that are lines have no such line; each is printed as a line. A label that was drawn is printed before its
    text, followed by a tab.
    """

    portion = PORTION

    def __init__(
        self, vocabulary: Vocabulary, prefix: str, rng_seeds: Sequence[int | None], label: LabelOf = no_label
    ) -> None:
        self.display = Display(vocabulary.unit)
        self._prefix, self._seeds, self._label = prefix, rng_seeds, label
        self._lines = vocabulary.documents == "line"
        self._last = "\n"

    def begin(self, text: int) -> None:
        """Begin a text."""
        if not self._lines:
            head(self.display, text, self._seeds)
        if label := self._label(text):
            self._write(f"{label}\t")
        self._write(self._prefix)

    def step(self, step: Step) -> None:
        """Write the characters of a step."""
        self._write(step.piece.symbols)

    def end(self, step: Step) -> None:
        """End a text with its last step."""
        self.display.end()
        if self.display.is_terminal or self._lines or (len(self._seeds) > 1 and self._last != "\n"):
            self.display.line("")
        self._last = "\n"

    def _write(self, symbols: str) -> None:
        self.display.write(symbols)
        self._last = symbols[-1:] or self._last


class JsonWriter:
    """A writer that passes a JSON object for each text to ``show``."""

    portion = 0

    def __init__(
        self,
        vocabulary: Vocabulary,
        prefix: str,
        rng_seeds: Sequence[int | None],
        settings: dict[str, Any],
        probabilities: bool,
        show: Callable[[dict[str, Any]], None] = print_json,
        label: LabelOf = no_label,
    ) -> None:
        self._show, self._label = show, label
        self._vocabulary, self._prefix, self._seeds = vocabulary, prefix, rng_seeds
        self._settings, self._probabilities = settings, probabilities

    def begin(self, text: int) -> None:
        """Begin a text."""
        self._steps: list[Step] = []

    def step(self, step: Step) -> None:
        """Keep the characters of a step."""
        self._steps.append(step)

    def end(self, step: Step) -> None:
        """Pass on the object."""
        unit = self._vocabulary.unit
        symbols = "".join(each.piece.symbols for each in self._steps)
        drawn = [each.predicted for each in self._steps]
        nats = [nats for piece in drawn for nats in piece.nats]
        result = {
            "text": to_text(self._prefix + symbols, unit),
            "seed": to_text(self._prefix, unit),
            "characters": len(symbols),
            "bits_per_character": math.fsum(nats) / LN2 / len(nats) if nats else None,  # exact, however cut
            "stop_reason": step.stop_reason,
            "rng_seed": self._seeds[step.text],
        }
        if label := self._label(step.text):
            result["label"] = label
        if self._probabilities:
            name = partial(json_name, vocabulary=self._vocabulary)
            result["probabilities"] = [
                {unit: name(c), "probability": p, "rivals": {name(o): other_p for o, other_p in others}}
                for piece in drawn
                for c, p, others in ranked(piece, self._vocabulary)
            ]
        self._show(result | self._settings)


class ProbabilityWriter:
    """A writer of a line for each drawn character: its probability, and the most probable characters with theirs."""

    portion = 1

    def __init__(self, vocabulary: Vocabulary, rng_seeds: Sequence[int | None], label: LabelOf = no_label) -> None:
        self._vocabulary, self._seeds, self._label = vocabulary, rng_seeds, label
        self._display = Display(vocabulary.unit)

    def begin(self, text: int) -> None:
        """Begin a text."""
        head(self._display, text, self._seeds)
        if label := self._label(text):
            self._display.line(f"--- {label} ---")

    def step(self, step: Step) -> None:
        """Write the characters of a step."""
        for c, p, others in ranked(step.predicted, self._vocabulary):
            cells = [self._quoted(c), f"{p:.6f}"]
            for other, other_p in others:
                cells += [self._quoted(other), f"{other_p:.6f}"]
            self._display.line("\t".join(cells))

    def end(self, step: Step) -> None:
        """End a text with its last step."""

    def _quoted(self, symbol: str) -> str:
        """Format a symbol: in quotes with control characters escaped; null for the end of a document."""
        return "null" if symbol == self._vocabulary.end else json.dumps(symbol, ensure_ascii=not is_harmless(symbol))


Ranked = tuple[str, float, list[tuple[str, float]]]
"""A symbol, its probability, and the most probable symbols with theirs."""


def ranked(piece: DrawnPiece, vocabulary: Vocabulary) -> list[Ranked]:
    """List each character with the most probable ones; all probabilities are the model's, at temperature 1."""
    rows = zip(piece.symbols, piece.nats, piece.top_ids, piece.top_logprobs, strict=True)
    return [
        (
            c,
            math.exp(-nats),
            [(vocabulary.symbols[i], math.exp(logprob)) for i, logprob in zip(ids, logprobs, strict=True)],
        )
        for c, nats, ids, logprobs in rows
    ]
