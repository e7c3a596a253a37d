r"""Answers to checked requests, as JSON values in the form of OpenAI's completions API.

A token is a character; of a model of bytes it is a byte, which is written ``bytes:\xe2`` where it is none of ASCII.
"""

import codecs
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from charrnn.api import Model
from charrnn.errors import CharrnnError
from charrnn.kinds.contract import Answer
from charrnn.kinds.line_context import InContext
from charrnn.sampling.batch import settings_for
from charrnn.sampling.growth import DrawnPiece
from charrnn.serving.bodies import CompletionRequest, PredictionRequest
from charrnn.text.symbols import to_text

FINISH_REASONS = {"length": "length", "stop": "stop", "end": "stop"}
"""By the reason why a text has ended."""


class DrawnPart(NamedTuple):
    """An addition to one of a request's texts."""

    number: int
    """The text's number."""
    piece: DrawnPiece
    """Its characters."""
    text: str
    """The same as text; a character of several bytes comes with its last one."""
    offset: int
    """Number of tokens of the text before it, with the prompt."""
    drawn: bool
    """Whether the characters are drawn; else they are the prompt."""
    stop_reason: str = ""
    """Why the text ends here; see ``charrnn.sampling.growth.Step``. Empty if it goes on."""


def drawn_parts(model: Model, asked: CompletionRequest, interrupted: Callable[[], bool]) -> Iterator[DrawnPart]:
    """Draw a request's texts, text after text; each part takes about as long as a chunk (``growth.CHUNK_SECONDS``).

    Raises:
        CharrnnError: a setting or a prompt does not suit the model.
    """
    writer = model if asked.given is None else model.given(asked.given)
    unit, size = writer.vocabulary.unit, len(writer.vocabulary)
    settings, top = settings_for(unit, dict(asked.settings)), min(asked.top or 0, size)
    for place, prompt in enumerate(asked.prompts):
        batch = writer.batch(prompt, num_samples=asked.n, rng_seed=asked.seed, unknown=asked.unknown)
        prefix = prompt_piece(writer, batch.prefix, asked.top if asked.echo else None)
        text, decode, offset = -1, PieceDecoder(unit), 0
        for step in batch.steps(settings, top=top, interrupted=interrupted):
            number = place * asked.n + step.text
            if step.text != text:
                text, decode, offset = step.text, PieceDecoder(unit), len(batch.prefix)
                yield DrawnPart(number, prefix, decode(batch.prefix, last=True), 0, drawn=False)
            said = decode(step.piece.symbols, last=bool(step.stop_reason))
            yield DrawnPart(number, step.piece, said, offset, drawn=True, stop_reason=step.stop_reason)
            offset += len(step.piece.symbols)


def prompt_piece(model: Model, symbols: str, top: int | None) -> DrawnPiece:
    """The prompt, with the probabilities of its characters if ``top`` asks for them."""
    if top is None or not symbols:
        return DrawnPiece(symbols, np.empty(0), np.empty((0, 0), np.int32), np.empty((0, 0)))
    return model.logprobs(to_text(symbols, model.vocabulary.unit, "surrogateescape"), top=top)


class PieceDecoder:
    """Decodes the symbols of one text piece by piece."""

    def __init__(self, unit: str) -> None:
        self._unit, self._utf8 = unit, codecs.getincrementaldecoder("utf-8")("replace")

    def __call__(self, symbols: str, *, last: bool) -> str:
        """Decode some symbols; ``last`` says that no more follow."""
        if self._unit == "byte":
            return self._utf8.decode(symbols.encode("latin-1"), last)
        return to_text(symbols, self._unit)


