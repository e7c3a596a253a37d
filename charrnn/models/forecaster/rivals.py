"""Baselines for forecasts: naive, seasonal naive, and least-squares autoregression."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from charrnn.models.forecaster.forecast import Origins, windows_of
from charrnn.models.forecaster.table import SeriesNumbers

MOST_ORDER = 20
"""Largest order p of an AR(p) model that is tried."""

LEAST_PEAK = 0.1
"""Least autocorrelation at a lag that counts as the length of a season."""


class Rival(NamedTuple):
    """A baseline that forecasts.

    Attributes:
        needed: number of rows that must come before the first forecast.
        forecasts: a function of the target (N,), the origins and the horizon; returns forecasts (origins, horizon).
    """

    needed: int
    forecasts: Callable[[SeriesNumbers, Origins, int], SeriesNumbers]


def naive() -> Rival:
    """The naive forecast: each future value is the last known one."""
    return seasonal_naive(1)


def seasonal_naive(period: int) -> Rival:
    """The seasonal naive forecast: each future value is the one at the same place of the last known season."""

    def forecasts(target: SeriesNumbers, origins: Origins, horizon: int) -> SeriesNumbers:
        found: SeriesNumbers = target[origins[:, np.newaxis] - period + np.arange(horizon) % period]
        return found

    return Rival(period, forecasts)


def autoregression(training: SeriesNumbers, order: int) -> Rival:
    """The autoregression y[t] = c + sum over i = 1 ... p of a_i y[t - i], fitted by least squares.

    Its own outputs replace values that are not known yet.
    """
    weights = _least_squares(training, order, order)[0]

    def forecasts(target: SeriesNumbers, origins: Origins, horizon: int) -> SeriesNumbers:
        past, found = windows_of(target, order, origins), np.empty((len(origins), horizon))
        for step in range(horizon):
            found[:, step] = past @ weights[:-1] + weights[-1]
            past = np.concatenate([past[:, 1:], found[:, step : step + 1]], axis=1)
        return found

    return Rival(order, forecasts)


def best_order(training: SeriesNumbers) -> int:
    """The order p with the least AICc, the corrected criterion of Hurvich and Tsai (1989).

    AICc = n log(squared error / n) + 2 k + 2 k (k + 1) / (n - k - 1), with k = p + 2 for weights and variance

    All orders predict the same n rows.
    """
    most = min(MOST_ORDER, (len(training) - 3) // 4)
    n = len(training) - most

    def score(order: int) -> float:
        k, error = order + 2, max(_least_squares(training, order, most)[1], 1e-300)
        return float(n * np.log(error / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1))

    return min(range(1, most + 1), key=score, default=1)


def _least_squares(training: SeriesNumbers, order: int, first: int) -> tuple[SeriesNumbers, float]:
    """Fit an autoregression to the rows from ``first`` on.

    Returns:
        Weights (p + 1,), of past values from the oldest on, then the constant; and the squared error.
    """
    steps = np.arange(first, len(training))
    x = np.concatenate([windows_of(training, order, steps), np.ones((len(steps), 1))], axis=1)
    weights = np.linalg.lstsq(x, training[steps], rcond=None)[0]
    return weights, float(np.sum((x @ weights - training[steps]) ** 2))


def period_of(training: SeriesNumbers) -> int:
    """The lag, at most half the series, at which the autocorrelation has its highest peak; 0 if it has none."""
    centred = training - training.mean()
    most = len(centred) // 2
    power = float(centred @ centred)
    if not power:
        return 0
    spectrum = np.abs(np.fft.rfft(centred, 2 * len(centred))) ** 2  # padded with zeros, so that no product wraps around
    found = np.fft.irfft(spectrum)[: most + 1] / power
    peaks = [lag for lag in range(2, most) if found[lag] > LEAST_PEAK and found[lag - 1] < found[lag] >= found[lag + 1]]
    return max(peaks, key=lambda lag: float(found[lag]), default=0)
