"""One n-gram model for each label, and Bayes' rule.

    p(label | text) = p(text | label) p(label) / sum over all labels l of p(text | l) p(l)

p(label) is the label's share of the rows. p(text | label) is the product of the probabilities of the text's characters
and of its end, by the n-gram model of the label's texts. Between two training texts, END is repeated as often as a
context is long, so that no context reaches from one text into the next.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.kinds.contexts import ContextBuffers
from charrnn.layers.state import State
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.ngram.config import NgramConfig
from charrnn.models.ngram.counts import NGram, check_arrays
from charrnn.models.ngram.pruning import fitted, narrowed, narrowed_bytes, widened_counts
from charrnn.scoring.streams import go_on, losses_and_ranks
from charrnn.text.examples import Examples
from charrnn.training.row_batches import RowIds, by_length, padded_rows
from charrnn.workers import Workers

ROW_COUNTS = "label.rows"
"""Name of the tensor (C,) with the number of rows of each label."""

READ_TOGETHER = 256
"""Texts that are read in one batch."""

Float64s = np.ndarray[Any, np.dtype[np.float64]]


def count_texts(config: NgramConfig, texts: Sequence[RowIds], workers: Workers | None = None) -> NGram:
    """Count an n-gram model of texts of ids, each followed by END, which is the last id of the vocabulary."""
    between = np.full(max(1, config.order - 1), config.vocab_size - 1, np.int32)
    return NGram.count(
        config, np.concatenate([between, *(part for text in texts for part in (text, between))]), workers
    )


def text_nats(model: NGram, texts: Sequence[RowIds], before_batch: Callable[[], None] = go_on) -> Float64s:
    """Compute -ln p (N,) of N texts of ids, each with its end; ``before_batch`` may raise to stop."""
    nats, end = np.empty(len(texts)), model.config.vocab_size - 1
    for chosen in by_length(np.array([len(text) for text in texts], np.int64), READ_TOGETHER):
        before_batch()
        whole = [np.concatenate([[end], texts[at], [end]]).astype(np.int32) for at in chosen]
        ids, lengths = padded_rows(whole, len(chosen))
        state: State = [(np.full_like(model.initial_state(len(chosen))[0][0], end + 1),)]
        buffers: ContextBuffers = model.buffers(len(ids) - 1, len(chosen))
        losses, _ = losses_and_ranks(model, model.run(ids[:-1], state, buffers), ids[1:])
        counted = np.arange(1, len(ids))[:, np.newaxis] < lengths
        nats[chosen] = added_up(np.zeros(len(chosen)), losses, counted)
    return nats


def added_up(total: Float64s, losses: Float64s, counted: Array) -> Float64s:
    """Add the losses (T, B) that are ``counted`` to ``total`` (B,), in place; returns it.

    The sum is taken step by step, so that the result of a row does not depend on the other rows.
    """
    for step in np.where(counted, losses, 0):
        total += step
    return total


class LabelNgrams:
    """A classifier with one n-gram model for each label; make one with ``count`` or ``load``.

    Args:
        config: its shape.
        models: the n-gram model of each label's texts.
        rows: (C,) number of rows of each label.
        workers: the threads that share the work.
    """

    state_names = ()

    def __init__(
        self, config: LabelNgramConfig, models: Sequence[NGram], rows: Array, workers: Workers | None = None
    ) -> None:
        self.config, self.workers = config, workers or Workers()
        self.models, self.rows = models, rows

    @classmethod
    def count(cls, config: LabelNgramConfig, data: Examples, workers: Workers | None = None) -> "LabelNgrams":
        """Count the texts of each label (``given`` is the text of a row, ``wanted`` its label)."""
        texts: dict[str, list[RowIds]] = {label: [] for label in config.labels}
        for row in data.rows:
            texts[row.wanted].append(data.vocabulary.encode(row.given))
        models = [count_texts(config.of_one_label, own, workers) for own in texts.values()]
        return cls(config, models, np.array([len(own) for own in texts.values()], np.int64), workers)

    @classmethod
    def load(
        cls, config: LabelNgramConfig, tensors: Mapping[str, Array], workers: Workers | None = None
    ) -> "LabelNgrams":
        """Build the model from a checkpoint's tensors; see ``Kind.load``."""
        check_label_arrays(config, tensors)
        own = (_tensors_of(tensors, label) for label in range(len(config.labels)))
        models = [NGram.load(config.of_one_label, each, workers) for each in own]
        return cls(config, models, tensors[ROW_COUNTS], workers)

    @property
    def size(self) -> int:
        """Number of counts."""
        return sum(model.size for model in self.models)

    def to_tensors(self) -> dict[str, Array]:
        """The arrays of the counts, by name."""
        counts = {
            f"label{number}.{name}": array
            for number, model in enumerate(self.models)
            for name, array in model.to_tensors().items()
        }
        return counts | {ROW_COUNTS: self.rows}

    def nats_of_each(self, texts: Sequence[RowIds], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Compute -ln p(text | label) (C, N) for all labels; ``before_batch`` may raise to stop."""
        return np.array([text_nats(model, texts, before_batch) for model in self.models])

    def log_probabilities(self, texts: Sequence[RowIds], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Log probabilities (N, C) of the C labels for N texts of ids; ``before_batch`` may raise to stop."""
        return by_bayes(self.nats_of_each(texts, before_batch), self.rows)


def by_bayes(nats: Float64s, counts: Array) -> Float64s:
    """Return ln p(label | text) (N, C), from -ln p(text | label) (C, N) and the labels' counts (C,)."""
    joint = joint_log_probabilities(nats, counts)
    found: Float64s = joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)
    return found