class Answering:
    """Builds the JSON of a completion.

    Args:
        name: the model's name.
        model: the model.
        asked: the request.
    """

    def __init__(self, name: str, model: Model, asked: CompletionRequest) -> None:
        self._vocabulary, self._asked = model.vocabulary, asked
        self._common = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": name,
        }
        self._prompts: dict[int, int] = {}
        self._drawn = 0

    def count(self, part: DrawnPart) -> None:
        """Count a part's tokens for ``usage``; of a prompt that several texts continue, once."""
        if part.drawn:
            self._drawn += len(part.piece.symbols)
        else:
            self._prompts[part.number // self._asked.n] = len(part.piece.symbols)

    def events(self, part: DrawnPart) -> Iterator[dict[str, Any]]:
        """The events of a stream that a part becomes: with probabilities, one for each character."""
        self.count(part)
        if part.drawn or self._asked.echo:
            for small in self._split(part):
                if small.text or small.piece.symbols:
                    yield self._chunk(small)
        if part.stop_reason:
            yield self._common | {"choices": [choice_of(part.number, "", None, FINISH_REASONS[part.stop_reason])]}

    def last_events(self) -> Iterator[dict[str, Any]]:
        """What a stream ends with: the numbers of tokens, if they were asked for."""
        if self._asked.usage:
            yield self._common | {"choices": [], "usage": self._usage()}

    def whole(self, parts: Sequence[DrawnPart]) -> dict[str, Any]:
        """The answer that is sent when all texts are complete."""
        texts: dict[int, list[DrawnPart]] = {}
        for part in parts:
            self.count(part)
            texts.setdefault(part.number, []).append(part)
        choices = []
        for index, own in sorted(texts.items()):
            shown = [part for part in own if part.drawn or self._asked.echo]
            logprobs = None
            if self._asked.top is not None:
                each = [self._logprobs(part) for part in shown]
                logprobs = {name: [value for one in each for value in one[name]] for name in each[0]}
            text = "".join(part.text for part in shown)
            choices.append(choice_of(index, text, logprobs, FINISH_REASONS[own[-1].stop_reason]))
        return self._common | {"choices": choices, "usage": self._usage()}

    def _chunk(self, part: DrawnPart) -> dict[str, Any]:
        logprobs = None if self._asked.top is None else self._logprobs(part)
        return self._common | {"choices": [choice_of(part.number, part.text, logprobs, None)]}

    def _split(self, part: DrawnPart) -> Iterator[DrawnPart]:
        """Split a part into its characters if their probabilities are told."""
        if self._asked.top is None or not part.drawn:
            yield part
            return
        of_characters, count = self._vocabulary.unit == "character", len(part.piece.symbols)
        for place in range(count):
            piece = part.piece.part(place, place + 1)
            # Of bytes, a character may begin in one part and end in the next.
            text = piece.symbols if of_characters else part.text * (place == count - 1)
            yield DrawnPart(part.number, piece, text, part.offset + place, drawn=True)

    def _logprobs(self, part: DrawnPart) -> dict[str, list[Any]]:
        piece, symbols = part.piece, self._vocabulary.symbols
        alternatives: list[Any] = [
            {self._token(symbols[i]): float(value) for i, value in zip(ids, values, strict=True)}
            for ids, values in zip(piece.top_ids, piece.top_logprobs, strict=True)
        ]
        told = [None if np.isnan(nats) else -float(nats) for nats in piece.nats]
        return {
            "tokens": list(map(self._token, piece.symbols)),
            "token_logprobs": told,
            "top_logprobs": [None if value is None else tops for value, tops in zip(told, alternatives, strict=True)],
            "text_offset": [part.offset + place for place in range(len(piece.symbols))],
        }

    def _token(self, symbol: str) -> str:
        is_byte = self._vocabulary.unit == "byte" and not symbol.isascii()
        return f"bytes:\\x{ord(symbol):02x}" if is_byte else symbol

    def _usage(self) -> dict[str, int]:
        prompts = sum(self._prompts.values())
        return {"prompt_tokens": prompts, "completion_tokens": self._drawn, "total_tokens": prompts + self._drawn}


def choice_of(index: int, text: str, logprobs: Any, finish_reason: str | None) -> dict[str, Any]:
    """One text of an answer, or an addition to it."""
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}


ANSWERED_TOGETHER = 1000
"""Characters of lines that are answered in one part, or a single longer line."""


def answered_parts(model: Model, asked: PredictionRequest) -> Iterator[list[dict[str, Any]]]:
    """Answer lines part by part; how they are cut into parts changes no answer.

    Raises:
        CharrnnError: the model does not answer, or a line does not suit it.
    """
    model.answers([])  # raises if the model does not answer
    answers = InContext(partial(model.answers, top=asked.top), model.config.kind.context(model.config))
    first, lines = 0, asked.lines
    while first < len(lines):
        last, characters = first + 1, len(lines[first])
        while last < len(lines) and characters + len(lines[last]) <= ANSWERED_TOGETHER:
            characters += len(lines[last])
            last += 1
        found = _answered(answers, lines, first, last, asked.unknown)
        yield [
            {"index": place, "input": lines[place], "answers": [answer._asdict() for answer in own]}
            for place, own in enumerate(found, first)
        ]
        first = last


def _answered(answers: InContext, lines: Sequence[str], first: int, last: int, unknown: str) -> list[list[Answer]]:
    """Answer the lines from ``first`` to before ``last``; an error names the line, from 1, if there are several."""
    try:
        return answers(lines[first:last], unknown=unknown)
    except CharrnnError as error:
        for place in range(first, last):
            try:
                answers(lines[place : place + 1], unknown=unknown)
            except CharrnnError as own:
                raise type(own)(f"line {place + 1}: {own}" if len(lines) > 1 else str(own)) from None
        raise error
