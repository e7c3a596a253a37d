"""What networks read of a series, their batches, and forecasts: one row ahead, or many from their own outputs.

At step t a network reads the lags last values of the target before t, and of each input up to t, the oldest first;
before the first row, they are 0, the mean.
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
    """(n, lags): for each end the values before it, the oldest first; 0 before the first."""
    padded = np.concatenate([np.zeros(lags), values])
    found: SeriesNumbers = padded[ends[:, np.newaxis] + np.arange(lags)]
    return found


def read_at(config: Any, inputs: SeriesNumbers, past: SeriesNumbers, steps: Origins) -> SeriesNumbers:
    """(n, K): what a network reads at some steps, given the past values (n, lags) of the target."""
    parts = [windows_of(column, config.lags, steps + 1) for column in inputs.T]
    return np.concatenate([*([past] if config.reads_target else []), *parts], axis=1)


def read_all(config: Any, series: TimeSeries) -> SeriesNumbers:
    """(known, K): what a network reads at all steps whose target is known."""
    inputs, target = series.standardised(config)
    steps = np.arange(series.known)
    return read_at(config, inputs, windows_of(target[: series.known], config.lags, steps), steps)


def one_ahead(network: Any, series: TimeSeries) -> SeriesNumbers:
    """(known,) the target, each row predicted from those before it."""
    outputs, _ = network.follow(read_all(network.config, series))
    return in_units(network.config, outputs)


def ahead(network: Any, series: TimeSeries, origins: Sequence[int] | Origins, horizon: int) -> SeriesNumbers:
    """(origins, horizon): the target of the rows from each origin on, given those before it.

    Outputs take the place of values that are not known yet. The inputs of the rows are read.
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
    """Standardised values of the target in its own units."""
    found: SeriesNumbers = outputs * config.deviations[-1] + config.means[-1]
    return found


def window_batches(config: Any, settings: TrainingSettings, part: Part) -> RowBatches:
    """Batches of windows: each row is one step, whose lags are all known.

    Raises:
        ConfigError: there are not more rows than lags.
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
    """Segments of a series: the first row, the first whose prediction counts, and one beyond the last.

    A segment has at most ``length`` rows, 0 for all. Its first half leads up to the state, except at the beginning of
    the series, and is the second half of the segment before.
    """
    if not length or rows <= length:
        return [(0, 0, rows)]
    half = max(1, length // 2)
    later = [(start - (length - half), start, min(rows, start + half)) for start in range(length, rows, half)]
    return [(0, 0, length), *later]


def segment_batches(config: Any, settings: TrainingSettings, part: Part) -> RowBatches:
    """Batches of segments of a series; each begins from the state zero."""
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