def joint_log_probabilities(nats: Float64s, counts: Array) -> Float64s:
    """Return ln p(text, label) (N, C), from -ln p(text | label) (C, N) and the labels' counts (C,)."""
    with np.errstate(divide="ignore"):  # a label without rows is never the answer
        shares = np.log(np.asarray(counts) / np.sum(counts))
    joint: Float64s = shares - nats.T
    return joint


def fitted_counts(model: LabelNgrams, most: int) -> LabelNgrams:
    """The model itself if it fits into ``most`` bytes of a file, or else without its rarest contexts.

    Each label's counts get a share of the bytes as large as their own size.
    """
    sizes = [narrowed_bytes(one) for one in model.models]
    if sum(sizes) <= most:
        return model
    smaller = [fitted(one, most * size // sum(sizes)) for one, size in zip(model.models, sizes, strict=True)]
    return LabelNgrams(model.config, smaller, model.rows, model.workers)


def check_label_arrays(config: LabelNgramConfig, tensors: Mapping[str, Array]) -> None:
    """Check the arrays of a checkpoint; see ``Kind.check_fit``."""
    rows = tensors.get(ROW_COUNTS)
    if rows is None or rows.shape != (len(config.labels),) or rows.dtype != np.int64 or rows.min(initial=0) < 0:
        raise CheckpointError(f"tensor {ROW_COUNTS} must be a count for each label: choose another file")
    if not rows.any():
        raise CheckpointError(f"tensor {ROW_COUNTS} must count at least one row: choose another file")
    for label in range(len(config.labels)):
        check_arrays(config.of_one_label, _tensors_of(tensors, label))


def narrowed_counts(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The tensors in fewer bytes, those of each label as in ``charrnn.models.ngram.pruning.narrowed``."""
    return _for_each_label(narrowed, tensors)


def widened_label_counts(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Restore the tensors of ``narrowed_counts``."""
    return _for_each_label(widened_counts, tensors)


def _for_each_label(
    change: Callable[[Mapping[str, Array]], dict[str, Array]], tensors: Mapping[str, Array]
) -> dict[str, Array]:
    changed = {ROW_COUNTS: tensors[ROW_COUNTS]} if ROW_COUNTS in tensors else {}
    for start in dict.fromkeys(name.partition(".")[0] + "." for name in tensors if name != ROW_COUNTS):
        own = {name.removeprefix(start): array for name, array in tensors.items() if name.startswith(start)}
        changed |= {start + name: array for name, array in change(own).items()}
    return changed


def _tensors_of(tensors: Mapping[str, Array], label: int) -> dict[str, Array]:
    start = f"label{label}."
    return {name.removeprefix(start): array for name, array in tensors.items() if name.startswith(start)}
