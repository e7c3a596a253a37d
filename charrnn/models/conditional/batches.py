"""Batches of labelled texts.

The first input of a row is the number of its label. Then the text is read, beginning with END.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from charrnn.models.conditional.config import ConditionalConfig
from charrnn.text.batches import Batch
from charrnn.text.examples import Examples
from charrnn.training.row_batches import Chosen, RowBatches, RowIds, padded_rows
from charrnn.training.settings import TrainingSettings


def conditional_batches(config: ConditionalConfig, settings: TrainingSettings, data: Examples) -> RowBatches:
    """Cut labelled texts into batches for ``charrnn.models.conditional.network.ConditionalLearner``."""
    classes = np.array([config.class_of(row.wanted) for row in data.rows], np.int32)
    rows = [with_ends(data.vocabulary.encode(row.given), config.end) for row in data.rows]
    lengths = np.array([len(row) - 1 for row in rows], np.int64)
    return RowBatches(lengths, settings, partial(_batch_of, rows, classes, settings.batch_size))


def with_ends(text: RowIds, end: int) -> RowIds:
    """Put END before and after a text of ids."""
    return np.concatenate([[end], text, [end]]).astype(np.int32)


def _batch_of(rows: Sequence[RowIds], classes: RowIds, room: int, chosen: Chosen) -> Batch:
    ids, lengths = padded_rows([rows[at] for at in chosen], room)
    lengths = np.maximum(lengths - 1, 0)
    inputs = ids.copy()
    inputs[1:] = ids[:-1]
    inputs[0] = 0
    inputs[0, : len(chosen)] = classes[chosen]
    weights = (np.arange(len(ids) - 1)[:, np.newaxis] < lengths).astype(np.float32)
    return Batch(inputs, np.ascontiguousarray(ids[1:]), weights, lengths=lengths)
