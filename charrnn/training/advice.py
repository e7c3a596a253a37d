"""Advice for the next run, drawn from the losses of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from charrnn.kinds.metric import BITS_PER_CHARACTER, Metric

LAST = 3
"""Number of the most recent evaluations that must agree, as a single one may be chance."""

RISEN = 1.005
"""A validation loss above this multiple of the lowest one counts as risen."""

APART, ALIKE = 1.15, 1.05
"""Ratios of validation to training loss: above the first they are far apart, below the second they are alike."""

LEAST_APART = 0.05
"""Least difference, in bits per character, between losses that count as far apart."""

DIGITS = 3
"""Decimals of reported losses; losses are rounded before they are compared, so that the advice fits them."""


def advice(evaluations: Sequence[Mapping[str, Any]], metric: Metric = BITS_PER_CHARACTER) -> str | None:
    """Advise on the next run in one line; None if the losses are too few or unclear.

    A training loss is a mean over all steps since the previous evaluation, with dropout. So it overestimates the loss
    that the model now has.

    Args:
        evaluations: the lines of metrics.jsonl, oldest first.
        metric: the metric to judge by; if it is not a loss, there is no advice.
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
            f"validation ({val:.3f} {name}) is far above training ({train:.3f}): more text or more --dropout helps "
            "(unless the end of the text, which validates, is unlike the rest)"
        )
    before = losses[-LAST - 1 : -1]
    if val < min(each[1] for each in before) and train < before[0][0] and val < ALIKE * train:
        how = "are alike and" if val * ALIKE > train else "are"
        figures = f"validation ({val:.3f} {name}) and training ({train:.3f})"
        return f"{figures} {how} still falling: train longer, or a larger model"
    return None
