"""Measure how well texts are predicted given their labels, and how much a label tells about a text."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kinds.evaluation import Evaluation
from charrnn.kinds.metric import BITS_PER_CHARACTER
from charrnn.models.conditional.batches import with_ends
from charrnn.models.conditional.data import labelled_texts_in
from charrnn.models.conditional.network import ConditionalNetwork
from charrnn.models.label_answers import ngrams_of
from charrnn.models.label_ngram.counts import (
    Float64s,
    added_up,
    by_bayes,
    count_texts,
    joint_log_probabilities,
    text_nats,
)
from charrnn.scoring.streams import go_on, losses_and_ranks
from charrnn.text.examples import Example, Examples
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.row_batches import RowIds, by_length, padded_rows

SCORED_TOGETHER = 64
"""Texts that are read in one batch."""

SCORED_STEPS = 256
"""Steps of a batch that are computed at a time."""


def nats_given(
    network: ConditionalNetwork, texts: Sequence[RowIds], classes: RowIds, before_window: Callable[[], None] = go_on
) -> Float64s:
    """Compute -ln p(text | label) (N,) of N texts of ids, each with its end, for the labels ``classes`` (N,)."""
    nats, end = np.empty(len(texts)), network.config.end
    for chosen in by_length(np.array([len(text) for text in texts], np.int64), SCORED_TOGETHER):
        ids, lengths = padded_rows([with_ends(texts[at], end) for at in chosen], len(chosen))
        x, y = ids[:-1], ids[1:]
        steps = min(SCORED_STEPS, len(x))
        buffers, state = network.buffers(steps, len(chosen)), network.initial_state(len(chosen))
        buffers.classes[:] = classes[chosen]
        total = np.zeros(len(chosen))
        for first in range(0, len(x), steps):
            before_window()
            window = network.run(x[first : first + steps], state, buffers)
            losses, _ = losses_and_ranks(network, window, y[first : first + steps])
            counted = np.arange(first, first + len(losses))[:, np.newaxis] < lengths - 1
            added_up(total, losses, counted)
        nats[chosen] = total
    return nats


def validate_given(network: ConditionalNetwork, data: Examples, before_window: Callable[[], None]) -> dict[str, float]:
    """Bits per character of texts given their labels; the end of each text counts as one character."""
    texts = [data.vocabulary.encode(row.given) for row in data.rows]
    classes = np.array([network.config.class_of(row.wanted) for row in data.rows], np.int32)
    nats = float(nats_given(network, texts, classes, before_window).sum())
    return {BITS_PER_CHARACTER.name: nats / math.log(2) / len(data)}


def evaluate_given(
    network: ConditionalNetwork, vocabulary: Vocabulary, text: str, training: Examples | None
) -> Evaluation:
    """Measure the bits per character with the label and without it, and the accuracy of the label by Bayes' rule.

    See ``charrnn.kinds.kind.Kind.evaluate``. Without the label, a text's probability is the sum over all labels of
    p(label) p(text | label). A text with a character or label that the model does not know has no probability and is
    left out.

    Raises:
        CorpusError: no text is left.
    """
    labels = network.config.labels
    all_rows = labelled_texts_in(text, network.config.columns)
    known_characters = set(vocabulary.characters)
    rows = [row for row in all_rows if row.wanted in labels and set(row.given) <= known_characters]
    if not rows:
        raise CorpusError(
            f"no text has a label and characters that the model knows: give labels such as {', '.join(labels[:3])}"
        )
    texts = [vocabulary.encode(row.given) for row in rows]
    each = [nats_given(network, texts, np.full(len(texts), number, np.int32)) for number in range(len(labels))]
    figures = {"model": figures_given(rows, labels, np.array(each), network.config.label_counts)}
    if training:
        counts = [sum(row.wanted == label for row in training.rows) for label in labels]
        ngrams = ngrams_of(training, labels)
        figures["n-gram per label"] = figures_given(rows, labels, ngrams.nats_of_each(texts), counts)
        known = [vocabulary.encode(row.given) for row in training.rows]
        alone = count_texts(ngrams.config.of_one_label, known)
        figures["n-gram"] = {"without": _bits(text_nats(alone, texts), rows)}
    left_out = len(all_rows) - len(rows)
    return Evaluation(
        f"{len(rows):,} texts" + f"; {left_out:,} with unknown characters or labels are left out" * bool(left_out),
        {
            "given": "bits per character given the label",
            "without": "without the label",
            "told": "bits that the label tells of a text",
            "accuracy": "labels right by Bayes' rule",
        },
        figures,
    )


def figures_given(
    rows: Sequence[Example], labels: Sequence[str], nats: Float64s, counts: Sequence[int]
) -> dict[str, float]:
    """The figures of a model, from its probability of every text given every label.

    Args:
        rows: N texts and their labels.
        labels: the C labels.
        nats: -ln p(text | label) (C, N).
        counts: number of training texts of each label.
    """
    own = np.array([labels.index(row.wanted) for row in rows])
    given = nats[own, np.arange(len(rows))]
    shares = np.array(counts)
    without = -np.logaddexp.reduce(joint_log_probabilities(nats, shares), axis=1)
    best = by_bayes(nats, shares).argmax(axis=1)
    return {
        "given": _bits(given, rows),
        "without": _bits(without, rows),
        "told": float((without - given).mean()) / math.log(2),
        "accuracy": float(np.mean(best == own)),
    }


def _bits(nats: Float64s, rows: Sequence[Example]) -> float:
    """Bits per character of texts; the end of each text counts as one character."""
    return float(nats.sum()) / math.log(2) / sum(len(row.given) + 1 for row in rows)
