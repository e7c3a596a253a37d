"""What the kinds have in common that answer: they learn from rows of what is given and what is wanted."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from charrnn.kinds.metric import Metric
from charrnn.models.rows import RowsKind

BITS = Metric("bits", "bits per answer", nats=math.log(2))

PREVIEWED = 3
"""Rows of a preview."""


class AnsweringKind(RowsKind):
    """A kind whose models answer lines."""

    answers = True
    metrics: ClassVar[tuple[Metric, ...]] = (BITS,)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """See ``Kind``: some rows and their answers."""
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
        """The line that asks a model for the answer of a row."""
        given: str = row.given
        return given
