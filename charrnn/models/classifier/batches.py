"""Batches of labelled rows."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from charrnn.models.classifier.config import ClassifierConfig
from charrnn.text.batches import Batch
from charrnn.text.examples import Examples
from charrnn.training.row_batches import Chosen, RowBatches, RowIds, padded_rows
from charrnn.training.settings import TrainingSettings


def batches_of(config: ClassifierConfig, settings: TrainingSettings, data: Examples) -> RowBatches:
    """Cut labelled rows into batches of ids (T, B) and target labels (1, B)."""
    classes = {label: number for number, label in enumerate(config.labels)}
    rows = [data.vocabulary.encode(row.given) for row in data.rows]
    targets = np.array([classes[row.wanted] for row in data.rows], np.int32)
    lengths = np.array([len(row) for row in rows], np.int64)
    return RowBatches(lengths, settings, partial(_batch_of, rows, targets, settings.batch_size))


def _batch_of(rows: Sequence[RowIds], targets: RowIds, room: int, chosen: Chosen) -> Batch:
    ids, lengths = padded_rows([rows[at] for at in chosen], room)
    labels, weights = np.zeros((1, room), np.int32), np.zeros((1, room), np.float32)
    labels[0, : len(chosen)] = targets[chosen]
    weights[0, : len(chosen)] = 1
    return Batch(ids, labels, weights, lengths=lengths)
