"""What a run's losses say about what to change."""

from collections.abc import Mapping, Sequence
from typing import Any

from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

LAST = 3
"""Evaluations at the run's end that all have to say the same: a single one may be chance."""

RISEN = 1.005
"""A validation loss so many times the lowest one has risen."""

APART, ALIKE = 1.15, 1.05
"""A validation loss so many times the training loss is far above it, or about the same."""

LEAST_APART = 0.05
"""Bits per character: two losses that differ by less are not far from each other, however small they are."""

DIGITS = 3
"""After the point, of the losses that are told: what is said of them must be true of these."""


def advice(evaluations: Sequence[Mapping[str, Any]], metric: Metric = BITS_PER_CHARACTER) -> str | None:
    """A line of advice for the next run; None where the figures are too few or say nothing clear.

    The training loss is a mean over the steps since the evaluation before, with dropout: what it is by then is lower.

    Args:
        evaluations: the lines of metrics.jsonl, oldest first.
        metric: a loss, which is looked at; of others, nothing is said.
    """
    name = metric.name
    if not metric.nats:
        return None
    losses = [
        (round(line[f"train_{name}"], DIGITS), round(line[f"val_{name}"], DIGITS), line["step"])
        for line in evaluations
        if line.get(f"val_{name}") is not None and line.get(f"train_{name}") is not None
    ]
    if len(losses) <= LAST:
        return None
    train, val, _ = losses[-1]
    best = min(losses, key=lambda each: each[1])
    if train < best[0] and min(each[1] for each in losses[-LAST:]) > RISEN * best[1]:
        return (
            f"overfitting: since step {best[2]:,}, validation has risen from {best[1]:.3f} to {val:.3f} {name}, while "
            f"training fell to {train:.3f}: more text helps most, else more --dropout, a smaller model or fewer steps"
        )
    if val > APART * train and val - train >= LEAST_APART:
        return (
            f"validation ({val:.3f} {name}) is far above training ({train:.3f}): more text helps, or more --dropout; "
            "unless the end of the text is of another kind"
        )
    before = losses[-LAST - 1 : -1]
    if val < min(each[1] for each in before) and train < before[0][0] and val < ALIKE * train:
        how = "are alike and" if val * ALIKE > train else "are"
        figures = f"validation ({val:.3f} {name}) and training ({train:.3f})"
        return f"{figures} {how} still falling: train longer, or a larger model"
    return None
