"""An n-gram model of the units of aligned pairs: p(input, answer) is the probability of the pair's units."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.kernels.counts import add_nats
from charrnn.models.label_ngram.counts import count_texts
from charrnn.models.ngram.counts import NGram, check_arrays
from charrnn.models.ngram.pruning import fitted, narrowed_bytes
from charrnn.models.pair_ngram.config import PairNgramConfig
from charrnn.models.pair_ngram.search import JointSearch
from charrnn.models.pair_ngram.units import Units, learn_units, most_key
from charrnn.models.pooling import Logs
from charrnn.models.transducer.answers import encoded
from charrnn.models.transducer.data import Pairs
from charrnn.models.transducer.search import Found
from charrnn.scoring.streams import go_on
from charrnn.training.row_batches import RowIds
from charrnn.workers import Workers, share

KEYS, LOGP = "units.keys", "units.log_probabilities"
"""Names of the tensors of the units."""

IMPOSSIBLE = -1e5
"""Log probability of an answer that no known units give; the longest possible one is more probable."""


class PairNgrams:
    """A joint n-gram model; make one with ``count`` or ``load``. A ``charrnn.models.transducer.answers.PairModel``.

    Args:
        config: its shape.
        units: the units.
        model: the n-gram model of the units' places, and of the end of a pair.
        workers: the threads that share the work.
    """

    state_names = ()
    beam = 8

    def __init__(self, config: PairNgramConfig, units: Units, model: NGram, workers: Workers | None = None) -> None:
        self.config, self.units, self.model, self.workers = config, units, model, workers or Workers()
        self._search: JointSearch | None = None

    @classmethod
    def count(cls, config: PairNgramConfig, data: Pairs, workers: Workers | None = None) -> "PairNgrams":
        """Learn the units of pairs, align the pairs and count the units.

        Raises:
            CorpusError: no pair can be aligned.
        """
        given, wanted = ([row[:-1] for row in rows] for rows in encoded(config, data))
        units = learn_units(given, wanted, config.vocab_size, config.classes)
        aligned = [found for found in units.align(given, wanted) if found is not None]
        used = np.unique(np.concatenate(aligned))
        own = Units(units.keys[used], units.logp[used], units.V, units.W)
        texts = [np.searchsorted(used, found).astype(np.int32) for found in aligned]
        return cls(config, own, count_texts(config.of_units(len(used)), texts, workers), workers)

    @classmethod
    def load(
        cls, config: PairNgramConfig, tensors: Mapping[str, Array], workers: Workers | None = None
    ) -> "PairNgrams":
        """Build the model from a checkpoint's tensors; see ``Kind.load``."""
        check_pair_arrays(config, tensors)
        units = Units(tensors[KEYS], tensors[LOGP], config.vocab_size, config.classes)
        return cls(config, units, NGram.load(config.of_units(len(units.keys)), tensors, workers), workers)

    @property
    def size(self) -> int:
        """Number of counts."""
        return self.model.size

    def to_tensors(self) -> dict[str, Array]:
        """The units and the counts, by name."""
        return {KEYS: self.units.keys, LOGP: self.units.logp, **self.model.to_tensors()}

    def find(
        self, rows: Sequence[RowIds], beam: int, top: int = 1, before_batch: Callable[[], None] = go_on
    ) -> list[list[Found]]:
        """See ``PairModel``."""
        self._search = self._search or JointSearch(self.units, self.model)
        return self._search.find([row[:-1] for row in rows], max(beam, top), top, before_batch)

    def log_probabilities(
        self, rows: Sequence[RowIds], answers: Sequence[RowIds], before_batch: Callable[[], None] = go_on
    ) -> Logs:
        """Ln p(input, answer) by the most probable alignment; see ``PairModel``."""
        before_batch()
        aligned = self.units.align([row[:-1] for row in rows], answers)
        places = [at for at, found in enumerate(aligned) if found is not None]
        result = np.full(len(rows), IMPOSSIBLE)
        if places:
            end = np.array([len(self.units.keys)], np.int32)
            texts = [np.concatenate([found, end]) for found in aligned if found is not None]
            starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
            symbols, nats = np.concatenate(texts), np.empty(len(texts))
            model = self.model

            def sequences(part: int, parts: int) -> None:
                first, last = share(len(texts), part, parts)
                add_nats(model.weights, model.config.vocab_size, symbols, starts, nats, first, last)

            self.workers.run(sequences, most=len(texts))
            result[places] = -nats
        return result


def fitted_pair_counts(model: PairNgrams, most: int) -> PairNgrams:
    """The model itself if it fits into ``most`` bytes of a file, or else without its rarest contexts."""
    if narrowed_bytes(model.model) <= most:
        return model
    return PairNgrams(model.config, model.units, fitted(model.model, most), model.workers)


def change_counts(
    change: Callable[[Mapping[str, Array]], dict[str, Array]], tensors: Mapping[str, Array]
) -> dict[str, Array]:
    """The tensors with the n-gram model's ones changed."""
    own = {name: tensors[name] for name in (KEYS, LOGP) if name in tensors}
    return own | change({name: array for name, array in tensors.items() if name not in own})


def check_pair_arrays(config: PairNgramConfig, tensors: Mapping[str, Array]) -> None:
    """Check the arrays of a checkpoint; see ``Kind.check_fit``."""
    keys, logp = tensors.get(KEYS), tensors.get(LOGP)
    if keys is None or keys.dtype != np.int64 or keys.ndim != 1 or not len(keys):
        raise CheckpointError(f"tensor {KEYS} must be a row of int64: use another checkpoint")
    most = most_key(config.vocab_size, config.classes)
    if not (keys[0] >= 0 and keys[-1] < most and (np.diff(keys) > 0).all()):
        raise CheckpointError(f"tensor {KEYS} must hold sorted keys below {most}: use another checkpoint")
    if (
        logp is None
        or logp.shape != keys.shape
        or logp.dtype != np.float64
        or not (np.isfinite(logp) & (logp <= 0)).all()
    ):
        raise CheckpointError(f"tensor {LOGP} must be a number up to 0 for each unit: use another checkpoint")
    if any(not x for x, _ in Units(keys, logp, config.vocab_size, config.classes).pieces()):
        raise CheckpointError(f"tensor {KEYS} must hold units that read a symbol: use another checkpoint")
    check_arrays(config.of_units(len(keys)), tensors)
