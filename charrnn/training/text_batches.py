"""Batches of a text for truncated backpropagation through time: windows of parallel streams."""

import numpy as np
import numpy.typing as npt

from charrnn.kernels.draw import fill_uniform, generator
from charrnn.text.batches import Batch
from charrnn.text.corpus import check_ids
from charrnn.text.documents import Documents, Text
from charrnn.text.windows import Windows
from charrnn.training.settings import TrainingSettings


class TextBatches:
    """A ``charrnn.text.batches.Batches`` of a text.

    Args:
        text: the ids, or documents, which are shuffled in each epoch.
        settings: batch, window, seed, and the probability that a stream restarts from the initial state.
        vocab_size: V.
        documents: whether the model has an end symbol; then no stream restarts at random.
    """

    def __init__(self, text: Text, settings: TrainingSettings, vocab_size: int, *, documents: bool) -> None:
        self._text, self._settings, self._vocab_size = text, settings, vocab_size
        context = settings.seq_length - settings.window
        self._windows = Windows(text, settings.batch_size, settings.window, context)
        self._reset_probability = 0.0 if documents else settings.reset_probability

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def longest(self) -> int:
        """Steps of the longest batch."""
        return self._windows.longest

    def begin_epoch(self, epoch: int) -> None:
        """Shuffle the documents for an epoch; a text without documents keeps its order."""
        if isinstance(self._text, Documents):
            self._windows.ids = self._text.shuffled(self._settings.rng_seed, epoch)

    def batch(self, number: int, step: int) -> Batch:
        """Make the batch of window ``number``; ``step`` seeds its random restarts. See ``Batches``."""
        windows = self._windows
        x, y = windows[number]
        for ids in (x, y):
            check_ids(ids, self._vocab_size)
        start = windows.start(number)
        advance = windows.start(number + 1) - start
        return Batch(x, y[windows.burn_in(number) :], reset=self._reset(step, start == 0), advance=advance)

    def _reset(self, step: int, at_start: bool) -> npt.NDArray[np.bool_]:
        """Which streams restart from the initial state: all in the first window of the text, else a few at random."""
        chances = np.empty(self._settings.batch_size)
        fill_uniform(generator(self._settings.rng_seed, -1 - step), chances)  # dropout masks use the numbers from 0 on
        reset: npt.NDArray[np.bool_] = chances < self._reset_probability
        return reset | at_start
