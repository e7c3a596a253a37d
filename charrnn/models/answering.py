"""Base class of the kinds that answer lines; they learn from rows of an input and a target answer."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from charrnn.kinds.metric import Metric
from charrnn.models.rows import RowsKind

BITS = Metric("bits", "bits per answer", nats=math.log(2))

PREVIEWED = 3
"""Rows that a preview shows."""


class AnsweringKind(RowsKind):
    """A kind whose models answer lines."""

    answers = True
    metrics: ClassVar[tuple[Metric, ...]] = (BITS,)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """Answer a few random rows, and show the target beside each wrong answer; see ``Kind``."""
        import numpy as np

        chosen = np.random.default_rng((rng_seed, step)).permutation(len(data.rows))[:PREVIEWED]
        rows = [data.rows[at] for at in chosen]
        questions = [self.line_of(row) for row in rows]
        answers = self.predictor(network, vocabulary).predict(questions)
        return "\n".join(
            f"{question} -> {best.text}" + f" (wanted: {row.wanted})" * (best.text != row.wanted)
            for row, question, (best, *_) in zip(rows, questions, answers, strict=True)
        )

    def line_of(self, row: Any) -> str:
        """The line that a predictor is given for a row: its input."""
        given: str = row.given
        return given
