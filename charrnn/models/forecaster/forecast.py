"""Compute the numbers that networks read of a series, cut them into batches, and forecast.

At step t a network reads the last ``lags`` values of the target before t and of each input up to t, the oldest first.
Values before the first row are 0, the mean of standardised values. Forecasts are for one row ahead, or for many; then
the network's outputs replace values of the target that are not known yet.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError
from charrnn.models.forecaster.series import Part, TimeSeries
from charrnn.models.forecaster.table import SeriesNumbers
from charrnn.text.batches import Batch
from charrnn.training.row_batches import Chosen, RowBatches
from charrnn.training.settings import TrainingSettings

Origins = npt.NDArray[np.int64]


def windows_of(values: SeriesNumbers, lags: int, ends: Origins) -> SeriesNumbers:
    """The ``lags`` values before each of n ``ends``, the oldest first: (n, lags); 0 before the first row."""
    padded = np.concatenate([np.zeros(lags), values])
    found: SeriesNumbers = padded[ends[:, np.newaxis] + np.arange(lags)]
    return found


def read_at(config: Any, inputs: SeriesNumbers, past: SeriesNumbers, steps: Origins) -> SeriesNumbers:
    """The numbers (n, K) that a network reads at n steps, given the past values (n, lags) of the target."""
    parts = [windows_of(column, config.lags, steps + 1) for column in inputs.T]
    return np.concatenate([*([past] if config.reads_target else []), *parts], axis=1)


def read_all(config: Any, series: TimeSeries) -> SeriesNumbers:
    """The numbers (known, K) that a network reads at each step whose target is known."""
    inputs, target = series.standardised(config)
    steps = np.arange(series.known)
    return read_at(config, inputs, windows_of(target[: series.known], config.lags, steps), steps)


def one_ahead(network: Any, series: TimeSeries) -> SeriesNumbers:
    """Predict each known row of the target (known,) from the true values before it."""
    outputs, _ = network.follow(read_all(network.config, series))
    return in_units(network.config, outputs)


def ahead(network: Any, series: TimeSeries, origins: Sequence[int] | Origins, horizon: int) -> SeriesNumbers:
    """Forecast ``horizon`` rows of the target from each origin on, given the rows before it: (origins, horizon).

    Outputs replace values of the target that are not known yet. The true values of the inputs are read.
    """
    config, at = network.config, np.array(origins, np.int64)
    inputs, target = series.standardised(config)
    _, states = network.follow(read_all(config, TimeSeries(series.values, int(at.max()))))
    state = [
        tuple(np.where((at > 0)[:, np.newaxis], array[np.maximum(at, 1) - 1], 0) for array in layer)
        if at.max()
        else tuple(np.zeros((len(at), array.shape[1]), array.dtype) for array in layer)
        for layer in states
    ]
    past = windows_of(target[: int(at.max())], config.lags, at)
    found = np.empty((len(at), horizon))
    for step in range(horizon):
        found[:, step] = network.step(read_at(config, inputs, past, at + step), state)
        past = np.concatenate([past[:, 1:], found[:, step : step + 1]], axis=1)
    return in_units(config, found)


def in_units(config: Any, outputs: SeriesNumbers) -> SeriesNumbers:
    """Convert standardised values of the target to its own units."""
    found: SeriesNumbers = outputs * config.deviations[-1] + config.means[-1]
    return found


def window_batches(config: Any, settings: TrainingSettings, part: Part) -> RowBatches:
    """Cut a part of a series into batches of windows: each row of a batch is one step, all of whose lags are known.

    Raises:
        ConfigError: the part has no more rows than lags.
    """
    steps = np.arange(part.first + config.lags, part.last)
    if not len(steps):
        raise ConfigError(f"lags must be below {len(part)}, the rows to train on, not {config.lags}: choose fewer")
    x, (_, target) = read_all(config, part.whole)[steps], part.whole.standardised(config)
    return RowBatches(np.ones(len(steps), np.int64), settings, partial(_windows, config, x, target[steps], settings))


def _windows(config: Any, x: SeriesNumbers, target: SeriesNumbers, settings: TrainingSettings, chosen: Chosen) -> Batch:
    room = settings.batch_size
    inputs, targets = np.zeros((1, room, config.width), config.dtype), np.zeros((1, room), config.dtype)
    weights = np.zeros((1, room), np.float32)
    inputs[0, : len(chosen)], targets[0, : len(chosen)], weights[0, : len(chosen)] = x[chosen], target[chosen], 1
    return Batch(inputs, targets, weights)


def segment_starts(rows: int, length: int) -> list[tuple[int, int, int]]:
    """Cut a series of ``rows`` rows into segments of at most ``length`` rows; 0 means one segment.

    The second half of a segment is the first half of the next one, where it only warms up the state: its predictions do
    not count. All predictions of the first segment count.

    Returns:
        For each segment: its first row, the first row whose prediction counts, and one beyond its last row.
    """
    if not length or rows <= length:
        return [(0, 0, rows)]
    half = max(1, length // 2)
    later = [(start - (length - half), start, min(rows, start + half)) for start in range(length, rows, half)]
    return [(0, 0, length), *later]


def segment_batches(config: Any, settings: TrainingSettings, part: Part) -> RowBatches:
    """Cut a part of a series into batches of segments, each of which starts from the zero state."""
    x, (_, target) = read_all(config, part.whole), part.whole.standardised(config)
    segments = segment_starts(part.last, settings.seq_length)
    lengths = np.array([last - first for first, _, last in segments], np.int64)
    return RowBatches(lengths, settings, partial(_segments, config, x, target, settings, segments))


def _segments(
    config: Any,
    x: SeriesNumbers,
    target: SeriesNumbers,
    settings: TrainingSettings,
    segments: Sequence[tuple[int, int, int]],
    chosen: Chosen,
) -> Batch:
    room, some = settings.batch_size, [segments[at] for at in chosen]
    T = max(last - first for first, _, last in some)
    inputs, targets = np.zeros((T, room, config.width), config.dtype), np.zeros((T, room), config.dtype)
    weights = np.zeros((T, room), np.float32)
    for row, (first, counted, last) in enumerate(some):
        inputs[: last - first, row], targets[: last - first, row] = x[first:last], target[first:last]
        weights[counted - first : last - first, row] = 1
    return Batch(inputs, targets, weights)
